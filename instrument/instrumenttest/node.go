// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"strings"
)

type nodeID struct{ trace, span string }

// node is a span in a tree: the lines it is drawn as and where it hangs.
type node struct {
	id, parent nodeID
	lines      []string
	children   []*node
	drawn      bool
}

// draw draws nodes below their parents, keeping their order among siblings.
// A node whose parent is not among them is a root; so is one of a circle.
func draw(nodes []*node) string {
	byID := make(map[nodeID]*node, len(nodes))
	for _, n := range nodes {
		if _, ok := byID[n.id]; !ok {
			byID[n.id] = n
		}
	}
	var roots []*node
	for _, n := range nodes {
		if parent := byID[n.parent]; parent != nil && parent != n {
			parent.children = append(parent.children, n)
		} else {
			roots = append(roots, n)
		}
	}
	var b strings.Builder
	for _, n := range append(roots, nodes...) {
		n.draw(&b, "")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (n *node) draw(b *strings.Builder, indent string) {
	if n.drawn {
		return
	}
	n.drawn = true
	for _, line := range n.lines {
		b.WriteString(indent + line + "\n")
	}
	for _, child := range n.children {
		child.draw(b, indent+"  ")
	}
}
