module github.com/waymark-otel/waymark/examples

go 1.26.0

require github.com/waymark-otel/waymark v0.0.0

replace github.com/waymark-otel/waymark => ..
