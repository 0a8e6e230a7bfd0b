// Package cpu tests Go's CPU profile with C functions: whole stacks from C to Go, names and mappings that viewers understand, crashes, and a storm
// of signals.
package cpu

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

type facts struct {
	Times struct {
		ProcessNs, SampledNs, UnsampledNs, AddedNs, Nameless uint64
		Weight                                               float64
	}
	Stats struct{ Stacks, LeftOut, Busy, CutNoRule, CutUnsupported, CutUnreadable, CutDepth uint64 }
	// Of stress.
	Signals uint64
}

func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	output, err := exec.Command(name, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output)
	}
	return string(output)
}

var directory string // of binaries; "": none yet

// binaries has the program and its libraries. Built once.
var binaries = sync.OnceValues(func() (string, error) {
	var err error
	if directory, err = os.MkdirTemp("", "cpu"); err != nil {
		return "", err
	}
	flags := fmt.Sprintf("-extldflags '-L%s -Wl,--no-as-needed -lburn -Wl,-rpath,%s'", directory, directory)
	for _, command := range [][]string{
		{"gcc", "-O2", "-shared", "-fPIC", "-s", "-Wl,--build-id", "-o", filepath.Join(directory, "libburn.so"), "library/library.c"},
		{"gcc", "-O2", "-g", "-shared", "-fPIC", "-o", filepath.Join(directory, "plugin.so"), "library/plugin.c"},
		{"go", "build", "-o", filepath.Join(directory, "program"), "-ldflags", flags, "./program"},
		{"strip", "-o", filepath.Join(directory, "stripped"), filepath.Join(directory, "program")},
	} {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return directory, fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, output)
		}
	}
	return directory, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if directory != "" {
		os.RemoveAll(directory)
	}
	os.Exit(code)
}

// outcome is one run's.
type outcome struct {
	directory  string // of its files, with the program
	program    string
	facts      facts
	cpu, goCPU *profile.Profile
}

