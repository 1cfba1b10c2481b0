package delivery

import (
	"os"
	"strings"
	"testing"
)

// What servers are known to answer means what it says, whatever the report around it.
func TestKnownReplies(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/replies.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		c := strings.SplitN(line, "\t", 4)
		status, reply := bestCodes("", codesIn(c[3]), nil)
		got := judge(evidence{status: status, reply: reply, action: Failed, command: c[2], said: listen(c[3])})
		if string(got.class) != c[0] || got.hard != (c[1] == "hard") {
			t.Errorf("%q after %q (%s %s): %s, hard %v; it means %s, %s", c[3], c[2], reply, status, got.class, got.hard, c[0], c[1])
		}
	}
}
