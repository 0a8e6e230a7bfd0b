//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// optionNames are the exported functions that return an Option.
func optionNames(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() || f.Type.Results == nil {
				continue
			}
			if result, ok := f.Type.Results.List[0].Type.(*ast.Ident); ok && result.Name == "Option" {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

// The table of docs/profiler.md has every option and variable, and the tests of this package use each of them.
func TestEveryOptionAndVariableIsDocumentedAndTested(t *testing.T) {
	page, err := os.ReadFile("../../docs/profiler.md")
	if err != nil {
		t.Fatal(err)
	}
	table := ""
	for _, line := range strings.Split(string(page), "\n") {
		if strings.HasPrefix(line, "| ") {
			table += line + "\n"
		}
	}
	tests := ""
	paths, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tests += string(text)
	}
	options, variables := optionNames(t), profiler.Variables()
	if len(options) < 24 || len(variables) < 31 {
		t.Fatalf("%d options, %d variables", len(options), len(variables))
	}
	for _, name := range options {
		if !strings.Contains(table, "`"+name+"`") {
			t.Errorf("%s is not in the table of docs/profiler.md", name)
		}
		if !strings.Contains(tests, "profiler."+name+"(") {
			t.Errorf("no test uses %s", name)
		}
	}
	for _, name := range variables {
		if !strings.Contains(table, name+"`") && !strings.Contains(table, name+"=") {
			t.Errorf("%s is not in the table of docs/profiler.md", name)
		}
		if !strings.Contains(tests, `"`+name+`"`) {
			t.Errorf("no test uses %s", name)
		}
	}
}
