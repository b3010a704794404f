// SPDX-License-Identifier: Apache-2.0

//go:build !race

package logbridge_test

const raceEnabled = false
