// SPDX-License-Identifier: Apache-2.0

package metrics

// DialWithLookup is Dial with a name service of the test's own.
func DialWithLookup(addr string, find lookup, opts ...Option) (*Client, error) {
	return dial(addr, find, opts)
}

// Broken reports whether a client has noticed that its stream was closed by
// the server. It may be asked between two flushes.
func Broken(c *Client) bool {
	return c.core.sender.transport.(*conn).broken.Load()
}
