// SPDX-License-Identifier: Apache-2.0

//go:build race

package propagators_test

// raceEnabled: under the race detector sync.Pool drops at random, and so
// allocation counts of what is pooled mean nothing.
const raceEnabled = true
