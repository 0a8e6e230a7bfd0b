package command

// Options under their names in `go tool pprof`, and their output.

import (
	"bytes"
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/profiles"
	"github.com/google/pprof/profile"
)

// Both get the same arguments.
func TestFiltersAgreeWithPprof(t *testing.T) {
	p := newService(21).next()
	for i, s := range p.Sample {
		if i%4 == 0 {
			s.Label = map[string][]string{"thread": {fmt.Sprint("worker", i%3)}, "memory": {"C"}}
		}
	}
	whole, st := write(t, p), p.SampleType[3]
	for _, l := range p.Location { // show_from takes inlined callers off each location that matches there, wherever it stands
		l.Line = l.Line[:1]
	}
	plain := write(t, p)
	for _, arguments := range []string{"-hide=f1[0-3]", "-hide=sqlite3", "-show=part1|part2", "-show=part -hide=part2", "-show_from=part3",
		"-show_from=f7$ -focus=part1 -hide=f3", "-tagfocus=memory=C", "-tagignore=thread=worker1", "-tagfocus=worker[12]", "-tagfocus=mem,worker0",
		"-tagfocus=thread=worker1,worker2 -ignore=part0", "-focus=part1 -hide=part1"} {
		words, path := strings.Fields(arguments), whole
		if strings.Contains(arguments, "show_from") {
			path = plain
		}
		ours := top(t, append([]string{"-top", path}, words...)...)
		compare(t, arguments, ours, goPprof(t, st, append(append([]string{"-filefunctions"}, words...), path)...))
	}
}

func TestBasesAgreeWithPprof(t *testing.T) {
	s := newService(22)
	base, now := write(t, s.next()), write(t, s.next())
	st := s.p.SampleType[1] // alloc_space
	for _, arguments := range [][]string{{"-diff_base", base}, {"-base", base}, {"-normalize", "-diff_base", base}} {
		ours := top(t, append(append([]string{"-top", "-sample_index=alloc_space"}, arguments...), now)...)
		theirs := goPprof(t, st, append(append([]string{"-filefunctions"}, arguments...), now)...)
		if arguments[0] == "-normalize" { // each is rounded by itself there, and here their sum is right
			near(t, table(t, ours, ourRow), table(t, theirs, theirRow))
			continue
		}
		compare(t, strings.Join(arguments, " "), ours, theirs)
	}
}

func near(t *testing.T, ours, theirs map[string]sums) {
	t.Helper()
	if len(theirs) < 10 {
		t.Fatalf("%d rows", len(theirs))
	}
	for name, want := range theirs {
		if off := ours[name].cum - want.cum; off > 500 || off < -500 {
			t.Errorf("%s has %v, pprof says %v", name, ours[name], want)
		}
	}
}

var (
	ourEdge   = regexp.MustCompile(`^ +(-?\d+) +[-\d.]+% \|   (.*)$`)
	ourNode   = regexp.MustCompile(`^ *(-?\d+) +[-\d.]+% +(-?\d+) +[-\d.]+% +\| (.*)$`)
	theirEdge = regexp.MustCompile(`^ +(-?\d+)B? +[-\d.]+% \|   (.*)$`)
	theirNode = regexp.MustCompile(`^ *(-?\d+)B? +[-\d.]+% +[-\d.]+% +(-?\d+)B? +[-\d.]+% +\| (.*)$`)
)

// peeked returns every edge and node as one line, callers before the function and callees after it.
func peeked(text string, edge, node *regexp.Regexp) map[string]bool {
	found := map[string]bool{}
	var above []string
	function := ""
	for _, line := range strings.Split(text, "\n") {
		line = inlined.ReplaceAllString(line, "")
		if m := node.FindStringSubmatch(line); m != nil {
			function = m[3]
			found[fmt.Sprintf("%s: %s %s", function, m[1], m[2])] = true
			for _, caller := range above {
				found[fmt.Sprintf("%s < %s", function, caller)] = true
			}
			above = nil
		} else if m := edge.FindStringSubmatch(line); m != nil && m[1] != "0" {
			if function == "" {
				above = append(above, m[2]+" "+m[1])
			} else {
				found[fmt.Sprintf("%s > %s %s", function, m[2], m[1])] = true
			}
		} else if strings.HasPrefix(line, "-----") {
			function, above = "", nil
		}
	}
	return found
}

