// Package stripped tests a stripped Go program with C, as in images: its profiles are complete for every reader, and are named later by
// `go tool pprof PROGRAM PROFILE` or `cmemprof symbolize`.
package stripped

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	c := exec.Command(name, arguments...)
	c.Env = append(os.Environ(), "PPROF_BINARY_PATH=/nonexistent", "PPROF_TMPDIR="+t.TempDir())
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, out)
	}
	return string(out)
}

func parse(t *testing.T, file string) *profile.Profile {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := profile.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// functions of the sample that holds C memory for holdInC, leaf first.
func functions(t *testing.T, p *profile.Profile) []string {
	t.Helper()
	for _, s := range p.Sample {
		var names []string
		for _, l := range s.Location {
			if len(l.Line) == 0 {
				t.Errorf("location %d at %#x has no line", l.ID, l.Address)
			}
			for _, line := range l.Line {
				names = append(names, line.Function.Name)
			}
		}
		if slices.Contains(names, "main.holdInC") && slices.Equal(s.Label["memory"], []string{"C"}) {
			return names
		}
	}
	t.Fatal("no C memory of holdInC")
	return nil
}

// withoutNames counts addresses. One is of holdInC; now and then a block of Go's own C code is sampled, too.
func withoutNames(p *profile.Profile) (count int) {
	for _, l := range p.Location {
		if strings.Contains(l.Line[0].Function.Name, "+0x") {
			count++
		}
	}
	return count
}

var inlinedInGo = regexp.MustCompile(`main\.inlinedInGo .*\n +main\.holdInGo`)

func TestStripped(t *testing.T) {
	for _, mode := range []string{"exe", "pie"} {
		t.Run(mode, func(t *testing.T) {
			folder := t.TempDir()
			at := func(name string) string { return filepath.Join(folder, name) }
			run(t, "go", "build", "-buildmode="+mode, "-o", at("full"), "./program")
			run(t, "strip", "-o", at("app"), at("full"))
			if err := os.Mkdir(at("symbols"), 0o755); err != nil {
				t.Fatal(err)
			}
			run(t, "objcopy", "--only-keep-debug", at("full"), at("symbols/any name"))
			run(t, at("app"), at("heap"))
			if err := os.Remove(at("app")); err != nil { // the profile is looked at elsewhere
				t.Fatal(err)
			}
			nameless := parse(t, at("heap"))
			names := functions(t, nameless)
			if !regexp.MustCompile(`^app\+0x[0-9a-f]+$`).MatchString(names[0]) {
				t.Errorf("C code without a name is called %q", names[0])
			}

			raw := run(t, "go", "tool", "pprof", "-raw", at("full"), at("heap"))
			if !strings.Contains(raw, " hold_blocks ") || strings.Contains(raw, "app+0x") {
				t.Errorf("pprof does not name C with the program:\n%s", raw)
			}
			if !inlinedInGo.MatchString(raw) {
				t.Errorf("pprof loses Go's inlined functions:\n%s", raw)
			}

			for _, how := range [][]string{{"--binary", at("full")}, {"--debug-dir", at("symbols")}} {
				said := run(t, "../../build/cmemprof", append([]string{"symbolize", "-o", at("named")}, append(how, at("heap"))...)...)
				if !regexp.MustCompile(`: (\d+) of (\d+) addresses named\n$`).MatchString(said) {
					t.Errorf("said: %s", said)
				}
				named := parse(t, at("named"))
				if got := functions(t, named); !slices.Equal(got[:2], []string{"inlined_allocate", "hold_blocks"}) || !slices.Equal(got[2:], names[1:]) {
					t.Errorf("%v: named %v, of %v", how, got, names)
				}
				if len(named.Sample) != len(nameless.Sample) {
					t.Errorf("%v: %d samples of %d", how, len(named.Sample), len(nameless.Sample))
				}
			}
			said := run(t, "../../build/cmemprof", "symbolize", "-o", at("named"), "--binary", "/proc/self/exe", at("heap"))
			if want := fmt.Sprintf("0 of %d addresses named; no file for %s", withoutNames(nameless), at("app")); !strings.Contains(said, want) {
				t.Errorf("of another program: %s", said)
			}
		})
	}
}
