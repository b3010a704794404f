// SPDX-License-Identifier: Apache-2.0

//go:build !race

package spanmetrics_test

const raceEnabled = false
