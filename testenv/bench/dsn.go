//go:build unix

package main

import (
	"errors"
	"io/fs"
	"math"
	"time"

	"github.com/mailstamp/mailstamp/testenv/dsncorpus"
)

func init() {
	register("dsn", dsn, "dsn_recognised_pct", "dsn_class_pct", "dsn_hard_pct", "dsn_code_pct", "dsn_false_reports", "dsn_per_s")
}

// dsnTime is how long reports are read over and over, on one core.
const dsnTime = 3 * time.Second

// dsn reads the shared corpus of real reports, and mail that is none, seen from
// the project's root.
func dsn(b *bench) {
	samples, err := dsncorpus.Load("../shared/corpora/bounces")
	if errors.Is(err, fs.ErrNotExist) {
		b.Log("there is no ../shared/corpora: no figures")
		return
	}
	if err != nil {
		b.Fatal(err)
	}
	f := dsncorpus.Measure(samples)
	for _, m := range f.Misses {
		b.Log(m)
	}
	round := func(v float64) float64 { return math.Round(v*100) / 100 }
	b.report("dsn_recognised_pct", round(f.Recognised), "%")
	b.report("dsn_class_pct", round(f.Class), "%")
	b.report("dsn_hard_pct", round(f.Hard), "%")
	b.report("dsn_code_pct", round(f.Code), "%")
	_, files, err := dsncorpus.FalseReports("../shared/corpora/mime")
	if err != nil {
		b.Fatal(err)
	}
	b.report("dsn_false_reports", float64(len(files)), "mails")
	rate, slowest := dsncorpus.PerSecond(samples, dsnTime)
	b.Logf("slowest %v", slowest)
	b.report("dsn_per_s", math.Round(rate), "reports/s")
}
