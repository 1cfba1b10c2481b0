package testenv

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// shortestDoc words are a sentence or two: what the package owns, what it never does, its invariants.
const shortestDoc = 20

// TestEveryPackageSaysWhatItIs: one file of each package opens with a comment on all of it.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]int{}
	for _, f := range moduleFiles(t) {
		if strings.HasSuffix(f.name, "_test.go") || f.dir == "db/queries" { // generated
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, f.name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		words[f.dir] += len(strings.Fields(parsed.Doc.Text()))
	}
	for dir, n := range words {
		if n < shortestDoc {
			t.Errorf("package %s says what it is in %d words", dir, n)
		}
	}
}