func TestPeekAgreesWithPprof(t *testing.T) {
	p := newService(23).next()
	for _, f := range p.Function { // pprof names functions without their files here
		f.Filename = "/src/" + strings.NewReplacer("/", "", "(*T)", "").Replace(f.Name)[:10] + ".go"
	}
	path := write(t, p)
	for _, c := range []struct{ pattern, by, theirs string }{
		{"part1.*f1", "function", "-functions"}, {"sqlite3Step3", "function", "-functions"}, {".", "function", "-functions"},
		{"part1.*f1", "line", "-lines"}, {".", "file", "-files"},
	} {
		command := exec.Command("go", "tool", "pprof", "-peek="+c.pattern, "-trim=false", "-symbolize=none", "-unit=B", "-sample_index=inuse_space", c.theirs, path)
		theirs, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		want := peeked(string(theirs), theirEdge, theirNode)
		out := succeed(t, "top", "--exact", "-peek", c.pattern, "-by", c.by, path)
		got := peeked(out, ourEdge, ourNode)
		if len(want) < 2 {
			t.Fatalf("pprof shows\n%s", theirs)
		}
		for line := range want {
			if !got[line] {
				t.Errorf("%v: pprof has %s", c, line)
			}
		}
		for line := range got {
			if !want[line] {
				t.Errorf("%v: pprof has no %s", c, line)
			}
		}
		if t.Failed() {
			t.Fatalf("ours:\n%s\npprof's:\n%s", out, theirs)
		}
	}
}

// The sum of the traces is the profile.
func TestTracesAreAllSamples(t *testing.T) {
	p := newService(24).next()
	out := succeed(t, "top", "--exact", "-traces", write(t, p))
	var got, want int64
	first := regexp.MustCompile(`(?m)^ *(\d+)  `)
	for _, m := range first.FindAllStringSubmatch(out, -1) {
		got += number(t, m[1])
	}
	for _, s := range p.Sample {
		want += s.Value[3]
	}
	if got != want || strings.Count(out, "----------") < 100 {
		t.Fatalf("traces have %d, the profile %d", got, want)
	}
	for _, name := range []string{"-raw", "-tags"} {
		if out := succeed(t, "top", name, write(t, p)); !strings.Contains(out, "memory: ") {
			t.Fatalf("%s: %s", name, out)
		}
	}
}

func TestListAgreesWithPprofByLine(t *testing.T) {
	p := newService(25).next()
	path := write(t, p)
	lines := table(t, top(t, "--by", "line", path), ourRow)
	row := regexp.MustCompile(`^ *(\d+) +(\d+) +(\d+)  `)
	function, compared := "", 0
	for _, line := range strings.Split(succeed(t, "top", "--exact", "-list", "part1", path), "\n") {
		if name, rest, is := strings.Cut(line, " in /src"); is {
			file, _, _ := strings.Cut(rest, ",")
			function = name + " /src" + file
		} else if m := row.FindStringSubmatch(line); m != nil && m[3] != "0" {
			if want := lines[function+":"+m[3]]; want != (sums{number(t, m[1]), number(t, m[2])}) {
				t.Errorf("%s:%s has %s and %s, by line it has %v", function, m[3], m[1], m[2], want)
			}
			compared++
		}
	}
	if compared < 10 {
		t.Fatalf("%d lines were compared", compared)
	}
}

// Of three profiles of one process, memory in use is averaged and allocated memory summed.
func TestGaugesOfASeries(t *testing.T) {
	s := newService(26)
	var all []*profile.Profile
	var paths []string
	for range 3 {
		p := s.next()
		all, paths = append(all, p), append(paths, write(t, p))
	}
	sum, err := profile.Merge(all)
	if err != nil {
		t.Fatal(err)
	}
	total := func(p *profile.Profile, index int) (n int64) {
		for _, s := range p.Sample {
			n += s.Value[index]
		}
		return n
	}
	out := t.TempDir() + "/out"
	_, said, status := run(t, append([]string{"merge", "-o", out}, paths...)...)
	if status != 0 || said != "cmemprof merge: inuse_objects, inuse_space: mean of 3 files; other types: sums\n" {
		t.Fatalf("status %d: %s", status, said)
	}
	got := profiles.Read(t, out)
	for index := range 4 {
		want := total(sum, index)
		if index >= 2 {
			want = (2*want + 3) / 6
		}
		if total(got, index) != want {
			t.Errorf("%s is %d, want %d", sum.SampleType[index].Type, total(got, index), want)
		}
	}
	if len(got.Comments) != 1 || !strings.Contains(got.Comments[0], "mean of 3 files") {
		t.Errorf("comments %q", got.Comments)
	}
	for how, want := range map[string]int64{"last": total(all[2], 3), "sum": total(sum, 3),
		"max": max(total(all[0], 3), total(all[1], 3), total(all[2], 3))} {
		text := succeed(t, append([]string{"top", "--exact", "--gauges", how, "--by", "function"}, paths...)...)
		var c, g int64
		if _, err := fmt.Sscanf(text, "inuse_space: Go memory %d, C memory %d", &g, &c); err != nil || g+c != want {
			t.Errorf("%s: %d, want %d: %v\n%s", how, g+c, want, err, text)
		}
	}
}

