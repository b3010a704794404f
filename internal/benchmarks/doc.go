// SPDX-License-Identifier: Apache-2.0

// Package benchmarks does the same work with this library and with each of
// its peers, so that a ratio comes from one run on one machine. The peers are
// in this module's go.mod and in no other.
package benchmarks
