package embedpg

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// binaries is one installation of PostgreSQL.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// places are the globs under which packages put the server's binaries.
var places = []string{
	"/usr/lib/postgresql/*/bin",                       // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                // PGDG on Fedora, RHEL
	"/usr/bin",                                        // Fedora
	"/opt/homebrew/opt/postgresql@*/bin",              // Homebrew on ARM
	"/opt/homebrew/opt/postgresql/bin",                //
	"/usr/local/opt/postgresql@*/bin",                 // Homebrew on Intel
	"/usr/local/opt/postgresql/bin",                   //
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin", // Homebrew on Linux
	"/usr/local/pgsql/bin",                            // built from source
}

// find returns the installations, newest first. A directory counts when it
// has both initdb and postgres.
func find(ctx context.Context, globs []string, path string) []binaries {
	var dirs []string
	for _, g := range globs {
		matches, err := filepath.Glob(g)
		if err != nil {
			continue // the pattern is ours and is well formed
		}
		dirs = append(dirs, matches...)
	}
	dirs = append(dirs, filepath.SplitList(path)...)

	var found []binaries
	seen := map[string]bool{}
	for _, dir := range dirs {
		real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
		if err != nil || seen[real] || !executable(real) || !executable(filepath.Join(dir, "initdb")) {
			continue
		}
		seen[real] = true
		if major, ok := majorVersion(ctx, real); ok {
			found = append(found, binaries{dir: dir, major: major})
		}
	}
	slices.SortStableFunc(found, func(a, b binaries) int { return b.major - a.major })
	return found
}

func executable(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular() && st.Mode().Perm()&0o111 != 0
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorVersion asks the binary itself; directories may lie.
func majorVersion(ctx context.Context, postgres string) (int, bool) {
	out, err := exec.CommandContext(ctx, postgres, "--version").Output()
	if err != nil {
		return 0, false
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return 0, false
	}
	major, err := strconv.Atoi(string(m[1]))
	return major, err == nil
}

// choose picks the installation for a cluster: the one of its major version,
// or the newest for a cluster that is yet to be made (have == 0).
func choose(found []binaries, have int) (binaries, error) {
	for _, b := range found {
		if b.major == have || have == 0 && b.major >= MinVersion {
			return b, nil
		}
	}
	var others []string
	for _, b := range found {
		others = append(others, fmt.Sprintf("%d in %s", b.major, b.dir))
	}
	seen := ""
	if len(others) > 0 {
		seen = " (there is " + strings.Join(others, ", ") + ")"
	}
	if have != 0 {
		return binaries{}, fmt.Errorf("%w: the data was made by PostgreSQL %d, which is not on this machine%s; %s",
			ErrNoPostgreSQL, have, seen, hint(have))
	}
	return binaries{}, fmt.Errorf("%w: no PostgreSQL %d or newer on this machine%s; %s",
		ErrNoPostgreSQL, MinVersion, seen, hint(0))
}

// hint names the package to install. Version 0 is any.
func hint(major int) string {
	if major == 0 {
		return "install one: Debian and Ubuntu `apt-get install postgresql`, Fedora `dnf install postgresql-server`, " +
			"Homebrew `brew install postgresql@17`; or name a server's URL in MAILSTAMP_DATABASE_URL"
	}
	return fmt.Sprintf("install it: Debian and Ubuntu `apt-get install postgresql-%[1]d`, Fedora `dnf install postgresql%[1]d-server`, "+
		"Homebrew `brew install postgresql@%[1]d`; or remove the data to start anew", major)
}
