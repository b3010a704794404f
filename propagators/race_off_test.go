// SPDX-License-Identifier: Apache-2.0

//go:build !race

package propagators_test

const raceEnabled = false
