// SPDX-License-Identifier: Apache-2.0

//go:build !race

package sqltrace_test

const raceEnabled = false
