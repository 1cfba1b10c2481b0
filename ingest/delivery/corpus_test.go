package delivery_test

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/ingest/delivery"
	"github.com/mailstamp/mailstamp/testenv/dsncorpus"
)

// corpora is where the shared mail lies, seen from this package.
const corpora = "../../../shared/corpora/"

func samples(t testing.TB) []dsncorpus.Sample {
	t.Helper()
	all, err := dsncorpus.Load(corpora + "bounces")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no shared corpus of reports here; the package's own samples cover each kind")
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The figures that are promised, and with them that none gets worse unseen.
func TestCorpusFigures(t *testing.T) {
	t.Parallel()
	all := samples(t)
	var seen, held []dsncorpus.Sample
	for _, s := range all {
		if s.Held() {
			held = append(held, s)
		} else {
			seen = append(seen, s)
		}
	}
	for _, set := range []struct {
		name string
		of   []dsncorpus.Sample
	}{{"seen", seen}, {"held out", held}, {"all", all}} {
		f := dsncorpus.Measure(set.of)
		t.Logf("%-8s %d mails, %d rows: recognised %.1f %%, class %.1f %%, hard %.1f %%, code %.1f %%", set.name, f.Samples, f.Rows, f.Recognised, f.Class, f.Hard, f.Code)
		if set.name != "all" {
			continue
		}
		for _, m := range f.Misses {
			t.Log(m)
		}
		for _, c := range []struct {
			name      string
			got, want float64
		}{{"recognised", f.Recognised, 99}, {"class", f.Class, 95}, {"hard", f.Hard, 97}, {"code", f.Code, 99}} {
			if c.got < c.want {
				t.Errorf("%s: %.2f %%, promised %.1f %%", c.name, c.got, c.want)
			}
		}
	}
}

func TestNoFalseReport(t *testing.T) {
	t.Parallel()
	n, files, err := dsncorpus.FalseReports(corpora + "mime")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no shared corpus of mail here")
	}
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 || len(files) > 0 {
		t.Errorf("of %d mails that are no report these are taken for one: %v", n, files)
	}
}

// Every report cut short anywhere, and with every byte class flipped here and there,
// is read without a panic and in time; what is found names somebody.
func TestDamagedReports(t *testing.T) {
	t.Parallel()
	for i, s := range samples(t) {
		step := len(s.Raw)/3 + 1
		for cut := i % step; cut < len(s.Raw); cut += step {
			damaged := append([]byte{}, s.Raw...)
			damaged[cut] ^= 0x55
			for _, raw := range [][]byte{s.Raw[:cut], s.Raw[cut:], damaged} {
				r, ok, took := timed(raw)
				if took > slowest {
					t.Errorf("%s at %d took %v", s.File, cut, took)
				}
				if ok && r.Kind == "" {
					t.Errorf("%s at %d: a report of no kind", s.File, cut)
				}
			}
		}
	}
}

// slowest is what reading one report may cost at most in a test: 50 ms is promised,
// the race detector costs a multiple.
const slowest = time.Second

// timed reads a mail and takes its processor time.
func timed(raw []byte) (r delivery.Report, ok bool, took time.Duration) {
	took = dsncorpus.CPUTime(func() { r, ok = delivery.Read(raw) })
	return r, ok, took
}
