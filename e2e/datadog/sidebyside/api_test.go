package sidebyside_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/datadog/peer"
)

// text prints a type without the names of parameters.
func text(node ast.Node) string {
	var out bytes.Buffer
	if err := printer.Fprint(&out, token.NewFileSet(), node); err != nil {
		panic(err)
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func types(fields *ast.FieldList) string {
	var all []string
	if fields != nil {
		for _, field := range fields.List {
			for range max(len(field.Names), 1) {
				all = append(all, text(field.Type))
			}
		}
	}
	return strings.Join(all, ", ")
}

func signature(name string, f *ast.FuncType) string {
	return fmt.Sprintf("func %s(%s) (%s)", name, types(f.Params), types(f.Results))
}

func declared(name string, of ast.Expr) (lines []string) {
	switch of := of.(type) {
	case *ast.InterfaceType:
		for _, method := range of.Methods.List {
			if f, ok := method.Type.(*ast.FuncType); ok {
				lines = append(lines, signature(name+"."+method.Names[0].Name, f))
			}
		}
		return append(lines, "interface "+name)
	case *ast.StructType:
		return []string{"struct " + name}
	}
	return []string{"type " + name + " " + text(of)}
}

// api lists what a package exports: functions and methods with the types of their parameters, types, constants and variables.
func api(t *testing.T, directory, path string) (lines []string) {
	t.Helper()
	list := exec.Command("go", "list", "-f", "{{.Dir}}", path)
	list.Dir = directory
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_unsupported.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					name = text(d.Recv.List[0].Type) + "." + name
				}
				if d.Name.IsExported() && ast.IsExported(strings.TrimLeft(name, "*")) {
					lines = append(lines, signature(name, d.Type))
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						if spec.Name.IsExported() {
							lines = append(lines, declared(spec.Name.Name, spec.Type)...)
						}
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							if name.IsExported() {
								lines = append(lines, d.Tok.String()+" "+name.Name)
							}
						}
					}
				}
			}
		}
	}
	return lines
}

// A program that is written for dd-trace-go's profiler builds with ours: it has all that they export, with the same types.
func TestAPI(t *testing.T) {
	ours := api(t, ".", string(peer.Ours))
	for _, c := range []struct {
		variant   peer.Variant
		directory string
		least     int
	}{{peer.V1, "../v1", 40}, {peer.V2, ".", 40}} {
		theirs := api(t, c.directory, string(c.variant))
		if len(theirs) < c.least {
			t.Errorf("%s exports only %q", c.variant, theirs)
		}
		for _, line := range theirs {
			if !slices.Contains(ours, line) {
				t.Errorf("of %s we lack: %s", c.variant, line)
			}
		}
	}
}
