// SPDX-License-Identifier: Apache-2.0

//go:build race

package samplers_test

const raceEnabled = true
