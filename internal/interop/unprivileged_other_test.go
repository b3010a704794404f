// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package interop

import "os/exec"

// unprivileged returns the command as it is: Debian's packages run on Linux.
func unprivileged(cmd *exec.Cmd) *exec.Cmd { return cmd }
