package notify

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	pending, oldest prometheus.Gauge
	attempts        *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		pending: prometheus.NewGauge(prometheus.GaugeOpts{Name: "mailstamp_events_pending",
			Help: "Events that the CRMs have not taken yet, over all accounts; counted every half minute by every process."}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{Name: "mailstamp_events_oldest_seconds",
			Help: "How long the oldest of them has waited; 0 when none does."}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mailstamp_event_attempts_total",
			Help: "Attempts to deliver an event, by result: 2xx to 5xx, or timeout, dns, tls, unreachable, forbidden, broken."},
			[]string{"result"}),
	}
	return m, errors.Join(reg.Register(m.pending), reg.Register(m.oldest), reg.Register(m.attempts))
}
