// SPDX-License-Identifier: Apache-2.0

// Package interop proves the library against software nobody here wrote. The
// peers are in this module's go.mod and in no other.
package interop
