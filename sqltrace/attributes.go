// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/waymark-otel/waymark/internal/providers"
)

// The only file that imports semconv, apart from instruments.go, which takes
// the names and units of instruments from it.

// recorded is who made the spans and metrics.
var recorded = providers.Scope{Name: "github.com/waymark-otel/waymark/sqltrace", SchemaURL: semconv.SchemaURL}

const (
	keySystem         = semconv.DBSystemNameKey
	keyNamespace      = semconv.DBNamespaceKey
	keySummary        = semconv.DBQuerySummaryKey
	keyText           = semconv.DBQueryTextKey
	keyOperation      = semconv.DBOperationNameKey
	keyStatusCode     = semconv.DBResponseStatusCodeKey
	keyReturnedRows   = semconv.DBResponseReturnedRowsKey
	keyServerAddress  = semconv.ServerAddressKey
	keyServerPort     = semconv.ServerPortKey
	keyErrorType      = semconv.ErrorTypeKey
	keyPoolName       = semconv.DBClientConnectionPoolNameKey
	keyConnState      = semconv.DBClientConnectionStateKey
	keyExceptionType  = semconv.ExceptionTypeKey
	keyExceptionStack = semconv.ExceptionStacktraceKey

	// The conventions have no word for these.
	keyAttempts = attribute.Key("waymark.db.attempts")
	keyDuration = attribute.Key("waymark.db.duration") // seconds
	keyOutcome  = attribute.Key("waymark.db.transaction.outcome")
	keyReason   = attribute.Key("waymark.db.connection.close.reason")
)

// What a transaction came to.
const (
	outcomeCommitted  = "committed"
	outcomeRolledBack = "rolled_back"
	outcomeFailed     = "failed"
)

// What error.type says where the error itself has no name.
const (
	errorTypeOther = "_OTHER"
	// errorTypePanic is a driver that did not return.
	errorTypePanic = "panic"
)

// attributes returns what t says of every span, metric point and event.
func (t target) attributes() []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 4)
	attrs = append(attrs, keySystem.String(t.system))
	if t.address != "" {
		attrs = append(attrs, keyServerAddress.String(t.address))
		if t.port != 0 {
			attrs = append(attrs, keyServerPort.Int(t.port))
		}
	}
	if t.namespace != "" {
		attrs = append(attrs, keyNamespace.String(t.namespace))
	}
	return attrs
}

// override returns attrs with those of later in the place of the ones they
// have the key of.
func override(attrs, later []attribute.KeyValue) []attribute.KeyValue {
	for _, kv := range later {
		if !kv.Valid() {
			continue
		}
		replaced := false
		for i := range attrs {
			if attrs[i].Key == kv.Key {
				attrs[i], replaced = kv, true
			}
		}
		if !replaced {
			attrs = append(attrs, kv)
		}
	}
	return attrs
}
