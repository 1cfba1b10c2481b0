package jobs

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// metrics of jobs. The count of stamps behind is shown only by the process that swept last: after staleCount another's
// count is the true one.
type metrics struct {
	duration *prometheus.HistogramVec
	behind   *prometheus.Desc

	mu      sync.Mutex
	stamps  int64
	sweptAt time.Time
}

// staleCount is when a count of stamps behind is too old to show.
const staleCount = 3 * countEvery

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mailstamp_job_duration_seconds", Help: "Time that jobs ran, by kind and result (done, snoozed, cancelled, failed).",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"kind", "result"}),
		behind: prometheus.NewDesc("mailstamp_stamps_behind",
			"Stamps older than an input they were computed from, at the last sweep; 0 when nothing is pending.", nil, nil),
	}
	return m, errors.Join(reg.Register(m.duration), reg.Register(m))
}

// Describe implements prometheus.Collector for the count of stamps behind.
func (m *metrics) Describe(out chan<- *prometheus.Desc) { out <- m.behind }

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.sweptAt) < staleCount {
		out <- prometheus.MustNewConstMetric(m.behind, prometheus.GaugeValue, float64(m.stamps))
	}
}

func (m *metrics) countDue() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Since(m.sweptAt) >= countEvery
}

func (m *metrics) swept(stamps int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stamps, m.sweptAt = stamps, time.Now()
}

// observer measures every job and logs those that fail.
type observer struct {
	river.MiddlewareDefaults
	log     *slog.Logger
	metrics *metrics

	mu      sync.Mutex
	running map[int64]time.Time // job → since when
}

func newObserver(log *slog.Logger, m *metrics) *observer {
	return &observer{log: log, metrics: m, running: map[int64]time.Time{}}
}

// note notes that a job runs, until the returned func is called.
func (o *observer) note(job int64) (ended func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running[job] = time.Now()
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.running, job)
	}
}

// hanging counts jobs that outlive their timeout by far: they heed it no more.
func (o *observer) hanging(patience time.Duration) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, since := range o.running {
		if time.Since(since) > patience {
			n++
		}
	}
	return n
}

func (o *observer) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
	start := time.Now()
	defer o.note(job.ID)()
	result := "failed" // also of a job that panics
	defer func() { o.metrics.duration.WithLabelValues(job.Kind, result).Observe(time.Since(start).Seconds()) }()
	err := work(ctx)
	took := time.Since(start)
	log := o.log.With("job", job.ID, "kind", job.Kind, "attempt", job.Attempt)
	switch {
	case err == nil:
		result = "done"
		log.DebugContext(ctx, "job done", "took", took)
	case errors.Is(err, &rivertype.JobSnoozeError{}):
		result = "snoozed"
		log.DebugContext(ctx, "job goes on later", "took", took)
	case errors.Is(err, rivertype.ErrJobCancelledRemotely), errors.Is(err, &rivertype.JobCancelError{}):
		result = "cancelled"
		log.WarnContext(ctx, "job cancelled", "took", took, "error", err)
	default:
		log.WarnContext(ctx, "job failed", "took", took, "error", err)
	}
	return err
}
