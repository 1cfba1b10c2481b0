package ingest

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailstamp/mailstamp/ingest/imapconn"
)

// shown is what a mailbox's row says of its state.
type shown struct{ state, problem string }

// metrics of the mailboxes of one process. Labels are states, codes and dispositions, never whose they are.
type metrics struct {
	messages *prometheus.CounterVec
	failures *prometheus.CounterVec
}

func newMetrics() metrics {
	return metrics{
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mailstamp_messages_total", Help: "Messages that got a disposition, by disposition.",
		}, []string{"disposition"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mailstamp_sync_failures_total", Help: "Sessions with mail servers that failed, by kind; internal: our own doing.",
		}, []string{"kind"}),
	}
}

// The gauges are counted when they are asked for.
var (
	descMailboxes = prometheus.NewDesc("mailstamp_mailboxes", "Mailboxes that this process holds, by state.", []string{"state"}, nil)
	descWarnings  = prometheus.NewDesc("mailstamp_mailbox_warnings",
		"Mailboxes of this process with a problem, by its code; mailstamp doctor names each and says what to do.", []string{"code"}, nil)
	descLag = prometheus.NewDesc("mailstamp_mailbox_lag_seconds",
		"The longest time since a mailbox that is live in this process was last in step with its server.", nil, nil)
	descDeletions = prometheus.NewDesc("mailstamp_deletions_wait_seconds",
		"The longest time that deletions of a mailbox that is live in this process wait because mail comes all the time.", nil, nil)
)

// Describe implements prometheus.Collector.
func (s *Supervisor) Describe(out chan<- *prometheus.Desc) {
	s.metrics.messages.Describe(out)
	s.metrics.failures.Describe(out)
	for _, d := range []*prometheus.Desc{descMailboxes, descWarnings, descLag, descDeletions} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (s *Supervisor) Collect(out chan<- prometheus.Metric) {
	s.metrics.messages.Collect(out)
	s.metrics.failures.Collect(out)
	states := map[string]int{stateConnecting: 0, stateBackfilling: 0, stateLive: 0, stateNeedsAuth: 0, stateHeld: 0, stateError: 0}
	problems, lag, wait := map[string]int{}, time.Duration(0), time.Duration(0)
	s.mu.Lock()
	for _, r := range s.loops {
		is := r.loop.shown.Load()
		if is == nil {
			continue // it reads its row just now
		}
		states[is.state]++
		if is.problem != "" {
			problems[is.problem]++
		}
		if at := r.loop.stepped.Load(); is.state == stateLive && at != 0 {
			lag = max(lag, time.Since(time.Unix(at, 0)))
		}
		if at := r.loop.missedAt.Load(); is.state == stateLive && at != 0 {
			wait = max(wait, time.Since(time.Unix(at, 0)))
		}
	}
	s.mu.Unlock()
	for state, n := range states {
		out <- prometheus.MustNewConstMetric(descMailboxes, prometheus.GaugeValue, float64(n), state)
	}
	for code, n := range problems {
		out <- prometheus.MustNewConstMetric(descWarnings, prometheus.GaugeValue, float64(n), code)
	}
	out <- prometheus.MustNewConstMetric(descLag, prometheus.GaugeValue, lag.Seconds())
	out <- prometheus.MustNewConstMetric(descDeletions, prometheus.GaugeValue, wait.Seconds())
}

// failed counts a session that ended by an error.
func (m metrics) failed(err error) {
	kind := string(imapconn.KindOf(err))
	if kind == "" {
		kind = "internal"
	}
	m.failures.WithLabelValues(kind).Inc()
}

// stored counts a batch that was committed.
func (m metrics) stored(b *batch) {
	for _, e := range b.entries {
		m.messages.WithLabelValues(string(e.verdict.Disposition)).Inc()
	}
}
