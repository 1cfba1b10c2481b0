//go:build unix

package main

import (
	"slices"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

func init() { register("test_database", testDatabase, "test_database_ms") }

// testDatabase is what every test pays for a database of its own: the median
// of 20, without the first, which migrates the template.
func testDatabase(b *bench) {
	testenv.PostgresURL(b)
	took := make([]time.Duration, 20)
	for i := range took {
		began := time.Now()
		testenv.PostgresURL(b)
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	b.report("test_database_ms", float64(took[len(took)/2].Milliseconds()), "ms")
}
