// SPDX-License-Identifier: Apache-2.0

// Package metricstest helps to test what a program tells StatsD: a [Recorder]
// holds a client and what it wrote, in memory; a [Server] is a real UDP socket
// for programs that dial. Both read the lines back with [Parse], which is as
// strict as the strictest receiver.
package metricstest
