package embedpg

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// install puts an installation of PostgreSQL that knows only its version.
func install(t *testing.T, dir, version string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNewestIsChosenAndOldDataKeepsItsVersion(t *testing.T) {
	root := t.TempDir()
	v15 := install(t, filepath.Join(root, "lib/15/bin"), "15.18 (Debian 15.18-1)")
	v17 := install(t, filepath.Join(root, "lib/17/bin"), "17.2")
	v9 := install(t, filepath.Join(root, "lib/9/bin"), "9.6.24")
	beta := install(t, filepath.Join(root, "path"), "18beta1")
	half := filepath.Join(root, "lib/99/bin") // a client package: no initdb
	install(t, half, "99.1")
	if err := os.Remove(filepath.Join(half, "initdb")); err != nil {
		t.Fatal(err)
	}
	found := find(t.Context(), []string{filepath.Join(root, "lib/*/bin")}, beta+string(os.PathListSeparator)+v15)
	var dirs []string
	for _, b := range found {
		dirs = append(dirs, b.dir)
	}
	if got, want := strings.Join(dirs, " "), strings.Join([]string{beta, v17, v15, v9}, " "); got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if b, err := choose(found, 0); err != nil || b.dir != beta {
		t.Errorf("for a new cluster: %v, %v", b, err)
	}
	if b, err := choose(found, 15); err != nil || b.dir != v15 {
		t.Errorf("for a cluster of 15: %v, %v", b, err)
	}
}

func TestNoPostgreSQLNamesThePackages(t *testing.T) {
	old := install(t, filepath.Join(t.TempDir(), "bin"), "13.4")
	for _, tc := range []struct {
		have int
		want []string
	}{
		{0, []string{"apt-get install postgresql", "dnf install postgresql-server", "brew install postgresql@", "there is 13"}},
		{16, []string{"made by PostgreSQL 16", "postgresql-16", "postgresql16-server", "postgresql@16"}},
	} {
		_, err := choose(find(t.Context(), nil, old), tc.have)
		if !errors.Is(err, ErrNoPostgreSQL) {
			t.Fatalf("error %v, want ErrNoPostgreSQL", err)
		}
		for _, w := range tc.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("error %q does not say %q", err, w)
			}
		}
	}
}
