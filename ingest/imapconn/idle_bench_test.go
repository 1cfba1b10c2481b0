package imapconn_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/imaplocal"
)

// BenchmarkIdleConnections shows what one connection that only waits holds,
// both ends of it, TLS and all.
func BenchmarkIdleConnections(b *testing.B) {
	const conns = 200
	l := newLocal(b, imaplocal.Options{TLS: true})
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range conns {
			c := l.dial(b)
			if _, err := c.Examine(b.Context(), "INBOX"); err != nil {
				b.Fatal(err)
			}
			go func() { _, _, _ = c.Idle(b.Context(), time.Hour, nil) }()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		use := func(m *runtime.MemStats) uint64 { return m.HeapAlloc + m.StackInuse }
		b.ReportMetric(float64(use(&after)-use(&before))/conns/1024, "KB/pair")
	}
}
