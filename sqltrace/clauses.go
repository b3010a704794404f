// SPDX-License-Identifier: Apache-2.0

package sqltrace

import "strings"

const (
	// maxDepth is how many open parentheses are told apart.
	maxDepth = 64
	// maxKeyword is the longest word that is looked up.
	maxKeyword = 16
)

// verb is what a clause does, as far as its targets go.
type verb byte

const (
	noVerb verb = iota
	selects
	inserts
	updates
	deletes
	merges
	explains
	calls
	loads
	defines // CREATE, ALTER, DROP and the like
	copies
	others
)

// clause is the state inside one pair of parentheses.
type clause struct {
	op         verb
	start      bool // an operation may begin here
	with       bool // one may begin behind the next closing parenthesis
	expect     bool // the next name is a target
	list       bool // so is the one behind a comma
	expression bool // one was seen since: what is quoted may be data
	kinds      bool // the kind of object is next, as in CREATE TABLE
	creates    bool
}

// clauses reads the operations and targets of a query out of its tokens.
type clauses struct {
	clause
	outer   []clause
	deeper  int  // parentheses beyond maxDepth
	deaf    bool // until the end of the statement
	done    bool // until the end of the query
	summary summary
	target  []byte // being read
	dotted  bool   // its last token is a dot
	word    string // the last word
}

func (c *clauses) reset() { c.clause = clause{start: true} }

// wantsName reports whether the next token is a target for certain.
func (c *clauses) wantsName() bool {
	return c.dotted || c.expect && !c.expression && c.op != calls && c.op != others
}

// insertsInto reports whether the next token is in the list of columns that are
// inserted.
func (c *clauses) insertsInto() bool {
	n := len(c.outer)
	return n > 0 && c.outer[n-1].op == inserts && c.op == noVerb
}

// space ends what has no spaces.
func (c *clauses) space() {
	if !c.dotted {
		c.finish()
	}
}

// finish writes the target that was read.
func (c *clauses) finish() {
	if c.dotted {
		c.target = c.target[:len(c.target)-1]
	}
	if len(c.target) > 0 {
		c.summary.add(c.target)
		c.target = c.target[:0]
	}
	c.dotted = false
}

// token takes the next token of a query, which may be followed by an opening
// parenthesis. The text of a literal is empty unless it is one string.
func (c *clauses) token(text string, kind token, followed bool) {
	switch {
	case c.dotted && (kind == wordToken || kind == nameToken):
		c.target = append(c.target, text...)
		c.dotted = false
		return
	case text == "." && len(c.target) > 0 && !c.dotted:
		c.target = append(c.target, '.')
		c.dotted = true
		return
	}
	c.finish()
	if c.done {
		return
	}
	if text == ";" {
		c.outer, c.deeper, c.deaf = c.outer[:0], 0, false
		c.reset()
		return
	}
	if c.deaf {
		return
	}
	word := ""
	switch kind {
	case wordToken:
		c.keyword(text, followed)
		word = text
	case nameToken:
		c.quoted(text)
	case literalToken:
		if c.expect && !c.expression && isPlainQuoted(text) && c.op >= selects && c.op <= merges {
			c.quoted(text)
		} else {
			c.operand()
		}
	case placeholderToken:
		if c.op != calls && !c.start {
			c.operand()
		}
	default:
		c.punctuation(text)
	}
	c.word = word
}

// quoted takes a quoted name.
func (c *clauses) quoted(text string) {
	c.start = false
	if c.expect {
		c.begin(text)
	}
}

// begin begins a target.
func (c *clauses) begin(text string) {
	c.target = append(c.target[:0], text...)
	c.expect, c.kinds = false, false
	c.done = c.creates && c.op == others // what follows is a body
}

// operand takes a part of an expression.
func (c *clauses) operand() {
	c.start, c.expect, c.expression = false, false, true
}

func (c *clauses) punctuation(text string) {
	switch text {
	case "(":
		c.open()
	case ")":
		c.close()
	case ",":
		c.expect = c.list
	case "{", "*":
	case "=":
		if c.op != calls && !c.start {
			c.operand()
		}
	default:
		c.operand()
	}
}

// open goes inside a parenthesis.
func (c *clauses) open() {
	if len(c.outer) == maxDepth {
		c.deeper++
		return
	}
	inner := clause{start: c.op != explains && c.op != defines}
	switch c.op {
	case selects, updates, deletes, merges:
		if c.expect { // FROM (a JOIN b ON …)
			inner.op, inner.expect, inner.list = c.op, true, true
		}
	}
	c.expect, c.start = c.expect && c.op == defines, false // VACUUM (FULL) t
	c.outer = append(c.outer, c.clause)
	c.clause = inner
}

// close goes outside again.
func (c *clauses) close() {
	switch {
	case c.deeper > 0:
		c.deeper--
	case len(c.outer) > 0:
		c.clause = c.outer[len(c.outer)-1]
		c.outer = c.outer[:len(c.outer)-1]
		c.start = c.with
	}
}

// operate begins an operation.
func (c *clauses) operate(text string, op verb) {
	c.summary.add([]byte(text))
	c.clause = clause{op: op}
}

// keyword takes a word.
func (c *clauses) keyword(text string, followed bool) {
	word := ""
	if len(text) <= maxKeyword {
		word = strings.ToUpper(text)
	}
	if word == "SELECT" || c.start {
		c.start = false
		if c.begins(text, word, followed) || len(c.outer) == 0 && c.commands(text, word) {
			return
		}
	}
	if c.kinds && c.kind(text, word) {
		return
	}
	switch word {
	case "FROM":
		switch c.op {
		case selects, deletes, updates:
			if !strings.EqualFold(c.word, "distinct") { // IS DISTINCT FROM
				c.expect, c.list, c.expression = true, true, false
			}
		}
	case "INTO":
		switch c.op {
		case inserts, merges, selects, loads:
			c.expect, c.list, c.expression = true, false, false
		}
	case "JOIN", "STRAIGHT_JOIN", "APPLY":
		switch c.op {
		case selects, deletes, updates, merges:
			c.expect, c.list, c.expression = true, true, false
		}
	case "USING":
		if c.op == merges || c.op == deletes && !followed {
			c.expect, c.list = true, true
		}
	case "ON":
		c.expect, c.expression = false, true
	case "AS":
		c.start = c.op == defines || c.op == others
	case "PROCEDURE":
		c.expect = c.expect && c.op == calls
	case "TRANSACTION":
		if strings.EqualFold(c.word, "start") {
			c.summary.add([]byte(text))
		}
	case "SET", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH", "UNION", "EXCEPT", "INTERSECT", "MINUS",
		"WINDOW", "QUALIFY", "RETURNING", "VALUES", "VALUE", "FOR", "CONNECT", "START", "WHEN", "OUTFILE", "DUMPFILE", "IMMEDIATE", "DEFAULT":
		c.expect, c.list, c.expression = false, false, true
	case "ONLY", "LATERAL", "TABLE", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE", "OVERWRITE", "IF", "NOT", "EXISTS",
		"CONCURRENTLY", "OR", "REPLACE", "ROLLBACK", "ABORT", "FAIL", "TOP", "LOCAL", "ALL":
	default:
		if c.expect {
			c.begin(text)
		}
	}
}
