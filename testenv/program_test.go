package testenv

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// The helpers drive the real program: it is migrated, killed, started again on
// the same ports and stopped.
func TestProgramIsKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	p := NewProgram(t)
	if _, err := p.Try(t, "no-such-command"); err == nil {
		t.Error("a command that does not exist succeeds")
	}
	p.Migrate(t)
	if a, b := p.AddAccount(t, "One"), p.AddAccount(t, "Two"); a.Account == b.Account || a.TokenKey == b.TokenKey {
		t.Errorf("two accounts share something: %s, %s", a.Account, b.Account)
	}
	w := p.StartWorker(t)
	first := w.Pid()
	w.Kill(t)
	if err := syscall.Kill(first, 0); err == nil {
		t.Error("the killed worker lives")
	}
	if res, err := http.Get(w.AdminURL + "/readyz"); err == nil {
		res.Body.Close()
		t.Error("a killed worker answers")
	}
	w.Start(t)
	if w.Pid() == first {
		t.Error("the same process as before the kill")
	}
	w.Stop(t)
	if n := strings.Count(w.Log(), "msg=started"); n != 2 {
		t.Errorf("the log tells of %d starts:\n%s", n, w.Log())
	}
}
