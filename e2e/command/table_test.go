package command

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// sums of a row: flat and cumulative.
type sums struct{ flat, cum int64 }

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.TrimRight(text, "Bns"), 10, 64)
	if err != nil {
		t.Fatalf("%q is no number: %v", text, err)
	}
	return n
}

var (
	ourRow   = regexp.MustCompile(`^ *([-+]?\d+) +[-+]?[\d.]+%(?: +[-+]?\d+)? +([-+]?\d+) +[-+]?[\d.]+%  (.*)$`)
	theirRow = regexp.MustCompile(`^ *(-?[\d.]+)[Bns]* +[-\d.e]+% +[-\d.e]+% +(-?[\d.]+)[Bns]* +[-\d.e]+%  (.*)$`)
	inlined  = regexp.MustCompile(` \((partial-)?inline\)$`)
	address  = regexp.MustCompile(`^[0-9a-f]{16} `)
)

// table parses a printed table by name. Nameless rows are left out: pprof merges all addresses of an object.
func table(t *testing.T, text string, row *regexp.Regexp) map[string]sums {
	t.Helper()
	found := map[string]sums{}
	for _, line := range strings.Split(text, "\n") {
		if m := row.FindStringSubmatch(line); m != nil {
			name := address.ReplaceAllString(inlined.ReplaceAllString(m[3], ""), "")
			values := sums{number(t, m[1]), number(t, m[2])}
			if _, twice := found[name]; twice {
				t.Fatalf("%s stands there twice:\n%s", name, text)
			}
			if values != (sums{}) && !strings.HasPrefix(name, "[") && !strings.Contains(name, "+0x") && name != "(no stack)" && name != "<unknown>" && name != "unknown" {
				found[name] = values
			}
		}
	}
	return found
}

func compare(t *testing.T, what, ours, theirs string) {
	t.Helper()
	got, want := table(t, ours, ourRow), table(t, theirs, theirRow)
	for name, values := range want {
		if got[name] != values {
			t.Errorf("%s: %s has %v, pprof says %v", what, name, got[name], values)
		}
	}
	for name := range got {
		if _, known := want[name]; !known {
			t.Errorf("%s: %s is not in pprof's table", what, name)
		}
	}
	if t.Failed() {
		t.Fatalf("cmemprof:\n%s\npprof:\n%s", ours, theirs)
	}
}

func top(t *testing.T, arguments ...string) string {
	t.Helper()
	return succeed(t, append([]string{"top", "--exact", "--lines", "1000000"}, arguments...)...)
}

// checkTops compares all sample types by function, and one by line and file.
func checkTops(t *testing.T, what string, p *profile.Profile) {
	t.Helper()
	path := write(t, p)
	for i, st := range p.SampleType {
		for by, granularity := range map[string]string{"function": "-filefunctions", "line": "-lines", "file": "-files"} {
			if i > 0 && by != "function" {
				continue
			}
			ours := top(t, "--type", st.Type, "--by", by, path)
			compare(t, fmt.Sprintf("%s, %s by %s", what, st.Type, by), ours, goPprof(t, st, granularity, path))
		}
	}
}

func TestTopOfCapturesAgreesWithPprof(t *testing.T) {
	rows := 0
	for name, p := range captured(t) {
		if strings.HasSuffix(name, "/events.pprof") { // labels without functions: frames are made of them here
			if got := table(t, top(t, "--by", "function", write(t, p)), ourRow); len(got) < 2 {
				t.Errorf("%s: %v", name, got)
			}
			continue
		}
		p.DropFrames = "" // pprof leaves these frames out, cmemprof shows them
		for _, f := range p.Function {
			f.StartLine = 0 // pprof -files makes a row of each of these
		}
		checkTops(t, name, p)
		rows += len(p.Function)
	}
	if rows < 100 {
		t.Fatalf("only %d functions were compared", rows)
	}
}

func TestTopOfServicesAgreesWithPprof(t *testing.T) {
	for seed := range int64(3) {
		p := newService(seed).next()
		if seed == 2 { // as in a difference
			for i, s := range p.Sample {
				s.Value[3] *= int64(1 - i%3)
			}
		}
		checkTops(t, fmt.Sprintf("seed %d", seed), p)
	}
}

