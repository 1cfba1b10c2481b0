package testenv

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "github.com/mailstamp/mailstamp"

// mayImport says what of the module the packages below each top directory may
// import, themselves aside. Whoever is missing here is refused.
var mayImport = map[string][]string{
	"cmd":        {"ingest", "jobs", "visibility", "db"},
	"jobs":       {"ingest", "visibility", "db"},
	"ingest":     {"db"},
	"visibility": {"db"},
	"db":         {},
	"testenv":    {"db", "ingest", "jobs", "visibility"},
}

// purePackages read no clock and do no I/O, so these imports are not for them;
// of the module they may import each other only.
var purePackages = []string{"ingest/plan", "ingest/message", "ingest/delivery", "ingest/uidset", "visibility/rules", "db/address"}

var notPure = []string{"net", "net/http", "net/smtp", "os", "os/exec", "io/ioutil", "database/sql", "syscall", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "embed"}

// impureModules must not be imported by pure packages either.
var impureModules = []string{"github.com/jackc/pgx", "github.com/riverqueue/river", "github.com/emersion/go-imap"}

// onlyUsers names the one package that may import a library.
var onlyUsers = map[string][]string{
	"github.com/emersion/go-message":              {"ingest/message", "testenv"},
	"github.com/emersion/go-imap/v2/imapclient":   {"ingest/imapconn", "ingest/imaplocal", "testenv"},
	"github.com/testcontainers/testcontainers-go": {"testenv"},
	"github.com/chromedp":                         {"testenv"},
}

// file is one Go file of the module with what it imports and calls.
type file struct {
	dir     string // relative to the module's root
	name    string
	imports []string
	clock   []string // calls of time.Now and the like
}

// moduleFiles parses the module in this process. A test that asks the go tool
// would be answered from the test cache and stay green: the cache knows the
// files that a test opens, not what a child reads.
func moduleFiles(t *testing.T) []file {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	var files []file
	fset := token.NewFileSet()
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || rel == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		one := file{dir: path.Dir(rel), name: rel, clock: clockUses(f)}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			one.imports = append(one.imports, imported)
		}
		files = append(files, one)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestImportsRunOneWay(t *testing.T) {
	files := moduleFiles(t)
	if len(files) < 20 {
		t.Fatalf("only %d files were found: the test looks at the wrong place", len(files))
	}
	for _, f := range files {
		for _, problem := range problems(f) {
			t.Errorf("%s: %s", f.name, problem)
		}
	}
}

// problems are the rules of ARCHITECTURE that a file breaks.
func problems(f file) []string {
	var found []string
	test := strings.HasSuffix(f.name, "_test.go")
	top, _, _ := strings.Cut(f.dir, "/")
	allowed, known := mayImport[top]
	if !known {
		return []string{"top directory " + top + " is not on the map"}
	}
	pure := slices.Contains(purePackages, f.dir) && !test
	for _, imported := range f.imports {
		if own, ok := strings.CutPrefix(imported, modulePath+"/"); ok {
			target, _, _ := strings.Cut(own, "/")
			switch {
			case target == top, slices.Contains(allowed, target):
			case target == "testenv" && test:
			default:
				found = append(found, top+" must not import "+own)
			}
			if pure && !slices.Contains(purePackages, own) {
				found = append(found, "a pure package must not import "+own)
			}
		}
		for library, users := range onlyUsers {
			if within(imported, library) && !test && !slices.ContainsFunc(users, func(u string) bool { return within(f.dir, u) }) {
				found = append(found, imported+" is for "+strings.Join(users, ", "))
			}
		}
		if pure && (slices.Contains(notPure, imported) || slices.ContainsFunc(impureModules, func(m string) bool { return within(imported, m) })) {
			found = append(found, "a pure package must not import "+imported)
		}
	}
	if pure && len(f.clock) > 0 {
		found = append(found, "a pure package must not use time."+strings.Join(f.clock, ", time."))
	}
	return found
}

// within reports whether p is the path prefix or below it.
func within(p, prefix string) bool { return p == prefix || strings.HasPrefix(p, prefix+"/") }

// The rules themselves must be able to fail.
func TestImportRulesCatch(t *testing.T) {
	for want, f := range map[string]file{
		"ingest must not import visibility/rules":                            {dir: "ingest", name: "ingest/x.go", imports: []string{modulePath + "/visibility/rules"}},
		"visibility must not import jobs":                                    {dir: "visibility/feed", name: "visibility/feed/x_test.go", imports: []string{modulePath + "/jobs"}},
		"db must not import ingest/message":                                  {dir: "db", name: "db/x.go", imports: []string{modulePath + "/ingest/message"}},
		"cmd must not import testenv":                                        {dir: "cmd/mailstamp", name: "cmd/mailstamp/x.go", imports: []string{modulePath + "/testenv"}},
		"a pure package must not import os":                                  {dir: "ingest/plan", name: "ingest/plan/x.go", imports: []string{"os"}},
		"a pure package must not import db/queries":                          {dir: "ingest/plan", name: "ingest/plan/x.go", imports: []string{modulePath + "/db/queries"}},
		"a pure package must not use time.Now":                               {dir: "visibility/rules", name: "visibility/rules/x.go", clock: []string{"Now"}},
		"top directory extra is not on the map":                              {dir: "extra", name: "extra/x.go"},
		"github.com/emersion/go-message/mail is for ingest/message, testenv": {dir: "ingest", name: "ingest/x.go", imports: []string{"github.com/emersion/go-message/mail"}},
	} {
		if got := problems(f); !slices.Contains(got, want) {
			t.Errorf("%s importing %v: %q, want %q", f.name, f.imports, got, want)
		}
	}
	fine := file{dir: "jobs", name: "jobs/x_test.go", imports: []string{modulePath + "/visibility", modulePath + "/ingest", modulePath + "/testenv", "os"}}
	if got := problems(fine); len(got) != 0 {
		t.Errorf("%s: %q", fine.name, got)
	}
}
