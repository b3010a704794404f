// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin

package viewer

import "io"

// columns knows of no terminal here: COLUMNS, WithWidth and WithColor say it.
func columns(io.Writer) (int, bool) { return 0, false }
