// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package instrument_test

// runChild has no counterpart where a process cannot be sent SIGTERM.
func runChild() bool { return false }
