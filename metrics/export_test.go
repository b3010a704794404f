// SPDX-License-Identifier: Apache-2.0

package metrics

// DialWithLookup is Dial with a name service of the test's own.
func DialWithLookup(addr string, find lookup, opts ...Option) (*Client, error) {
	return dial(addr, find, opts)
}
