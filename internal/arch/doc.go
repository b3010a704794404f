// SPDX-License-Identifier: Apache-2.0

// Package arch holds the architecture as a test: which package may import
// which, and why. It has no code of its own.
package arch
