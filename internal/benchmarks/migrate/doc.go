// SPDX-License-Identifier: Apache-2.0

// Package migrate builds the programs of docs/migrate: those before the move
// with the packages they move from, those after with this library.
package migrate
