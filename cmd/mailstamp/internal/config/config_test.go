package config

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

type grammar struct {
	Config
	Run struct {
		Roles Roles `default:"sync,jobs,http"`
	} `cmd:""`
}

func parse(t *testing.T, args ...string) (grammar, string, error) {
	t.Helper()
	var g grammar
	var out bytes.Buffer
	_, err := Parse(&g, args, &out, func(int) {})
	return g, out.String(), err
}

func TestDefaults(t *testing.T) {
	g, _, err := parse(t, "run")
	if err != nil {
		t.Fatal(err)
	}
	if g.Listen != "127.0.0.1:8080" || g.AdminListen != "127.0.0.1:8081" {
		t.Errorf("listeners %s and %s", g.Listen, g.AdminListen)
	}
	if len(g.Run.Roles) != 3 || g.Log.JSON || g.Log.Level != slog.LevelInfo || len(g.AllowPrivateIMAP.Entries) != 0 {
		t.Errorf("defaults are %+v", g)
	}
	if _, err := g.Database(); err == nil || !strings.Contains(err.Error(), "MAILSTAMP_DATABASE_URL") {
		t.Errorf("no database: %v", err)
	}
}

func TestEnvironmentAndFlags(t *testing.T) {
	t.Setenv("MAILSTAMP_DATABASE_URL", "postgres://u:p@db/x")
	t.Setenv("MAILSTAMP_LISTEN", "0.0.0.0:80")
	t.Setenv("MAILSTAMP_ALLOW_PRIVATE_IMAP", "mail.internal, 10.0.0.0/8")
	t.Setenv("MAILSTAMP_LOG", "debug")
	g, _, err := parse(t, "--listen=:81", "--log=json,warn", "run", "--roles=http,sync,http")
	if err != nil {
		t.Fatal(err)
	}
	if g.Listen != ":81" {
		t.Errorf("a flag does not win over the environment: %s", g.Listen)
	}
	if url, err := g.Database(); err != nil || url != "postgres://u:p@db/x" {
		t.Errorf("database %q, %v", url, err)
	}
	if !g.Log.JSON || g.Log.Level != slog.LevelWarn {
		t.Errorf("log %+v", g.Log)
	}
	if got := fmt.Sprint(g.AllowPrivateIMAP.Entries); got != "[mail.internal 10.0.0.0/8]" {
		t.Errorf("allow list %s", got)
	}
	if got := fmt.Sprint(g.Run.Roles); got != "[http sync]" {
		t.Errorf("roles %s", got)
	}
}

// TestRefuses: whatever is wrong is named, and no secret is quoted.
func TestRefuses(t *testing.T) {
	for name, c := range map[string]struct{ arg, says string }{
		"database": {"--database-url=postgres://u:hunter2@[/x", "MAILSTAMP_DATABASE_URL"},
		"listener": {"--listen=8080", "HOST:PORT"},
		"log":      {"--log=verbose", "verbose"},
		"network":  {"--allow-private-imap=10.0.0.0/99", "10.0.0.0/99"},
	} {
		_, _, err := parse(t, c.arg, "run")
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q in it", name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password is in %v", name, err)
		}
	}
	if _, _, err := parse(t, "run", "--roles=sync,mail"); err == nil || !strings.Contains(err.Error(), "mail") {
		t.Errorf("roles: %v", err)
	}
}

// TestKeysetNeverPrints guards S10 for the one secret that a flag may hold.
func TestKeysetNeverPrints(t *testing.T) {
	k := Keyset(` {"primaryKeyId":1,"canary":"x"}`)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "keyset", k)
	printed := fmt.Sprintf("%v %s %#v %+v", k, k, k, Config{Keyset: k}) + log.String()
	if strings.Contains(printed, "canary") {
		t.Errorf("the key set prints: %s", printed)
	}
	if path, there := k.Path(); path != "" || !there {
		t.Errorf("JSON has path %q", path)
	}
}

// TestHelp: --help documents every variable.
func TestHelp(t *testing.T) {
	_, help, _ := parse(t, "--help")
	for _, name := range []string{"MAILSTAMP_DATABASE_URL", "MAILSTAMP_LISTEN", "MAILSTAMP_ADMIN_LISTEN", "MAILSTAMP_ADMIN_HOSTS", "MAILSTAMP_KEYSET",
		"MAILSTAMP_ALLOW_PRIVATE_IMAP", "MAILSTAMP_ALLOW_PRIVATE_CRM", "MAILSTAMP_LOG"} {
		if !strings.Contains(help, name) {
			t.Errorf("--help does not name %s", name)
		}
	}
}
