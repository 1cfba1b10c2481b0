package testenv

import (
	"go/ast"
	"slices"
)

// clockFunctions of package time read the clock or wait for it.
var clockFunctions = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// clockUses are the clock functions that a file names.
func clockUses(f *ast.File) []string {
	var used []string
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if ok && pkg.Name == "time" && slices.Contains(clockFunctions, sel.Sel.Name) && !slices.Contains(used, sel.Sel.Name) {
			used = append(used, sel.Sel.Name)
		}
		return true
	})
	return used
}
