// Package tracing sends the program's traces to an OpenTelemetry collector by OTLP over HTTP, where one is configured. It
// owns the exporter and nothing else: what is traced, and what a span may hold, is package db/span's. Sampling, headers and
// further names of the resource are read by the SDK from OpenTelemetry's own variables (OTEL_TRACES_SAMPLER,
// OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES …).
//
// Invariant: a collector that is slow or away costs spans, and never a request, a job or a pass.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Start sends traces to the collector at endpoint, a base URL; "" starts nothing. Stop sends what is left, until its
// context ends.
func Start(ctx context.Context, endpoint string, log *slog.Logger) (stop func(context.Context) error, err error) {
	if endpoint == "" {
		return func(context.Context) error { return nil }, nil
	}
	traces, err := url.JoinPath(endpoint, "v1", "traces")
	if err != nil {
		return nil, fmt.Errorf("read the collector's address: %w", err)
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(traces))
	if err != nil {
		return nil, fmt.Errorf("make the exporter of traces: %w", err)
	}
	// No process attributes: the command line may hold the database's password.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "mailstamp")),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe this program to the collector: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces not sent", "error", err) }))
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(about))
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}
