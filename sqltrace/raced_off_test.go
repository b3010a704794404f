// SPDX-License-Identifier: Apache-2.0

//go:build !race

package sqltrace

const Raced = false
