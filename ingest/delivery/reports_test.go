package delivery_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/ingest/delivery"
)

// One hand-written mail of every kind, and ordinary mail that looks like one.
func TestReports(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/reports/expected.tsv")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	var files []string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		file, rest, _ := strings.Cut(line, "\t")
		if want[file] == nil {
			files = append(files, file)
		}
		if strings.Trim(rest, "\t") == "" {
			rest = "no report"
		}
		want[file] = append(want[file], rest)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join("testdata/reports", file))
			if err != nil {
				t.Fatal(err)
			}
			r, ok := delivery.Read(raw)
			var got []string
			for _, rc := range r.Recipients {
				hard := "soft"
				if rc.Hard {
					hard = "hard"
				}
				got = append(got, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", r.Kind, rc.Address, rc.Action, rc.Status, rc.Class, hard))
			}
			if !ok {
				got = []string{"no report"}
			}
			if g, w := strings.Join(got, "\n"), strings.Join(want[file], "\n"); g != w {
				t.Errorf("read as %s:\n%s\nwant:\n%s", r.Family, g, w)
			}
		})
	}
}