func TestTopOfSeveralFiles(t *testing.T) {
	s := newService(7)
	a, b := write(t, s.next()), write(t, s.next())
	st := s.p.SampleType[3]
	compare(t, "two files", top(t, "--gauges", "sum", "--by", "function", a, b), goPprof(t, st, "-filefunctions", a, b))
}

func TestFocusAndIgnoreAgreeWithPprof(t *testing.T) {
	p := newService(8).next()
	path, st := write(t, p), p.SampleType[3]
	for _, arguments := range [][]string{{"focus=f1[0-3]"}, {"ignore=sqlite3\\.c$"}, {"focus=part1|part2", "ignore=f7$"}, {"focus=/lib/libsqlite3"}, {"focus=nothing"}} {
		var ours, theirs []string
		for _, a := range arguments {
			ours, theirs = append(ours, "--"+a), append(theirs, "-"+a)
		}
		got := top(t, append([]string{"--by", "function", path}, ours...)...)
		if arguments[0] == "focus=nothing" { // pprof takes this for a mistake
			if len(table(t, got, ourRow)) != 0 {
				t.Errorf("rows where nothing matches:\n%s", got)
			}
			continue
		}
		compare(t, strings.Join(arguments, " "), got, goPprof(t, st, append(append([]string{"-filefunctions"}, theirs...), path)...))
	}
}

// The sum over packages is the whole profile.
func TestPackages(t *testing.T) {
	p := newService(9).next()
	got := table(t, top(t, "--by", "package", write(t, p)), ourRow)
	var sum, want int64
	for _, values := range got {
		sum += values.flat
	}
	for _, s := range p.Sample {
		want += s.Value[3]
	}
	if sum != want || len(got) > 6 || got["example.com/shop/part1"].flat == 0 || got["libsqlite3.so.0"].flat == 0 {
		t.Fatalf("%d in %v, want %d", sum, got, want)
	}
}

// ---- Differences ----

func TestDiffAgreesWithPprof(t *testing.T) {
	s := newService(10)
	base, new := s.next(), s.next()
	basePath, newPath := write(t, base), write(t, new)
	for _, st := range base.SampleType {
		theirs := goPprof(t, st, "-filefunctions", "-diff_base", basePath, newPath)
		ours := succeed(t, "diff", "--exact", "--lines", "1000000", "--type", st.Type, basePath, newPath)
		compare(t, "diff of "+st.Type, ours, theirs)
	}
}

// Two processes of one program, with a library without symbols at different addresses.
func TestDiffKnowsNamelessCodeOfAnotherProcess(t *testing.T) {
	of := func(start uint64, value int64) string {
		m := &profile.Mapping{ID: 1, Start: start, Limit: start + 0x1000, Offset: 0x26000, File: "/lib/libstripped.so.1", BuildID: "feed"}
		l := &profile.Location{ID: 1, Mapping: m, Address: start + 0x123}
		return write(t, &profile.Profile{
			SampleType: []*profile.ValueType{{Type: "inuse_space", Unit: "bytes"}},
			Sample:     []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{value}}},
			Mapping:    []*profile.Mapping{m}, Location: []*profile.Location{l}})
	}
	got := succeed(t, "diff", "--exact", of(0x7f1111111000, 1000), of(0x7f2222222000, 1500))
	if !strings.Contains(got, "libstripped.so.1+0x26123") || strings.Count(got, "libstripped") != 1 || !strings.Contains(got, " +500 ") {
		t.Fatal(got)
	}
}

// --output writes what pprof computes from the two files itself, percentages included.
func TestDifferenceProfileIsThatOfPprof(t *testing.T) {
	s := newService(11)
	base, new := s.next(), s.next()
	basePath, newPath, out := write(t, base), write(t, new), t.TempDir()+"/out.pb.gz"
	succeed(t, "diff", "--output", out, basePath, newPath)
	for _, st := range base.SampleType {
		ours, theirs := goPprof(t, st, "-filefunctions", out), goPprof(t, st, "-filefunctions", "-diff_base", basePath, newPath)
		_, ours, _ = strings.Cut(ours, "Showing")
		_, theirs, _ = strings.Cut(theirs, "Showing")
		if ours != theirs || len(ours) < 500 {
			t.Fatalf("%s: pprof shows\n%s\nof ours, and of the files\n%s", st.Type, ours, theirs)
		}
	}
}