// runProgram runs a copy of the program, since viewers look for it at its path.
func runProgram(t *testing.T, of string, workloads ...string) outcome {
	t.Helper()
	source, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	o := outcome{directory: t.TempDir()}
	o.program = filepath.Join(o.directory, "program")
	run(t, "cp", filepath.Join(source, of), o.program)
	run(t, "cp", filepath.Join(source, "plugin.so"), o.directory)
	run(t, o.program, append([]string{o.directory}, workloads...)...)
	text, err := os.ReadFile(filepath.Join(o.directory, "facts.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &o.facts); err != nil {
		t.Fatal(err)
	}
	o.cpu, o.goCPU = parse(t, o.file("cpu.pprof")), parse(t, o.file("go.pprof"))
	return o
}

func (o *outcome) file(name string) string { return filepath.Join(o.directory, name) }

func parse(t *testing.T, path string) *profile.Profile {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p, err := profile.Parse(file)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return p
}

func functionsOf(s *profile.Sample) (functions []string) {
	for _, location := range s.Location {
		for _, line := range location.Line {
			functions = append(functions, line.Function.Name)
		}
	}
	return functions
}

// hasChain reports whether the stack has these functions one after the other, leaf first.
func hasChain(functions, chain []string) bool {
	for i := 0; i+len(chain) <= len(functions); i++ {
		if slices.Equal(functions[i:i+len(chain)], chain) {
			return true
		}
	}
	return false
}

func timeOf(p *profile.Profile, chain ...string) (ns int64) {
	for _, s := range p.Sample {
		if hasChain(functionsOf(s), chain) {
			ns += s.Value[1]
		}
	}
	return ns
}

// isGo reports whether the code is Go's, which is named by package.
func isGo(function string) bool {
	return strings.HasPrefix(function, "main.") || strings.HasPrefix(function, "runtime.") || strings.HasPrefix(function, "runtime/")
}

// endsWhereItBegan counts the ticks of stacks with C frames, and of these the ones that end in a goroutine's or a thread's first function.
func endsWhereItBegan(p *profile.Profile) (all, whole int64) {
	starts := []string{"start_thread", "__clone3", "clone3", "clone", "__clone", "__GI___clone3"}
	for _, s := range p.Sample {
		functions := functionsOf(s)
		if len(functions) == 0 || !slices.ContainsFunc(functions, func(f string) bool { return !isGo(f) }) || functions[0] == "(CPU time not sampled)" {
			continue
		}
		all += s.Value[0]
		root := functions[len(functions)-1]
		if isGo(root) && !strings.HasPrefix(root, "runtime.cgo") || slices.Contains(starts, root) || strings.HasPrefix(root, "libc.so.6+") {
			whole += s.Value[0]
		}
	}
	return all, whole
}

func nest(n int) (argument string) {
	argument = "int"
	for i := 12; i > n; i-- {
		argument = fmt.Sprintf("deep::nest<%d, %s>*", i, argument)
	}
	return fmt.Sprintf("deep::nest<%d, %s>::run(long long, %s)", n, argument, argument)
}

func repeated(function string, n int) []string { return slices.Repeat([]string{function}, n) }

func TestStacksLeadFromCToGo(t *testing.T) {
	o := runProgram(t, "program", "plain", "400", "recursive", "300", "templates", "300", "library", "300", "thread", "300", "callback", "300",
		"throwing", "400", "bottomless", "200", "threads", "200", "loading", "300", "go", "300")
	caller := []string{"main.runAll.func1"}
	for name, c := range map[string]struct {
		ms    int64
		chain []string
	}{
		"inlined C":     {400, []string{"burn_step", "burn_spin", "burn_plain"}},
		"to Go":         {400, append([]string{"runtime.cgocall", "main._Cfunc_burn_plain", "main.init.func1"}, caller...)},
		"C++":           {300, []string{"burn_spin", nest(0), nest(1), nest(2)}},
		"C++, outside":  {300, []string{nest(11), nest(12), "burn_templates"}},
		"a thread of C": {300, []string{"burn_spin", "burn_plain", "burn_thread"}},
		// Go's own unwinder follows a callback into the Go function that called C.
		"callback":   {300, []string{"runtime.cgocall", "main._Cfunc_burn_callback", "main.goCallback"}},
		"gap":        {300, slices.Concat([]string{"burn_deep", "(72 frames left out)"}, repeated("burn_deep", 14), []string{"burn_recursive"})},
		"plugin":     {300, []string{"plugin_spin", "plugin_work", "burn_loading"}},
		"inlined Go": {100, []string{"main.goInlined", "main.goOuter"}},
	} {
		// Half of it: what else these functions call, and what the processor gives at the moment, is not the test's.
		if ns := timeOf(o.cpu, c.chain...); ns < c.ms*1e6/2 {
			t.Errorf("%s: %d ms in %q", name, ns/1e6, c.chain)
		}
	}
	if ns := timeOf(o.cpu, "burn_library", "burn_through_library"); ns < 150e6 {
		t.Errorf("%d ms below the library's function", ns/1e6)
	}
	if all, whole := endsWhereItBegan(o.cpu); all < 200 || whole*100 < all*99 {
		t.Errorf("%d of %d ticks in C have whole stacks", whole, all)
	}
	if o.facts.Stats.LeftOut == 0 || o.facts.Stats.CutDepth == 0 || o.facts.Stats.CutUnreadable != 0 || o.facts.Stats.Busy != 0 {
		t.Errorf("%+v", o.facts.Stats)
	}
	var total uint64
	for _, s := range o.cpu.Sample {
		total += uint64(s.Value[1])
	}
	if used := o.facts.Times.ProcessNs; total < used/100*97-50e6 || total > used/100*110 || total != o.facts.Times.SampledNs+o.facts.Times.UnsampledNs {
		t.Errorf("the profile has %d ms, the process used %d ms; %+v", total/1e6, used/1e6, o.facts.Times)
	}
	if err := o.cpu.CheckValid(); err != nil {
		t.Error(err)
	}
}

// Go takes no sample of a call into C that runs when the profile starts.
func TestACallThatRunsAlready(t *testing.T) {
	o := runProgram(t, "program", "early-plain", "1200")
	chain := []string{"burn_spin", "burn_plain", "runtime.cgocall", "main._Cfunc_burn_plain", "main.init.func1", "main.startAhead.func1"}
	used, shown := int64(o.facts.Times.ProcessNs), timeOf(o.cpu, chain...)
	if shown < used*8/10-50e6 || shown > used*11/10 || o.facts.Times.UnsampledNs != 0 && o.facts.Times.AddedNs == 0 {
		t.Errorf("%d of %d ms are shown; %+v", shown/1e6, used/1e6, o.facts.Times)
	}
	if ns := timeOf(o.goCPU, "main._Cfunc_burn_plain"); ns > used/2 {
		t.Errorf("this Go takes samples of it, %d ms: are they counted twice?", ns/1e6)
	}
}

// Go's writer loses the names of all inlined Go functions if one address in the program has no name; so do viewers.
func TestViewersShowAllNames(t *testing.T) {
	for _, of := range []string{"program", "stripped"} {
		o := runProgram(t, of, "plain", "300", "library", "200", "go", "300")
		source, _ := binaries()
		top := func(arguments ...string) string {
			// This machine's pprof, where the programs are another's.
			return run(t, "env", append([]string{"GOARCH=", "CGO_ENABLED=0", "go", "tool", "pprof", "-top", "-nodecount=1000", "-nodefraction=0"}, arguments...)...)
		}
		want := func(what, output string, names ...string) {
			for _, name := range names {
				if !strings.Contains(output, name) {
					t.Errorf("%s, %s: %s is missing in\n%s", of, what, name, output)
				}
			}
		}
		named := []string{"main.goInlined (inline)", "main.goOuter", "main._Cfunc_burn_plain", "runtime.cgocall", "libburn.so+0x"}
		ofC := []string{"burn_spin", "burn_plain", "burn_through_library"}
		if of == "program" {
			want("program at its path", top(o.file("cpu.pprof")), append(ofC, named...)...)
			want("with the program", top(o.program, o.file("cpu.pprof")), append(ofC, named...)...)
			// pprof itself forgets Go's inlined functions then, as those of a profile of Go alone, but no frame.
			want("forced", top("-symbolize=force", o.file("cpu.pprof")), append(ofC, "main.goOuter", "main._Cfunc_burn_plain")...)
		} else {
			want("stripped", top(o.file("cpu.pprof")), append(named, "program+0x")...)
			// The file with symbols names C, and Go's names stay.
			want("with symbols", top(filepath.Join(source, "program"), o.file("cpu.pprof")), append(ofC, named...)...)
			want("heap with symbols", top("-sample_index=alloc_space", filepath.Join(source, "program"), o.file("heap.pprof")), "Type: alloc_space")
		}
		if err := os.Remove(o.program); err != nil {
			t.Fatal(err)
		}
		want("program is gone", top(o.file("cpu.pprof")), named...)
	}
}

func TestMappingsAreApart(t *testing.T) {
	o := runProgram(t, "stripped", "plain", "100", "go", "100")
	for _, p := range []*profile.Profile{o.cpu, parse(t, o.file("heap.pprof"))} {
		of := map[string]map[bool]bool{} // by file: Go's, with functions
		for _, s := range p.Sample {
			for _, location := range s.Location {
				if location.Mapping == nil || location.Mapping.File != o.program {
					continue
				}
				key := fmt.Sprintf("%#x", location.Mapping.Limit)
				if of[key] == nil {
					of[key] = map[bool]bool{}
				}
				name := location.Line[0].Function.Name
				// What the stripped program names of C: burn_done is exported, since the library calls it.
				isGo := !strings.HasPrefix(name, "program+0x") && !strings.HasPrefix(name, "_") && name != "burn_done"
				of[key][isGo] = true
				if isGo && !location.Mapping.HasFunctions {
					t.Errorf("%s is in a mapping that lacks names", name)
				}
			}
		}
		if len(of) == 0 {
			t.Error("nothing of the program")
		}
		for limit, kinds := range of {
			if len(kinds) != 1 {
				t.Errorf("the mapping to %s has Go's code and C's", limit)
			}
		}
	}
}

// crash runs what ends the program with SIGSEGV, and returns the functions that addr2line finds for the C frames of what Go prints.
func crash(t *testing.T, workload, caller string) string {
	t.Helper()
	directory, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command(filepath.Join(directory, "program"), directory, workload, "1").CombinedOutput()
	if err == nil {
		t.Fatal("it did not crash")
	}
	text := string(output)
	register := "\nrax "
	if built.IsEmulated() {
		register = "\nr0 "
	}
	for _, want := range []string{"SIGSEGV: segmentation violation", "signal arrived during cgo execution", "runtime.cgocall(", caller + "(", register} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	offsets := []string{"-f", "-e", filepath.Join(directory, "program")}
	for _, line := range strings.Split(text[:max(strings.Index(text, "runtime.cgocall("), 0)], "\n") {
		if offset, isFrame := strings.CutPrefix(line, "program+"); isFrame {
			offsets = append(offsets, offset)
		}
	}
	if len(offsets) == 3 {
		t.Fatalf("no C frames in\n%s", text)
	}
	return run(t, "addr2line", offsets...)
}

func TestCrashInC(t *testing.T) {
	if named := crash(t, "crash", "main._Cfunc_burn_crash"); strings.Count(named, "burn_deep") != 4 || !strings.Contains(named, "burn_crash") {
		t.Errorf("addr2line says\n%s", named)
	}
	if named := crash(t, "null", "main._Cfunc_burn_null"); !strings.HasPrefix(named, "burn_null\n") {
		t.Errorf("after a call through a NULL pointer addr2line says\n%s", named)
	}
}

// withoutC returns the profile as of before: time in C ends at runtime.cgocall.
func withoutC(p *profile.Profile) *profile.Profile {
	p = p.Copy()
	var samples []*profile.Sample
	for _, s := range p.Sample {
		s.Location = slices.DeleteFunc(slices.Clone(s.Location), func(l *profile.Location) bool {
			return len(l.Line) == 0 || !isGo(l.Line[0].Function.Name) && l.Line[0].Function.StartLine == 0 || strings.HasSuffix(l.Line[0].Function.Filename, ".c")
		})
		if len(s.Location) > 0 {
			samples = append(samples, s)
		}
	}
	p.Sample = samples
	return p.Compact()
}

// The compiler's decisions with the profile are those without the C functions in it.
func TestProfileGuidedOptimization(t *testing.T) {
	o := runProgram(t, "program", "plain", "600", "recursive", "300", "go", "600")
	file, err := os.Create(o.file("without.pprof"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := withoutC(o.cpu).Write(file); err != nil {
		t.Fatal(err)
	}
	decisions := func(pgo string) string {
		lines := strings.Split(run(t, "go", "build", "-pgo="+pgo, "-gcflags=-m", "./hot"), "\n")
		slices.Sort(lines)
		return strings.Join(slices.Compact(lines), "\n")
	}
	with, without, none := decisions(o.file("cpu.pprof")), decisions(o.file("without.pprof")), decisions("off")
	if !strings.Contains(with, "inlining call to work") || strings.Contains(none, "inlining call to work") {
		t.Errorf("the profile makes no difference:\n%s", with)
	}
	if with != without {
		t.Errorf("with C functions:\n%s\nwithout:\n%s", with, without)
	}
}

func TestAStormOfSignals(t *testing.T) {
	stacks := "5000"
	if os.Getenv("CMEMPROF_STRESS") == "full" {
		stacks = "260000" // with more than a million signals
	}
	o := runProgram(t, "program", "stress", stacks)
	all, whole := endsWhereItBegan(o.cpu)
	t.Logf("%d signals; %d of %d ticks in C have whole stacks; %+v", o.facts.Signals, whole, all, o.facts.Stats)
	if all < 1000 || whole*100 < all*99 {
		t.Errorf("%d of %d ticks in C have whole stacks", whole, all)
	}
	if cut := o.facts.Stats.CutNoRule + o.facts.Stats.CutUnsupported + o.facts.Stats.CutUnreadable; cut*100 > o.facts.Stats.Stacks {
		t.Errorf("%+v", o.facts.Stats)
	}
}
