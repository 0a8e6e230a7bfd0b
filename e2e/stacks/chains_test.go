package stacks

import (
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// TestChains: below 10,000 random chains of Go functions, on stacks that grow, move and shrink, every stack equals runtime.Callers. Also with the
// oldest Go that go.mod allows, whose heap, frames and cgo differ.
func TestChains(t *testing.T) {
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(module)
	if version == nil {
		t.Fatal("go.mod names no version of Go")
	}
	for _, mode := range []struct {
		name, toolchain string
		flags           []string
	}{
		{name: "default"},
		{name: "pie", flags: []string{"-buildmode=pie"}},
		{name: "race", flags: []string{"-race"}},
		{name: "oldest Go", toolchain: "go" + string(version[1])},
	} {
		t.Run(mode.name, func(t *testing.T) {
			if mode.name == "race" {
				built.NotEmulated(t, withoutRaces)
			}
			out, err := exec.Command(buildWith(t, mode.toolchain, "./chain", mode.flags...)).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%.2000s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
