// SPDX-License-Identifier: Apache-2.0

//go:build race

package sqltrace

// Raced is true where the race detector allocates on its own.
const Raced = true
