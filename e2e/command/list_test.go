package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// Lines of sources that are elsewhere on this machine, beside `go tool pprof -list` with the same options.
func TestListFindsSources(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "shop", "store"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := ""
	for i := 1; i <= 40; i++ {
		text += fmt.Sprintf("source line %d\n", i)
	}
	for _, name := range []string{"shop/main.go", "shop/store/q.go"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "inuse_space", Unit: "bytes"}}, PeriodType: &profile.ValueType{}, Period: 1,
		Mapping: []*profile.Mapping{{ID: 1, Start: 0x1000, Limit: 0x9000, File: "/bin/shop", HasFunctions: true, HasFilenames: true, HasLineNumbers: true}}}
	for i, file := range []string{"/build/ci/shop/main.go", "/build/ci/shop/store/q.go", "store/q.go"} {
		f := &profile.Function{ID: uint64(i + 1), Name: fmt.Sprintf("main.f%d", i), Filename: file}
		p.Function = append(p.Function, f)
		for line := int64(10); line < 13; line++ {
			id := uint64(len(p.Location) + 1)
			l := &profile.Location{ID: id, Mapping: p.Mapping[0], Address: 0x1000 + id, Line: []profile.Line{{Function: f, Line: line + int64(i)}}}
			p.Location = append(p.Location, l)
			p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{l}, Value: []int64{100 * line}})
		}
	}
	path := write(t, p)
	// "     1000B      1000B     10:source line 10", and ours.
	theirs, ours := regexp.MustCompile(`(?m)^ +(\d+)B +(\d+)B +(\d+):(source line \d+)$`), regexp.MustCompile(`(?m)^ +(\d+) +(\d+) +(\d+)  (source line \d+)$`)
	for _, c := range []struct {
		options      []string
		ours, theirs int
	}{
		{[]string{"-source_path", filepath.Join(folder, "shop")}, 9, 9},
		{[]string{"-source_path", "/nowhere:" + filepath.Join(folder, "shop"), "-trim_path", "/build/ci/shop"}, 9, 9},
		{[]string{"-source_path", filepath.Join(folder, "shop", "store"), "-trim_path", "/build/ci/shop/"}, 6, 9}, // in the one above: ours only what is below
		{[]string{"-source_path", filepath.Join(folder, "shop"), "-trim_path", "/build"}, 3, 3},
		{[]string{"-source_path", "/nowhere"}, 0, 0},
	} {
		command := exec.Command("go", append(append([]string{"tool", "pprof", "-symbolize=none", "-unit=B", "-list", "main"}, c.options...), path)...)
		out, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		want := theirs.FindAllStringSubmatch(string(out), -1)
		text := succeed(t, append(append([]string{"list", "-exact"}, c.options...), "main", path)...)
		got := ours.FindAllStringSubmatch(text, -1)
		row := func(m []string) string { return strings.Join(m[1:], " ") }
		if len(got) != c.ours || len(want) != c.theirs {
			t.Fatalf("%q: %d and %d lines, not %d and %d:\n%s\n%s", c.options, len(got), len(want), c.ours, c.theirs, text, out)
		}
		for i := range got {
			if c.ours == c.theirs && row(got[i]) != row(want[i]) {
				t.Errorf("%q: %s, pprof says %s", c.options, row(got[i]), row(want[i]))
			}
		}
	}
}
