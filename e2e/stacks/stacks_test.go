// Package stacks tests that stacks are right: a program allocates in C through all kinds of stacks, at an interval of 1 byte, and every stack must
// be the expected one from leaf to root, C functions and Go functions.
package stacks

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
)

// facts is written by program/main.go.
type facts struct {
	Stats              map[string]uint64
	Functions          map[string]uint64
	TextStart, TextEnd uint64
}

// functionAt returns the program's C function at an address: the one with the greatest start that is not above it.
func (f *facts) functionAt(address uint64) string {
	var found string
	if address < f.TextStart || address >= f.TextEnd {
		return ""
	}
	for name, start := range f.Functions {
		if start <= address && (found == "" || start > f.Functions[found]) {
			found = name
		}
	}
	return found
}

type outcome struct {
	program  string // its file
	facts    facts
	goHeap   []byte
	c        []byte
	cProfile *profile.Profile
}

func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if output, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output)
	}
}

// runProgram runs what was built.
func runProgram(t *testing.T, program string, arguments ...string) {
	t.Helper()
	command := exec.Command(program, arguments...)
	run(t, command.Path, command.Args[1:]...)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// buildAndRun builds the libraries and the program. linkFlags are added to go build's -ldflags.
func buildAndRun(t *testing.T, linkFlags string, buildFlags ...string) outcome {
	t.Helper()
	directory := t.TempDir()
	for _, prefix := range []string{"linked", "opened", "closed"} {
		run(t, "gcc", "-std=gnu11", "-O2", "-g", "-shared", "-fPIC", "-DPREFIX="+prefix, "-o", filepath.Join(directory, "lib"+prefix+".so"),
			"library/library.c")
	}
	program := filepath.Join(directory, "program")
	linkFlags = fmt.Sprintf("%s -extldflags '-L%s -Wl,--no-as-needed -llinked -Wl,-rpath,%s'", linkFlags, directory, directory)
	run(t, "go", append(append([]string{"build", "-o", program, "-ldflags", linkFlags}, buildFlags...), "./program")...)
	runProgram(t, program, directory, filepath.Join(directory, "libopened.so"), filepath.Join(directory, "libclosed.so"))

	o := outcome{program: program, goHeap: read(t, filepath.Join(directory, "go.pprof")), c: read(t, filepath.Join(directory, "c.pprof"))}
	if err := json.Unmarshal(read(t, filepath.Join(directory, "facts.json")), &o.facts); err != nil {
		t.Fatal(err)
	}
	var err error
	if o.cProfile, err = profile.ParseData(o.c); err != nil {
		t.Fatal(err)
	}
	return o
}

// isNameless reports whether the name is file and offset.
func isNameless(l *profile.Location) bool {
	fileOffset := fmt.Sprintf("%s+%#x", filepath.Base(l.Mapping.File), l.Address-l.Mapping.Start+l.Mapping.Offset)
	return len(l.Line) == 0 || len(l.Line) == 1 && l.Line[0].Function.Name == fileOffset
}

// stackOf expands a sample into functions, leaf first. A nameless address must have a mapping, so that it can be named later.
func (o *outcome) stackOf(t *testing.T, sample *profile.Sample) []frame {
	t.Helper()
	var stack []frame
	for _, location := range sample.Location {
		if location.Mapping == nil || location.Mapping.File == "" {
			if !built.IsEmulated() { // qemu-user does not show where its signal handlers return
				t.Errorf("address %#x has no mapping", location.Address)
			}
			continue
		}
		here := frame{object: filepath.Base(location.Mapping.File), inProgram: location.Mapping.File == o.program}
		if len(location.Line) == 0 {
			t.Errorf("address %#x in %s has no function, which some readers drop and others crash at", location.Address, location.Mapping.File)
		}
		if isNameless(location) {
			if location.Mapping.BuildID == "" {
				t.Errorf("address %#x in %s has neither a name nor a build ID", location.Address, location.Mapping.File)
			}
			if here.inProgram {
				here.name = o.facts.functionAt(location.Address)
			}
			stack = append(stack, here)
			continue
		}
		for _, line := range location.Line {
			here.name, here.fromSymbol = line.Function.Name, true
			stack = append(stack, here)
		}
	}
	return stack
}

func show(stack []frame) string {
	var text strings.Builder
	for _, f := range stack {
		fmt.Fprintf(&text, "\n\t%-60s [%s]", f.name, f.object)
	}
	return text.String()
}

func testExpectations(t *testing.T, o outcome, stripped bool) {
	stacks := make([][]frame, len(o.cProfile.Sample))
	for i, sample := range o.cProfile.Sample {
		stacks[i] = o.stackOf(t, sample)
	}
	for _, expected := range expectations {
		var objects int64
		for i, stack := range stacks {
			if !slices.ContainsFunc(stack, func(f frame) bool { return f.name == expected.marker }) {
				continue
			}
			objects += o.cProfile.Sample[i].Value[0]
			if !matches(expected.pattern, stack, stripped) {
				t.Errorf("%s: not as expected:%s", expected.marker, show(stack))
			}
		}
		if objects == 0 || expected.objects != 0 && objects != expected.objects {
			t.Errorf("%s: %d allocations, expected %d", expected.marker, objects, expected.objects)
		}
	}
}

// testNames compares the names in the profile with the program's own table.
func testNames(t *testing.T, o outcome, stripped bool) {
	compared, goNames := 0, 0
	for _, location := range o.cProfile.Location {
		name := ""
		if count := len(location.Line); count > 0 {
			name = location.Line[count-1].Function.Name // the last is the one that the others were inlined into
		}
		if strings.HasPrefix(name, "main.") || strings.HasPrefix(name, "runtime.") {
			goNames++
			if function := location.Line[0].Function; function.Filename == "" || function.StartLine == 0 || location.Line[0].Line == 0 {
				t.Errorf("%s has no file or no lines: %s:%d, start %d", function.Name, function.Filename, location.Line[0].Line, function.StartLine)
			}
		}
		if truth := o.facts.functionAt(location.Address); truth != "" && !(stripped && isNameless(location)) {
			compared++
			if name != truth {
				t.Errorf("%#x is named %q, and is %s", location.Address, name, truth)
			}
		}
	}
	if !stripped && compared < 30 || goNames < 30 {
		t.Errorf("only %d C names and %d Go names to compare", compared, goNames)
	}
}

func testStats(t *testing.T, o outcome) {
	t.Logf("counters: %v", o.facts.Stats)
	// Cut is too_deep_leaf.
	expected := map[string]uint64{"CutNoRule": 0, "CutUnsupported": 0, "CutUnreadable": 0, "CutDepth": 1, "LostStacks": 0, "LostLive": 0}
	for name, count := range expected {
		if o.facts.Stats[name] != count {
			t.Errorf("%s is %d, not %d", name, o.facts.Stats[name], count)
		}
	}
	var objects uint64
	for _, sample := range o.cProfile.Sample {
		if !slices.Contains(sample.Label["memory"], "mmap") { // mappings are no samples
			objects += uint64(sample.Value[0])
		}
	}
	if objects != o.facts.Stats["Samples"] {
		t.Errorf("the profile has %d allocations, and %d were sampled", objects, o.facts.Stats["Samples"])
	}
}

// testMerge: merged with Go's own profile, the two are one process: two mappings of the program, one of Go's code and one of C's; the same functions, and the same locations of callers.
func testMerge(t *testing.T, o outcome, stripped bool) {
	merged, err := merge.Merge(o.goHeap, o.c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(merged)
	if err != nil {
		t.Fatal(err)
	}
	var ofProgram []string
	for _, mapping := range p.Mapping {
		if mapping.File == o.program {
			ofProgram = append(ofProgram, fmt.Sprintf("%#x-%#x+%#x %s", mapping.Start, mapping.Limit, mapping.Offset, mapping.BuildID))
		}
	}
	// Go's code has one, and C's.
	if len(ofProgram) != 2 || p.Mapping[0].File != o.program || p.Mapping[0].BuildID == "" {
		t.Errorf("the program's mappings are %q, and the first of all is %s", ofProgram, p.Mapping[0].File)
	}
	functions := map[string]*profile.Function{}
	for _, f := range p.Function {
		key := f.Name + " " + f.Filename
		if before := functions[key]; before != nil && strings.HasPrefix(f.Name, "main.") {
			t.Errorf("%s is there twice, starting at lines %d and %d", f.Name, before.StartLine, f.StartLine)
		}
		functions[key] = f
	}
	// Callers of callBoth, in the sample of each kind.
	callers := map[string][]uint64{}
	for _, sample := range p.Sample {
		kind := "Go"
		if slices.Equal(sample.Label["memory"], []string{"C"}) {
			kind = "C"
		}
		at := slices.IndexFunc(sample.Location, func(l *profile.Location) bool {
			return slices.ContainsFunc(l.Line, func(line profile.Line) bool { return line.Function.Name == "main.callBoth" })
		})
		if at < 0 {
			continue
		}
		ids := []uint64{sample.Location[at].Line[0].Function.ID}
		for _, location := range sample.Location[at+1:] {
			ids = append(ids, location.ID)
		}
		callers[kind] = ids
	}
	if len(callers["C"]) < 4 || !slices.Equal(callers["Go"], callers["C"]) {
		t.Errorf("main.callBoth and its callers are locations %v for Go and %v for C", callers["Go"], callers["C"])
	}
}

const withoutRaces = "ThreadSanitizer, which was not tried there"

func TestStacks(t *testing.T) {
	for _, mode := range []struct {
		name, linkFlags string
		buildFlags      []string
		stripped        bool
	}{
		{name: "default"},
		{name: "stripped", linkFlags: "-s -w", stripped: true},
		{name: "pie", buildFlags: []string{"-buildmode=pie"}},
		{name: "race", buildFlags: []string{"-race"}},
	} {
		t.Run(mode.name, func(t *testing.T) {
			if mode.name == "race" {
				built.NotEmulated(t, withoutRaces)
			}
			o := buildAndRun(t, mode.linkFlags, mode.buildFlags...)
			testExpectations(t, o, mode.stripped)
			testNames(t, o, mode.stripped)
			testStats(t, o)
			testMerge(t, o, mode.stripped)
		})
	}
}
