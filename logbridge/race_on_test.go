// SPDX-License-Identifier: Apache-2.0

//go:build race

package logbridge_test

// raceEnabled: under the race detector sync.Pool, from which slog's handlers
// take their buffers, drops at random, and counts of allocations mean nothing.
const raceEnabled = true
