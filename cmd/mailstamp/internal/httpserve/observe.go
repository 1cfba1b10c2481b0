package httpserve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/felixge/httpsnoop"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailstamp/mailstamp/db/span"
)

// Observer logs and measures requests.
type Observer struct {
	log      *slog.Logger
	duration *prometheus.HistogramVec
}

// NewObserver makes an observer whose metrics are registered with reg.
func NewObserver(log *slog.Logger, reg prometheus.Registerer) (*Observer, error) {
	o := &Observer{log: log, duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "mailstamp_http_request_duration_seconds", Help: "Time to answer requests, by listener, route and status class.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"listener", "route", "status"})}
	if err := reg.Register(o.duration); err != nil {
		return nil, fmt.Errorf("register the metrics of requests: %w", err)
	}
	return o, nil
}

type requestIDKey struct{}

// RequestID is the id under which the request of ctx is logged; it is in the answer's X-Request-Id too.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Wrap observes the requests of one listener.
func (o *Observer) Wrap(listener string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		ctx, step := context.WithValue(r.Context(), requestIDKey{}, id), span.None
		if listener == Public { // the private one is asked for health and metrics all day
			ctx, step = span.StartRequest(ctx, method(r), span.Word("http.request.method", method(r)), span.Word("mailstamp.request", id))
		}
		defer step.End(nil) // also of a request that is cut short
		r = r.WithContext(ctx)
		w.Header().Set("X-Request-Id", id)
		log := o.log.With("request", id, "listener", listener, "method", method(r))

		answered := httpsnoop.CaptureMetricsFn(w, func(w http.ResponseWriter) {
			defer func() {
				failure := recover()
				if failure == nil {
					return
				}
				if err, ok := failure.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(failure) // a handler's own way to cut an answer short
				}
				// What it panicked with may hold content: the place is enough.
				log.ErrorContext(r.Context(), "request panicked", "panic", fmt.Sprintf("%T", failure), "stack", string(debug.Stack()))
				http.Error(w, "internal error", http.StatusInternalServerError) // has no effect once an answer began
			}()
			next.ServeHTTP(w, r)
		})

		route := r.Pattern // set by the muxes below, on this very request
		if route == "" {
			route = "none"
		}
		o.duration.WithLabelValues(listener, route, strconv.Itoa(answered.Code/100)+"xx").Observe(answered.Duration.Seconds())
		step.Rename(method(r) + " " + strings.TrimPrefix(route, method(r)+" "))
		step.Set(span.Word("http.route", route), span.Int("http.response.status_code", answered.Code))
		level := slog.LevelInfo
		if listener == Private || answered.Code == http.StatusNotFound {
			level = slog.LevelDebug
		}
		notReady := listener == Private && answered.Code == http.StatusServiceUnavailable // asked for, and told
		if answered.Code >= http.StatusInternalServerError && !notReady {
			level = slog.LevelError
			step.Fail()
		}
		log.Log(r.Context(), level, "request", "route", route, "status", answered.Code,
			"took", answered.Duration.Round(10*time.Microsecond), "bytes", answered.Written)
	})
}

// method is one of the known methods: a client may send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}
