// Package span is the program's only way to trace: every span is started here, so that what a span can hold is decided in
// one place. Where no collector is configured (cmd/mailstamp/internal/tracing), spans cost next to nothing.
//
// Invariant (S10): a span holds names of our own, numbers, and words out of known few. Of an error it says that there was
// one, and PostgreSQL's code for it: its text may quote content.
package span

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// tracer follows whatever provider is set later.
var tracer = otel.Tracer("github.com/mailstamp/mailstamp")

// Attr is what a span tells beside its name.
type Attr struct{ kv attribute.KeyValue }

// Int is a number: an id of ours, a count.
func Int[N ~int | ~int64](key string, n N) Attr { return Attr{attribute.Int64(key, int64(n))} }

// Word is one of a known few: a route, a method, a kind of job.
func Word(key, word string) Attr { return Attr{attribute.String(key, word)} }

// Span is a step that is being traced.
type Span struct{ span trace.Span }

// None is a step that is not traced.
var None = Span{trace.SpanFromContext(context.Background())}

// Start begins a step within that of ctx, or a trace.
func Start(ctx context.Context, name string, attrs ...Attr) (context.Context, Span) {
	return start(ctx, trace.SpanKindInternal, name, attrs)
}

// StartRequest begins the trace of a request from outside. What the caller says of a trace of its own is not believed: it
// would decide what is recorded here.
func StartRequest(ctx context.Context, name string, attrs ...Attr) (context.Context, Span) {
	return start(ctx, trace.SpanKindServer, name, attrs)
}

func start(ctx context.Context, kind trace.SpanKind, name string, attrs []Attr) (context.Context, Span) {
	ctx, s := tracer.Start(ctx, name, trace.WithSpanKind(kind))
	out := Span{s}
	out.Set(attrs...)
	return ctx, out
}

// Set adds to what the span tells.
func (s Span) Set(attrs ...Attr) {
	if !s.span.IsRecording() {
		return
	}
	for _, a := range attrs {
		s.span.SetAttributes(a.kv)
	}
}

// Rename is for a name that is known only at the end.
func (s Span) Rename(name string) { s.span.SetName(name) }

// Fail marks the step as failed.
func (s Span) Fail() { s.span.SetStatus(codes.Error, "") }

// End ends the step, as failed where err is not nil.
func (s Span) End(err error) {
	if err != nil {
		s.Fail()
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			s.Set(Word("db.response.status_code", pg.Code))
		}
	}
	s.span.End()
}

// Carry writes the trace of ctx where another process will Continue it; nothing where ctx is not recorded.
func Carry(ctx context.Context) map[string]string {
	carrier := propagation.MapCarrier{}
	if trace.SpanContextFromContext(ctx).IsSampled() {
		propagation.TraceContext{}.Inject(ctx, carrier)
	}
	return carrier
}

// Continue goes on with a trace that was carried here.
func Continue(ctx context.Context, carried map[string]string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier(carried))
}

// Statements traces statements that are sent within a recorded step: by name, without the SQL and its arguments.
type Statements struct{}

var _ pgx.QueryTracer = Statements{}

// TraceQueryStart implements pgx.QueryTracer.
func (Statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	ctx, _ = start(ctx, trace.SpanKindClient, "sql "+statementName(data.SQL), []Attr{Word("db.system.name", "postgresql")})
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (Statements) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	s := Span{trace.SpanFromContext(ctx)}
	if s.span.IsRecording() {
		s.Set(Int("db.rows", data.CommandTag.RowsAffected()))
		s.End(data.Err)
	}
}

var _ pgx.BatchTracer = Statements{}

// TraceBatchStart implements pgx.BatchTracer. Statements sent together are one span, which has the names of all.
func (Statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	name := "sql"
	for _, q := range data.Batch.QueuedQueries {
		name += " " + statementName(q.SQL)
	}
	ctx, _ = start(ctx, trace.SpanKindClient, name, []Attr{Word("db.system.name", "postgresql")})
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (Statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (Statements) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	if s := (Span{trace.SpanFromContext(ctx)}); s.span.IsRecording() {
		s.End(data.Err)
	}
}

// statementName is the name that sqlc puts before a statement, else its first word.
func statementName(sql string) string {
	name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(sql), "-- name:"))
	end := strings.IndexFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_')
	})
	if end >= 0 {
		name = name[:end]
	}
	return name
}
