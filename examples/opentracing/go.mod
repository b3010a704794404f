// A module of its own for one reason: the newest bridge that module proxies
// were seen to serve complete is v1.45.0, and it does not build with the API
// of v1.47.0, whose internal/baggage it uses. It does with v1.47.0-rc.1, the
// API's last version before that change. When a bridge of v1.47 or later can
// be had, take it and drop the replacement of go.opentelemetry.io/otel.
module github.com/waymark-otel/waymark/examples/opentracing

go 1.26.0

require (
	github.com/opentracing/opentracing-go v1.2.0
	github.com/stretchr/testify v1.12.1
	github.com/waymark-otel/waymark v0.0.0
	go.opentelemetry.io/otel v1.47.0
	go.opentelemetry.io/otel/bridge/opentracing v1.45.0
	go.opentelemetry.io/otel/sdk v1.47.0
	go.opentelemetry.io/otel/trace v1.47.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/felixge/httpsnoop v1.1.0 // indirect
	github.com/go-logr/logr v1.4.4 // indirect
	github.com/go-logr/stdr v1.2.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	go.opentelemetry.io/auto/sdk v1.2.1 // indirect
	go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp v0.72.0 // indirect
	go.opentelemetry.io/otel/exporters/stdout/stdoutlog v0.23.0 // indirect
	go.opentelemetry.io/otel/exporters/stdout/stdoutmetric v1.47.0 // indirect
	go.opentelemetry.io/otel/exporters/stdout/stdouttrace v1.47.0 // indirect
	go.opentelemetry.io/otel/log v1.47.0 // indirect
	go.opentelemetry.io/otel/metric v1.47.0 // indirect
	go.opentelemetry.io/otel/sdk/log v1.47.0 // indirect
	go.opentelemetry.io/otel/sdk/metric v1.47.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.48.0 // indirect
)

replace github.com/waymark-otel/waymark => ../..

replace go.opentelemetry.io/otel => go.opentelemetry.io/otel v1.47.0-rc.1
