package main

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// newMetrics makes the process's metrics, those of the Go runtime, the process and the pool included.
func newMetrics(pool *pgxpool.Pool) *prometheus.Registry {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), poolMetrics{pool})
	return metrics
}

// poolMetrics tell whether the process has connections enough: where waits grow, pool_max_conns in the URL is too small, or
// the database too slow.
type poolMetrics struct{ pool *pgxpool.Pool }

var (
	connectionsDesc = prometheus.NewDesc("mailstamp_db_connections", "Connections to the database, by what they do; max is the most there may be.", []string{"state"}, nil)
	acquiredDesc    = prometheus.NewDesc("mailstamp_db_acquired_total", "Times that a connection was taken from the pool.", nil, nil)
	waitedDesc      = prometheus.NewDesc("mailstamp_db_waited_seconds_total", "Time spent waiting for a connection of the pool.", nil, nil)
)

func (poolMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- connectionsDesc
	out <- acquiredDesc
	out <- waitedDesc
}

func (p poolMetrics) Collect(out chan<- prometheus.Metric) {
	s := p.pool.Stat()
	for state, n := range map[string]int32{"busy": s.AcquiredConns(), "idle": s.IdleConns(), "opening": s.ConstructingConns(), "max": s.MaxConns()} {
		out <- prometheus.MustNewConstMetric(connectionsDesc, prometheus.GaugeValue, float64(n), state)
	}
	out <- prometheus.MustNewConstMetric(acquiredDesc, prometheus.CounterValue, float64(s.AcquireCount()))
	out <- prometheus.MustNewConstMetric(waitedDesc, prometheus.CounterValue, s.AcquireDuration().Seconds())
}
