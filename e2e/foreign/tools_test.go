package foreign

// Files that real tools write here and now, against these tools' own summaries.

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

func run(t *testing.T, environment []string, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	command.Env = built.Environment(environment...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, arguments, err, out)
	}
	return string(out)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func one(t *testing.T, pattern string) string {
	t.Helper()
	files, _ := filepath.Glob(pattern)
	if len(files) == 0 {
		t.Fatalf("no file %s", pattern)
	}
	return files[0]
}

// Samples by their leaf's name.
func byLeaf(p *profile.Profile, value int) map[string]int64 {
	leaves := map[string]int64{}
	for _, sample := range p.Sample {
		name := ""
		if len(sample.Location) > 0 && len(sample.Location[0].Line) > 0 {
			name = sample.Location[0].Line[0].Function.Name
		}
		leaves[name] += sample.Value[value]
	}
	return leaves
}

const script = `
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
globalThis.keep = [];
function allocate() { for (let i = 0; i < 3000; i++) keep.push({a: i, b: "x" + i}); }
const start = Date.now();
while (Date.now() - start < 500) { fib(20); if (keep.length < 100000) allocate(); }
setTimeout(() => keep.length, 1);
`

func TestNode(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "work.js")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, nil, "node", "--cpu-prof", "--cpu-prof-dir="+folder, "--heap-prof", "--heap-prof-dir="+folder, "--heap-prof-interval=4096", file)

	cpu := one(t, filepath.Join(folder, "*.cpuprofile"))
	var theirs struct {
		Nodes []struct {
			CallFrame struct{ FunctionName string }
			HitCount  int64
		}
		Samples            []int
		TimeDeltas         []int64
		StartTime, EndTime int64
	}
	if err := json.Unmarshal(read(t, cpu), &theirs); err != nil {
		t.Fatal(err)
	}
	p := converted(t, cpu)
	hits := map[string]int64{}
	for _, node := range theirs.Nodes {
		hits[node.CallFrame.FunctionName] += node.HitCount
	}
	if leaves := byLeaf(p, 0); leaves["fib"] != hits["fib"] || hits["fib"] == 0 || sums(p)["samples"] != int64(len(theirs.Samples)) {
		t.Errorf("samples: %v, V8 says %v", leaves, hits)
	}
	// V8's times may go back and forth by some microseconds.
	if wall, all := sums(p)["wall"], (theirs.EndTime-theirs.StartTime-theirs.TimeDeltas[0])*1000; wall != all {
		t.Errorf("%d ns, V8 says %d", wall, all)
	}

	heap := one(t, filepath.Join(folder, "*.heapprofile"))
	type node struct {
		CallFrame struct{ FunctionName string }
		SelfSize  int64
		Children  []node
	}
	var tree struct{ Head node }
	if err := json.Unmarshal(read(t, heap), &tree); err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int64{}
	var add func(node)
	add = func(n node) {
		sizes[n.CallFrame.FunctionName] += n.SelfSize
		for _, child := range n.Children {
			add(child)
		}
	}
	add(tree.Head)
	ours := byLeaf(converted(t, heap), 0)
	all := int64(0)
	for name, size := range sizes {
		all += size
		if name == "" {
			name = "(anonymous)"
		}
		if size > 0 && ours[name] != size {
			t.Errorf("%s: %d bytes, V8 says %d", name, ours[name], size)
		}
	}
	if all == 0 || sizes["allocate"] == 0 {
		t.Errorf("V8 has nothing of allocate: %v", sizes)
	}
}

// "peak heap memory consumption: 138.77K": in thousands. step: of its last digit.
func printed(t *testing.T, text, what string) (value, step float64) {
	t.Helper()
	match := regexp.MustCompile(what + `: ([0-9.]+)([BKMG]?)`).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no %s in %s", what, text)
	}
	number, _ := strconv.ParseFloat(match[1], 64)
	unit := map[string]float64{"": 1, "B": 1, "K": 1e3, "M": 1e6, "G": 1e9}[match[2]]
	_, decimals, _ := strings.Cut(match[1], ".")
	return number * unit, unit * math.Pow10(-len(decimals))
}

func TestHeaptrack(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	run(t, nil, "heaptrack", "-o", filepath.Join(folder, "heaptrack"), "perl", "-e", `my @a; push @a, "x" x 100 . $_ for 1..20000; @a = (); push @a, $_ for 1..100`)
	file := one(t, filepath.Join(folder, "heaptrack.*"))
	summary := run(t, nil, "heaptrack_print", file)
	p := converted(t, file)
	for what, value := range map[string]int64{
		"calls to allocation functions": sums(p)["alloc_objects"],
		"peak heap memory consumption":  sums(p)["peak_space"],
		"total memory leaked":           sums(p)["inuse_space"],
	} {
		if theirs, step := printed(t, summary, what); theirs == 0 || math.Abs(float64(value)-theirs) > step {
			t.Errorf("%s: %d, heaptrack_print says %g", what, value, theirs)
		}
	}
	if sums(p)["peak_space"] < 2_000_000 {
		t.Errorf("the peak is only %d bytes", sums(p)["peak_space"])
	}
}

