// SPDX-License-Identifier: Apache-2.0

package samplers

import "strings"

// pattern matches text in which * stands for any run of bytes.
type pattern struct {
	prefix, suffix string   // what stands before the first and after the last *
	middle         []string // what stands between them, in order
	exact          bool     // no *: prefix is the whole text
}

func patternOf(text string) pattern {
	parts := strings.Split(text, "*")
	if len(parts) == 1 {
		return pattern{prefix: text, exact: true}
	}
	last := len(parts) - 1
	return pattern{prefix: parts[0], middle: parts[1:last], suffix: parts[last]}
}

func (p *pattern) matches(s string) bool {
	if p.exact {
		return s == p.prefix
	}
	if len(s) < len(p.prefix)+len(p.suffix) || !strings.HasPrefix(s, p.prefix) || !strings.HasSuffix(s, p.suffix) {
		return false
	}
	s = s[len(p.prefix) : len(s)-len(p.suffix)]
	for _, part := range p.middle {
		// The leftmost place leaves the most for the rest.
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}
