// SPDX-License-Identifier: Apache-2.0

//go:build !race

package httpwrap_test

const raceEnabled = false