func TestJemalloc(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	program, err := exec.LookPath("perl")
	if err != nil {
		t.Fatal(err)
	}
	run(t, []string{"LD_PRELOAD=libjemalloc.so.2", "MALLOC_CONF=prof:true,lg_prof_sample:12,prof_final:true,prof_accum:true,prof_prefix:" + folder + "/je"},
		program, "-e", `my @a; push @a, "x" x 100 . $_ for 1..20000; my @b = map { "y" x 5000 } 1..200; @b = (); kill 0; exit 0`)
	file := one(t, filepath.Join(folder, "je.*.heap"))
	p := converted(t, file)
	for kind, name := range map[string]string{"--inuse_space": "inuse_space", "--alloc_objects": "alloc_objects"} {
		// "Total: 2.5 MB" or "Total: 123 objects".
		out := run(t, nil, "jeprof", "--text", "--show_bytes", kind, program, file)
		match := regexp.MustCompile(`Total: ([0-9.]+) ?(objects|B)?`).FindStringSubmatch(out)
		if match == nil {
			t.Fatalf("jeprof: %.500s", out)
		}
		theirs, _ := strconv.ParseFloat(match[1], 64)
		// jeprof adds up what it has not cut to whole numbers.
		if ours := float64(sums(p)[name]); theirs == 0 || math.Abs(ours-theirs) > float64(2*len(p.Sample))+1 {
			t.Errorf("%s: %.0f, jeprof says %.0f", name, ours, theirs)
		}
	}
	if !strings.Contains(p.String(), "libjemalloc") {
		t.Errorf("no mapping of libjemalloc in %s", p)
	}
}

func TestGperftools(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	work := `my @a; for my $i (1..30) { push @a, "x" x 1000 . $_ for 1..3000; @a = () if $i % 10 == 0 } my $s = 0; $s += $_ * $_ for 1..5000000`
	run(t, []string{"LD_PRELOAD=libtcmalloc.so.4", "HEAPPROFILE=" + folder + "/heap"}, "/usr/bin/perl", "-e", work)
	compare(t, "heap", read(t, one(t, filepath.Join(folder, "heap.*.heap"))))
	run(t, []string{"LD_PRELOAD=libprofiler.so.0", "CPUPROFILE=" + folder + "/cpu"}, "/usr/bin/perl", "-e", work)
	if p := compare(t, "cpu", read(t, filepath.Join(folder, "cpu"))); sums(p)["samples"] == 0 {
		t.Error("no CPU samples")
	}
}

// A file of perf 6.1 with two events and stacks of kernel and user, where perf cannot record: its totals are those that perf report said.
func TestPerfScriptKept(t *testing.T) {
	t.Parallel()
	p := converted(t, "../../testdata/foreign/perf.script")
	if all := sums(p); all["samples"] != 12 || all["cpu-clock"] != 70707070 || all["page-faults"] != 233 {
		t.Errorf("sums %v", all)
	}
	reported := map[string]int64{
		"Perl_pp_gvsv": 2, "Perl_pp_iter": 1, "Perl_pp_multiply": 2, "Perl_pp_padsv": 1, "Perl_pp_unstack": 1,
		"_dl_start": 1, "_start": 1, "dl_main": 1, "elf_load": 2,
	}
	if leaves := byLeaf(p, 0); !maps.Equal(leaves, reported) {
		t.Errorf("leaves %v", leaves)
	}
	events := map[string]int64{}
	for _, sample := range p.Sample {
		events[sample.Label["event"][0]] += sample.Value[0]
	}
	if events["cpu-clock"] != 7 || events["page-faults"] != 5 {
		t.Errorf("events %v", events)
	}
}

func TestPerfScript(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data := filepath.Join(folder, "perf.data")
	record := exec.Command("perf", "record", "-o", data, "-e", "cpu-clock", "-g", "perl", "-e", `my $s = 0; sub f { $s += $_ * $_ for 1..3000000 } f()`)
	if out, err := record.CombinedOutput(); err != nil {
		t.Skipf("perf record does not run here: %v\n%s", err, out)
	}
	out, err := exec.Command("perf", "script", "-i", data).Output()
	if err != nil {
		t.Fatal(err)
	}
	p := converted(t, write(t, "script", out))
	// "# Samples: 12  of event 'cpu-clock:pppH'", "# Event count (approx.): 3000000".
	report, err := exec.Command("perf", "report", "-i", data, "--stdio", "--no-children", "-g", "none", "--sort", "sym", "-F", "sample,sym").Output()
	if err != nil {
		t.Fatal(err)
	}
	count := regexp.MustCompile(`Event count \(approx\.\): (\d+)`).FindSubmatch(report)
	if count == nil || fmt.Sprint(sums(p)["cpu-clock"]) != string(count[1]) {
		t.Errorf("%d ns, perf report says %s", sums(p)["cpu-clock"], count)
	}
	// "      41  [.] Perl_pp_multiply".
	leaves, seen := byLeaf(p, 0), 0
	for _, line := range regexp.MustCompile(`(?m)^\s+(\d+)\s+\[[.k]\] (\S+)\s*$`).FindAllStringSubmatch(string(report), -1) {
		if !strings.HasPrefix(line[2], "0x") {
			seen++
			if fmt.Sprint(leaves[line[2]]) != line[1] {
				t.Errorf("%s: %d samples, perf report says %s", line[2], leaves[line[2]], line[1])
			}
		}
	}
	if seen == 0 {
		t.Errorf("nothing in perf report: %s", report)
	}
}