// Command lines of go tool pprof, and messages for mistyped ones.
func TestWaysToCall(t *testing.T) {
	path := write(t, newService(27).next())
	if out := succeed(t, "-top", "-cum", path); !strings.Contains(out, "all memory by function") {
		t.Errorf("%s", out)
	}
	if out := succeed(t, "version"); out != succeed(t, "--version") || !strings.HasPrefix(out, "cmemprof ") {
		t.Errorf("version: %s", out)
	}
	if out := succeed(t, "--help", "top"); out != succeed(t, "top", "--help") {
		t.Errorf("--help top: %s", out)
	}
	for _, name := range []string{"run", "receiver", "top", "diff", "merge", "delta", "symbolize"} {
		if out := succeed(t, "help", name); out != succeed(t, name, "--help") || !strings.Contains(out, "usage: cmemprof "+name) {
			t.Errorf("help %s: %s", name, out)
		}
	}
	for _, c := range []struct {
		arguments string
		want      string
	}{
		{"mrege", "cmemprof: unknown command mrege; did you mean merge?\n"},
		{"help tpo", "cmemprof: unknown command tpo; did you mean top?\n"},
		{"frobnicate", "cmemprof: unknown command frobnicate; cmemprof --help lists the commands\n"},
		{path, fmt.Sprintf("cmemprof: %s is a file, not a command; cmemprof top %s prints a profile\n", path, path)},
		{"version --json", "cmemprof: unexpected argument --json;"},
		{"help top merge", "cmemprof: unexpected argument merge;"},
		{"top -topp " + path, "cmemprof top: unknown option -topp\n"},
		{"-topp " + path, "cmemprof top: unknown option -topp\n"},
		{"merge -hide=x " + path, "cmemprof merge: -hide is an option of cmemprof top; "},
		{"delta -cum a b", "cmemprof delta: -cum is an option of cmemprof top; "},
		{"symbolize -history a", "cmemprof symbolize: unknown option -history\n"},
		{"receiver -history", "cmemprof receiver: unknown option -history\n"},
		{"run -history true", "cmemprof run: unknown option -history\n"},
		{"top -http=:8080 " + path, "cmemprof top: -http draws a graph: "},
	} {
		if _, said, status := run(t, strings.Fields(c.arguments)...); !strings.HasPrefix(said, c.want) || (status != 2 && status != 125) {
			t.Errorf("cmemprof %s: status %d: %s", c.arguments, status, said)
		}
	}
}

// As in other tools, options may come in any place and order.
func TestFlagsBehindFiles(t *testing.T) {
	path := write(t, newService(28).next())
	want := succeed(t, "top", "-top", "-cum", path)
	if got := succeed(t, "top", path, "-cum", "-top"); got != want || !bytes.Contains([]byte(got), []byte("function")) {
		t.Error(got)
	}
}

var traceValue = regexp.MustCompile(`^(\d+)B? +(.*)$`)

// traced returns the value of each stack in a list of traces; pprof merges equal samples.
func traced(t *testing.T, text string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for _, block := range regexp.MustCompile(`(?m)^-----[-+]*\n`).Split(text, -1)[1:] {
		var stack []string
		value := int64(0)
		for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
			line = strings.TrimSpace(line)
			if m := traceValue.FindStringSubmatch(line); m != nil {
				value, line = number(t, m[1]), m[2]
			}
			if !strings.HasPrefix(line, "memory:") {
				stack = append(stack, line)
			}
		}
		found[strings.Join(stack, "\n")] += value
	}
	delete(found, "")
	return found
}

func TestTracesAgreeWithPprof(t *testing.T) {
	path := write(t, newService(29).next())
	for by, granularity := range map[string]string{"function": "-functions", "line": "-lines", "file": "-files"} {
		theirs, err := exec.Command("go", "tool", "pprof", "-traces", "-symbolize=none", "-unit=B", "-sample_index=inuse_space", granularity, path).Output()
		if err != nil {
			t.Fatal(err)
		}
		got, want := traced(t, succeed(t, "top", "--exact", "-traces", "-by", by, path)), traced(t, string(theirs))
		if len(want) < 50 || !maps.Equal(got, want) {
			t.Errorf("by %s: %d stacks, pprof has %d of other values or names:\n%s", by, len(got), len(want), theirs)
		}
	}
}
