// SPDX-License-Identifier: Apache-2.0

// Jaeger is Jaeger's collector, its memory storage and its query service in
// one process, as in its all-in-one, without the other storages and the pages.
// It takes the flags of the first and the last.
package main

import (
	"log"

	"github.com/jaegertracing/jaeger/cmd/collector/app"
	"github.com/jaegertracing/jaeger/cmd/collector/app/flags"
	"github.com/jaegertracing/jaeger/cmd/collector/app/sampling/samplingstrategy"
	query "github.com/jaegertracing/jaeger/cmd/query/app"
	"github.com/jaegertracing/jaeger/cmd/query/app/querysvc"
	"github.com/jaegertracing/jaeger/pkg/config"
	"github.com/jaegertracing/jaeger/pkg/healthcheck"
	"github.com/jaegertracing/jaeger/pkg/metrics"
	"github.com/jaegertracing/jaeger/pkg/telemetery"
	"github.com/jaegertracing/jaeger/pkg/tenancy"
	"github.com/jaegertracing/jaeger/plugin/storage/memory"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

func main() {
	v := viper.New()
	command := &cobra.Command{RunE: func(cmd *cobra.Command, _ []string) error {
		if err := run(v); err != nil {
			return err
		}
		<-cmd.Context().Done()
		return nil
	}}
	config.AddFlags(v, command, flags.AddFlags, query.AddFlags)
	if err := command.Execute(); err != nil {
		log.Fatal(err)
	}
}

func run(v *viper.Viper) error {
	logger := zap.Must(zap.NewDevelopment())
	store := memory.NewStore()

	collecting, err := new(flags.CollectorOptions).InitFromViper(v, logger)
	if err != nil {
		return err
	}
	tenants := tenancy.NewManager(&collecting.GRPC.Tenancy)
	var unsampled samplingstrategy.Provider // nobody asks
	collector := app.New(&app.CollectorParams{
		ServiceName: "jaeger-collector", Logger: logger, MetricsFactory: metrics.NullFactory, SpanWriter: store,
		SamplingProvider: unsampled, HealthCheck: healthcheck.New(), TenancyMgr: tenants,
	})
	if err := collector.Start(collecting); err != nil {
		return err
	}

	querying, err := new(query.QueryOptions).InitFromViper(v, logger)
	if err != nil {
		return err
	}
	telemetry := telemetery.Setting{Logger: logger, TracerProvider: noop.NewTracerProvider(), Metrics: metrics.NullFactory, ReportStatus: func(*componentstatus.Event) {}}
	service := querysvc.NewQueryService(store, store, querysvc.QueryServiceOptions{})
	server, err := query.NewServer(service, nil, querying, tenants, telemetry)
	if err != nil {
		return err
	}
	return server.Start()
}
