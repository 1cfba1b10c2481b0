package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/testenv"
)

// fails expects a subcommand to fail and to say so in words that help.
func fails(t *testing.T, p *testenv.Program, says string, args ...string) {
	t.Helper()
	out, err := p.Try(t, args...)
	if err == nil || !strings.Contains(err.Error()+string(out), says) {
		t.Errorf("mailstamp %v: %v\n%s\nwant a failure that says %q", args, err, out, says)
	}
}

// TestFirstSteps walks the way of whoever installs the program: what is missing is said with the remedy, and then it works.
func TestFirstSteps(t *testing.T) {
	t.Parallel()
	p := testenv.NewProgram(t)
	fails(t, p, "no database", "worker", "--database-url=")
	fails(t, p, "Is PostgreSQL running", "worker", "--database-url=postgres://nobody@127.0.0.1:1/none")
	for _, command := range [][]string{{"worker"}, {"account", "add", "Acme"}, {"doctor"}} {
		fails(t, p, "run `mailstamp migrate`", command...)
	}
	p.Migrate(t)
	p.Migrate(t) // again changes nothing
	if out := p.Run(t, "doctor"); !strings.Contains(string(out), "account add") {
		t.Errorf("doctor does not say what comes next:\n%s", out)
	}

	out := strings.TrimSpace(string(p.Run(t, "account", "add", "Acme & Söhne")))
	if !regexp.MustCompile(`^\{"account":"acc_\w+","webhook_secret":"whsec_[\w+/]+=*","token_key":"[\w-]+"\}$`).MatchString(out) {
		t.Errorf("account add printed %s", out)
	}

	w := p.StartWorker(t)
	if out := string(p.Run(t, "doctor")); strings.Contains(out, "PROBLEM") || !strings.Contains(out, "1 alive") {
		t.Errorf("doctor of a healthy installation:\n%s", out)
	}
	fails(t, p, "address already in use", "worker", "--listen="+strings.TrimPrefix(w.URL, "http://"), "--admin-listen=127.0.0.1:0")
	for _, path := range []string{"/", "/jobs/", "/healthz", "/readyz", "/metrics"} {
		res, err := http.Get(w.AdminURL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", path, res.Status)
		}
	}
	w.Stop(t)
	w.Start(t)
	w.Stop(t)
}

// TestRoles: a process without the role http has no public listener.
func TestRoles(t *testing.T) {
	t.Parallel()
	p := testenv.NewProgram(t)
	p.Migrate(t)
	w := p.StartWorker(t, "--roles=sync,jobs")
	if res, err := http.Get(w.URL); err == nil {
		res.Body.Close()
		t.Errorf("the public listener answers %s", res.Status)
	}
	w.Stop(t)
}

// TestWrongKeys: a database met with another key set is told by doctor.
func TestWrongKeys(t *testing.T) {
	t.Parallel()
	p := testenv.NewProgram(t)
	p.Migrate(t)
	p.AddAccount(t, "Acme")
	fresh := filepath.Join(t.TempDir(), "deep", "keyset.json")
	fails(t, p, "MAILSTAMP_KEYSET", "--keyset="+fresh, "doctor")
	info, err := os.Stat(fresh)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key set made at first use: %v, %v", info, err)
	}
	fails(t, p, "not a Tink keyset", "--keyset={}", "doctor")
}
