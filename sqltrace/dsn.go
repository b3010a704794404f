// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"net/url"
	"path"
	"strings"
)

// cutScheme cuts the scheme off a URL.
func cutScheme(dsn string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(dsn, "://")
	if !ok || scheme == "" || strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" {
		return "", dsn, false
	}
	return strings.ToLower(scheme), rest, true
}

// fromURL reads user:password@host:port/database?parameters. Where a sign that
// separates these may be part of a password, it reads nothing.
func (t *target) fromURL(scheme, rest string) {
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.Contains(tail, "@") {
		return
	}
	hosts := authority[strings.LastIndexByte(authority, '@')+1:]
	if !strings.Contains(authority, "@") && strings.Count(hosts, ":") > strings.Count(hosts, ",")+1 && !strings.Contains(hosts, "[") {
		return
	}
	tail, _, _ = strings.Cut(tail, "#")
	place, query, _ := strings.Cut(tail, "?")
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return
	}
	address, port, ok := endpoint(hosts)
	if !ok {
		return
	}
	segments := strings.Split(strings.TrimPrefix(place, "/"), "/")
	for i, s := range segments {
		if s, err = url.PathUnescape(s); err != nil {
			return
		}
		segments[i] = s
	}
	parameter := func(name string) string {
		if values := parameters[name]; len(values) == 1 {
			return values[0]
		}
		return ""
	}
	if address == "" {
		address, port, _ = endpoint(parameter("host"))
		if port == 0 {
			port, _ = portOf(parameter("port"))
		}
	}
	t.address, t.port = address, port
	first := segments[0]
	switch t.system {
	case "postgresql", "cockroachdb", "aws.redshift":
		if name := parameter("dbname"); first == "" {
			first = name
		}
		t.namespace = namespace(first, parameter("search_path"))
	case "microsoft.sql_server":
		t.namespace = namespace(first, parameter("database"))
	case "snowflake":
		schema := ""
		if len(segments) > 1 {
			schema = segments[1]
		}
		if account := parameter("account"); account == "" && port == 0 && address != "" && !strings.HasSuffix(address, ".snowflakecomputing.com") {
			t.address += ".snowflakecomputing.com"
		}
		t.namespace = namespace(first, schema)
	case "trino":
		t.namespace = namespace(parameter("catalog"), parameter("schema"))
	case "sap.hana":
		t.namespace = namespace(parameter("databaseName"))
	case "databricks":
		t.namespace = namespace(parameter("catalog"), parameter("schema"))
	default:
		if len(segments) > 1 {
			return
		}
		if name := parameter("database"); first == "" {
			first = name
		}
		t.namespace = namespace(first)
	}
}

// fromPostgres reads the words of libpq, key=value or key='value'.
func (t *target) fromPostgres(dsn string) {
	words, ok := keyValues(dsn)
	if !ok {
		return
	}
	address, port, ok := endpoint(first(words["host"]))
	if !ok {
		return
	}
	if p, ok := portOf(first(words["port"])); ok {
		port = p
	}
	t.address, t.port = address, port
	name := words["dbname"]
	if name == "" {
		name = words["database"]
	}
	t.namespace = namespace(name, words["search_path"])
}

// fromMySQL reads user:password@net(address)/database?parameters, as the driver
// does: from the last slash, and the last @ before it.
func (t *target) fromMySQL(dsn string) {
	slash := strings.LastIndexByte(dsn, '/')
	if slash < 0 {
		return
	}
	where := dsn[strings.LastIndexByte(dsn[:slash], '@')+1 : slash]
	net, address, parens := strings.Cut(where, "(")
	switch {
	case parens && strings.HasSuffix(address, ")"):
		address = address[:len(address)-1]
	case where == "" || where == "tcp":
	default:
		return
	}
	name, _, _ := strings.Cut(dsn[slash+1:], "?")
	name, err := url.PathUnescape(name)
	if err != nil || strings.Trim(strings.ToLower(net), "abcdefghijklmnopqrstuvwxyz0123456789+-_.") != "" {
		return
	}
	switch net {
	case "tcp", "tcp4", "tcp6":
		var ok bool
		if t.address, t.port, ok = endpoint(address); !ok {
			return
		}
	case "unix":
		if !isPath(address) {
			return
		}
		t.address = address
	}
	t.namespace = namespace(name)
}

// fromADO reads key=value pairs between semicolons, values in quotes or braces
// if they hold semicolons. A key that is there twice may be part of a password.
func (t *target) fromADO(dsn string) {
	pairs := map[string]string{}
	for dsn = strings.TrimPrefix(dsn, "odbc:"); dsn != ""; {
		key, rest, ok := strings.Cut(dsn, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if !ok || key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz _-") != "" {
			if strings.Trim(dsn, " ;") == "" {
				break
			}
			return
		}
		value, rest, ok := adoValue(strings.TrimLeft(rest, " "))
		if _, twice := pairs[synonym(key)]; twice || !ok {
			return
		}
		pairs[synonym(key)], dsn = value, rest
	}
	server := strings.TrimPrefix(pairs["server"], "tcp:")
	host, port, comma := strings.Cut(server, ",")
	host, instance, _ := strings.Cut(host, `\`)
	if !comma {
		port = pairs["port"]
	}
	if host == "." || host == "(local)" {
		host = "localhost"
	}
	address, p, ok := endpoint(host)
	if !ok {
		return
	}
	t.address, t.port = address, p
	if n, ok := portOf(strings.TrimSpace(port)); ok {
		t.port = n
	} else if port != "" {
		*t = target{system: t.system, dialect: t.dialect}
		return
	}
	t.namespace = namespace(instance, pairs["database"])
}

// fromOracle reads user/password@host:port/service, and godror's words.
func (t *target) fromOracle(dsn string) {
	connect, found := "", false
	if words, ok := keyValues(dsn); ok && len(words) > 0 {
		connect, found = words["connectstring"], true
	} else if strings.Count(dsn, "@") == 1 && !strings.Contains(dsn, "=") {
		_, connect, found = strings.Cut(dsn, "@")
	}
	if !found || strings.ContainsAny(connect, "@()=") {
		return
	}
	host, service, _ := strings.Cut(strings.TrimPrefix(connect, "//"), "/")
	if service == "" && !strings.ContainsAny(host, ":.") {
		return // a name of tnsnames.ora
	}
	service, _, _ = strings.Cut(service, ":")
	address, port, ok := endpoint(host)
	if !ok {
		return
	}
	t.address, t.port = address, port
	t.namespace = namespace(service)
}

// fromSpanner reads projects/p/instances/i/databases/d.
func (t *target) fromSpanner(dsn string) {
	dsn, _, _ = strings.Cut(dsn, ";")
	if parts := strings.Split(dsn, "/"); len(parts) == 6 && parts[0] == "projects" && parts[2] == "instances" && parts[4] == "databases" {
		t.namespace = namespace(parts[3], parts[5])
	}
}

// fromFile reads the path of a file. The database is the file's name; its
// folders are the machine's affair.
func (t *target) fromFile(dsn string) {
	if _, rest, ok := cutScheme(dsn); ok {
		if strings.Contains(rest, "@") {
			return
		}
		dsn = rest
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
	if name == ":memory:" {
		t.namespace = name
		return
	}
	name, err := url.PathUnescape(name)
	if err != nil || name == "" || strings.ContainsAny(name, "@=;") {
		return
	}
	if name = path.Base(strings.ReplaceAll(name, `\`, "/")); name != "." && name != "/" {
		t.namespace = namespace(name)
	}
}
