// SPDX-License-Identifier: Apache-2.0

package sqltrace

// begins takes a word that may begin an operation, also inside parentheses.
func (c *clauses) begins(text, word string, followed bool) bool {
	switch word {
	case "SELECT":
		c.operate(text, selects)
	case "INSERT", "REPLACE", "UPSERT":
		if followed { // the function
			return false
		}
		c.operate(text, inserts)
		c.expect = true
	case "UPDATE":
		c.operate(text, updates)
		c.expect, c.list = true, true
	case "DELETE":
		c.operate(text, deletes)
		c.expect, c.list = true, true
	case "MERGE":
		c.operate(text, merges)
		c.expect = true
	case "WITH":
		c.clause = clause{with: true}
	default:
		return false
	}
	return true
}

// commands takes a word that may begin a statement.
func (c *clauses) commands(text, word string) bool {
	switch word {
	case "EXPLAIN", "DESCRIBE", "DESC":
		c.operate(text, explains)
		c.start, c.with = true, true
	case "VERBOSE", "QUERY", "PLAN", "EXTENDED":
		c.start = c.op == explains
		return c.start
	case "CALL", "EXEC", "EXECUTE":
		c.operate(text, calls)
		c.expect = true
	case "CREATE", "ALTER":
		c.operate(text, defines)
		c.kinds, c.creates = true, true
	case "DROP", "TRUNCATE", "ANALYZE", "VACUUM", "REINDEX", "REFRESH", "OPTIMIZE", "LOCK", "CLUSTER":
		if word == "ANALYZE" && c.op == explains {
			c.start = true
			return true
		}
		c.operate(text, defines)
		c.kinds, c.list = true, true
		c.expect = word != "DROP" && word != "REFRESH"
	case "COPY":
		c.operate(text, copies)
		c.expect = true
	case "LOAD":
		c.operate(text, loads)
	case "TABLE", "USE", "PRAGMA":
		c.operate(text, others)
		c.expect = true
	case "GRANT", "REVOKE", "DENY":
		c.operate(text, others)
		c.deaf = true
	case "BEGIN":
		c.operate(text, others)
		c.start = true
	case "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "START", "ABORT", "SET", "RESET", "SHOW", "VALUES", "DECLARE", "FETCH",
		"MOVE", "CLOSE", "OPEN", "LISTEN", "UNLISTEN", "NOTIFY", "DISCARD", "KILL", "CHECKPOINT", "ATTACH", "DETACH", "PREPARE",
		"DEALLOCATE", "DO", "FLUSH", "COMMENT", "RENAME", "HANDLER", "IMPORT", "EXPORT", "UNLOAD", "PURGE", "PRINT", "WAITFOR":
		c.operate(text, others)
	default:
		return false
	}
	return true
}

// kind takes a word behind CREATE, ALTER, DROP and the like.
func (c *clauses) kind(text, word string) bool {
	switch word {
	case "TABLE", "VIEW", "INDEX", "SEQUENCE", "SCHEMA", "DATABASE", "KEYSPACE", "FUNCTION", "PROCEDURE", "PROC", "TRIGGER", "TYPE", "DOMAIN",
		"EXTENSION", "MATERIALIZED", "VIRTUAL", "DICTIONARY":
		c.summary.add([]byte(text))
		c.expect = word != "MATERIALIZED" && word != "VIRTUAL"
		if isOneOf(word, "FUNCTION", "PROCEDURE", "PROC", "TRIGGER") {
			c.op = others // its body is not this statement
		}
		return true
	case "USER", "ROLE", "LOGIN", "GROUP", "POLICY", "RULE":
		c.summary.add([]byte(text))
		c.kinds, c.expect, c.deaf = false, false, true
		return true
	case "OR", "REPLACE", "TEMP", "TEMPORARY", "GLOBAL", "LOCAL", "UNLOGGED", "UNIQUE", "FULLTEXT", "SPATIAL", "RECURSIVE", "IF", "NOT", "EXISTS",
		"CONCURRENTLY", "ONLY", "CLUSTERED", "NONCLUSTERED", "FULL", "FREEZE", "VERBOSE", "ANALYZE", "EXTERNAL", "FOREIGN", "TABLES", "EDITIONABLE":
		return true
	}
	if !c.expect {
		c.kinds = false
	}
	return false
}
