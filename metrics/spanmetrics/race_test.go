// SPDX-License-Identifier: Apache-2.0

//go:build race

package spanmetrics_test

// raceEnabled says that the race detector runs, under which sync.Pool forgets
// at random and so allocates.
const raceEnabled = true
