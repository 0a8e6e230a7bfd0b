// Package node tests that stacks of C memory in Node lead through V8's generated code to the program's start, and have the names that V8 writes
// for perf.
//
// CMEMPROF_COMMAND is the program under test (default ../../build/cmemprof).
package node

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

const blocks, blockBytes = 500, 64 << 10

func run(t *testing.T, flags ...string) (heap *profile.Profile) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	program, err := filepath.Abs("program.js")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "heap.pprof")
	arguments := append([]string{"run", "--cpu", "-o", file, "--rate", "16K", "--", node}, flags...)
	command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), append(arguments, program)...)
	command.Dir = t.TempDir() // V8 leaves its log there
	command.Env = built.Environment()
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	t.Cleanup(func() { os.Remove("/tmp/perf-" + strings.TrimSpace(out.String()) + ".map") })
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if heap, err = profile.ParseData(content); err != nil {
		t.Fatal(err)
	}
	return heap
}

// functions lists the functions of a stack, the innermost first; of a file: those that it has.
func functions(sample *profile.Sample, file string) (names []string) {
	for _, location := range sample.Location {
		for _, line := range location.Line {
			if strings.HasSuffix(line.Function.Filename, file) {
				names = append(names, line.Function.Name)
			}
		}
	}
	return names
}

func TestStacksLeadThroughJavaScript(t *testing.T) {
	heap := run(t, "--perf-basic-prof", "--interpreted-frames-native-stack")
	allocated := int64(0)
	for _, sample := range heap.Sample {
		script := functions(sample, "program.js")
		if len(script) == 0 || script[0] != "keeps" {
			continue
		}
		allocated += sample.Value[1]
		if want := []string{"keeps", "main", "(anonymous)"}; !slices.Equal(script, want) {
			t.Errorf("%d bytes at %q, not at %q", sample.Value[1], script, want)
		}
	}
	// Blocks of four intervals: all but one in 50 is sampled. Ten standard errors.
	if want := int64(blocks * blockBytes); allocated < want*9/10 || allocated > want*11/10 {
		t.Errorf("%d bytes are allocated, in the profile %d", want, allocated)
	}
}

// Without V8's names, too, stacks go on behind generated code.
func TestStacksAreWhole(t *testing.T) {
	whole, all := int64(0), int64(0)
	for _, sample := range run(t).Sample {
		if slices.Contains(sample.Label["memory"], "mmap") {
			continue
		}
		all += sample.Value[1]
		names := functions(sample, "")
		if last := names[len(names)-1]; last == "_start" || strings.HasPrefix(last, "__clone") || last == "clone" || strings.HasPrefix(last, "start_thread") {
			whole += sample.Value[1]
		}
	}
	if all == 0 || whole < all*95/100 {
		t.Errorf("of %d bytes %d have stacks that lead to the start of a thread", all, whole)
	}
}
