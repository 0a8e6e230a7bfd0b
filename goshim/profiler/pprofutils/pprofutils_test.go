package pprofutils_test

import (
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler/pprofutils"
)

func parse(t *testing.T, text string) *profile.Profile {
	t.Helper()
	p, err := pprofutils.Text{}.Convert(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func folded(t *testing.T, p *profile.Profile, types bool) string {
	t.Helper()
	var text strings.Builder
	if err := (pprofutils.Protobuf{SampleTypes: types}).Convert(p, &text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestThereAndBack(t *testing.T) {
	for _, text := range []string{
		"",
		"main;a 3\nmain;b 2\nmain 1\n",
		"alloc/count inuse/bytes\nmain;f(int, char) 5 6\nmain;g 4 -7\n",
	} {
		withTypes := strings.Contains(text, "/")
		if got := folded(t, parse(t, text), withTypes); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := folded(t, parse(t, "a/n b/n\nf 1 2\n"), false); got != "f 1\n" {
		t.Errorf("without types: %q", got)
	}
}

func TestInlinedFramesAndLinesAreOneStack(t *testing.T) {
	p := parse(t, "main;work;leaf 1\nother 9\n")
	work := p.Sample[0].Location[1] // leaf is inlined into work
	work.Line = append(append([]profile.Line{}, p.Sample[0].Location[0].Line...), work.Line...)
	p.Sample[0].Location = p.Sample[0].Location[1:]
	p.Sample = append(p.Sample, &profile.Sample{Location: p.Sample[0].Location, Value: []int64{4}})
	before := p.String()
	if got := folded(t, p, false); got != "other 9\nmain;work;leaf 5\n" {
		t.Errorf("%q", got)
	}
	if p.String() != before {
		t.Error("the profile was changed")
	}
}

func TestBadText(t *testing.T) {
	for text, want := range map[string]string{
		"main":                     "line 1",
		"main;a 1\nmain;b ":        "line 2",
		"main one":                 "invalid syntax",
		"a/b c//d\nf 1 2":          `"c//d" is not of the form type/unit`,
		"a/b c/d\nf 1":             "want a stack and 2 values",
		"f 9999999999999999999999": "out of range",
	} {
		if _, err := (pprofutils.Text{}).Convert(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestDelta(t *testing.T) {
	a := parse(t, "alloc/count inuse/count\nmain;a 3 30\nmain;b 1 10\nmain;gone 2 2\n")
	b := parse(t, "alloc/count inuse/count\nmain;a 5 20\nmain;b 1 0\nmain;new 1 4\n")
	before := a.String()
	for range 2 { // the first round must not have changed the inputs
		delta, err := pprofutils.Delta{SampleTypes: []pprofutils.ValueType{{Type: "alloc", Unit: "count"}}}.Convert(a, b)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := folded(t, delta, true), "alloc/count inuse/count\nmain;a 2 20\nmain;new 1 4\nmain;gone -2 0\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if a.String() != before {
		t.Error("the earlier profile was changed")
	}
	for _, missing := range []pprofutils.ValueType{{Type: "other", Unit: "count"}, {Type: "alloc", Unit: "bytes"}} {
		if _, err := (pprofutils.Delta{SampleTypes: []pprofutils.ValueType{missing}}).Convert(a, b); err == nil {
			t.Errorf("%v: no error", missing)
		}
	}
	if _, err := (pprofutils.Delta{}).Convert(a, parse(t, "f 1")); err == nil {
		t.Error("other sample types: no error")
	}
}

func Example() {
	earlier, err := pprofutils.Text{}.Convert(strings.NewReader("main;parse 3\nmain;write 5\n"))
	if err != nil {
		log.Fatal(err)
	}
	later, err := pprofutils.Text{}.Convert(strings.NewReader("main;parse 10\nmain;write 5\n"))
	if err != nil {
		log.Fatal(err)
	}
	samples := []pprofutils.ValueType{{Type: "samples", Unit: "count"}}
	delta, err := pprofutils.Delta{SampleTypes: samples}.Convert(earlier, later)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("between the two:")
	if err := (pprofutils.Protobuf{}).Convert(delta, os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// between the two:
	// main;parse 7
}
