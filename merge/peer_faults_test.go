package merge_test

import (
	"math"
	"testing"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
)

// Bugs of other merge and delta implementations, each with the right result.

func twoTypes() *profile.Profile {
	return &profile.Profile{SampleType: []*profile.ValueType{{Type: "alloc_space", Unit: "bytes"}, {Type: "inuse_space", Unit: "bytes"}},
		PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: 1, TimeNanos: 1}
}

// addSample adds a sample with one new location.
func addSample(p *profile.Profile, l profile.Location, values ...int64) *profile.Sample {
	l.ID = uint64(len(p.Location) + 1)
	p.Location = append(p.Location, &l)
	s := &profile.Sample{Location: []*profile.Location{&l}, Value: values}
	p.Sample = append(p.Sample, s)
	return s
}

func addFunction(p *profile.Profile, name string) *profile.Function {
	f := &profile.Function{ID: uint64(len(p.Function) + 1), Name: name, SystemName: name, Filename: name + ".c"}
	p.Function = append(p.Function, f)
	return f
}

func mustMerge(t *testing.T, inputs ...*profile.Profile) *profile.Profile {
	t.Helper()
	var data [][]byte
	for _, p := range inputs {
		data = append(data, encode(t, p))
	}
	out, err := merge.Merge(data...)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, out)
}

// mustDelta returns the last delta of a series with the counter alloc_space.
func mustDelta(t *testing.T, series ...*profile.Profile) *profile.Profile {
	t.Helper()
	d := merge.NewDelta("alloc_space")
	defer d.Close()
	var out []byte
	for _, p := range series {
		var err error
		if out, err = d.Next(encode(t, p)); err != nil {
			t.Fatal(err)
		}
	}
	return parse(t, out)
}

func wantSamples(t *testing.T, got *profile.Profile, want *profile.Profile) {
	t.Helper()
	a, b := canonOf(got), canonOf(want)
	a.header, b.header = "", ""
	if text := difference(a, b); text != "" {
		t.Error(text)
	}
}

// Older versions of google/pprof compare the column of the outermost line only; the one in go.mod does not.
func TestColumnsOfInlinedLinesTellLocationsApart(t *testing.T) {
	p := twoTypes()
	inner, outer := addFunction(p, "inner"), addFunction(p, "outer")
	for column := range int64(3) {
		addSample(p, profile.Location{Line: []profile.Line{{Function: inner, Line: 5, Column: column}, {Function: outer, Line: 9, Column: 1}}}, 1, 1)
	}
	if n := len(mustMerge(t, p, p).Sample); n != 3 {
		t.Errorf("%d samples, want 3", n)
	}
	want := p.Copy()
	want.Scale(2)
	wantSamples(t, mustMerge(t, p, p), want)
}

// fastdelta merges all locations at address 0.
func TestLocationsAtAddressZeroAreToldApart(t *testing.T) {
	before := twoTypes()
	for _, name := range []string{"a", "b"} {
		addSample(before, profile.Location{Line: []profile.Line{{Function: addFunction(before, name), Line: 1}}}, 10, 0)
	}
	after := before.Copy()
	after.Sample[0].Value[0], after.Sample[1].Value[0] = 11, 15
	want := before.Copy()
	want.Sample[0].Value[0], want.Sample[1].Value[0] = 1, 5
	wantSamples(t, mustDelta(t, before, after), want)
}

// A mapping at another address matches; address 0 is not shifted.
func TestAddressSpaceLayoutDoesNotMatter(t *testing.T) {
	at := func(base uint64) *profile.Profile {
		p := twoTypes()
		m := &profile.Mapping{ID: 1, Start: base, Limit: base + 0x4000, Offset: 0x1000, File: "/lib/x.so", BuildID: "feed"}
		p.Mapping = []*profile.Mapping{m}
		addSample(p, profile.Location{Mapping: m, Address: base + 0x10}, 1, 2)
		addSample(p, profile.Location{Mapping: m, Address: base + 0x20, IsFolded: true}, 3, 4)
		addSample(p, profile.Location{Mapping: m}, 5, 6)
		return p
	}
	want := at(0x7000000)
	want.Scale(3)
	got := mustMerge(t, at(0x7000000), at(0x9000000), at(0xffffffffffff0000))
	wantSamples(t, got, want)
	if len(got.Mapping) != 1 || len(got.Location) != 3 {
		t.Errorf("%d mappings, %d locations", len(got.Mapping), len(got.Location))
	}
	if n := len(mustDelta(t, at(0x7000000), at(0x9000000)).Sample); n != 3 { // the gauges
		t.Errorf("%d samples in the delta, want 3", n)
	}
}

// fastdelta matches values by position.
func TestDeltaOfTypesThatChangeTheirOrder(t *testing.T) {
	before := twoTypes()
	addSample(before, profile.Location{Address: 8}, 100, 7)
	after := twoTypes()
	after.SampleType[0], after.SampleType[1] = after.SampleType[1], after.SampleType[0]
	addSample(after, profile.Location{Address: 8}, 9, 130)
	got := mustDelta(t, before, after)
	if got.SampleType[0].Type != "inuse_space" || len(got.Sample) != 1 || got.Sample[0].Value[0] != 9 || got.Sample[0].Value[1] != 30 {
		t.Error(got)
	}
}

// fastdelta fails with five or more.
func TestDeltaOfManyTypes(t *testing.T) {
	before := twoTypes()
	values := []int64{5, 1}
	for len(before.SampleType) < 40 {
		before.SampleType = append(before.SampleType, &profile.ValueType{Type: "gauge", Unit: string(rune('a' + len(before.SampleType)))})
		values = append(values, int64(len(values)))
	}
	addSample(before, profile.Location{Address: 8}, values...)
	after := before.Copy()
	after.Sample[0].Value[0] = 12
	want := after.Copy()
	want.Sample[0].Value[0] = 7
	wantSamples(t, mustDelta(t, before, after), want)
}

// fastdelta returns negative values after a reset, and never forgets vanished stacks.
func TestDeltaAfterAReset(t *testing.T) {
	before := twoTypes()
	addSample(before, profile.Location{Address: 8}, 100, 1)
	addSample(before, profile.Location{Address: 16}, 50, 0)
	after := twoTypes()
	addSample(after, profile.Location{Address: 8}, 30, 1)
	wantSamples(t, mustDelta(t, before, after), after)
	// It reappears: new to the delta.
	wantSamples(t, mustDelta(t, before, after, before).Compact(), func() *profile.Profile {
		want := before.Copy()
		want.Sample[0].Value[0] = 70
		return want
	}())
}

func TestDeltaKeepsTheHeader(t *testing.T) {
	before := twoTypes()
	before.DocURL, before.Comments, before.DefaultSampleType = "https://before", []string{"before"}, "alloc_space"
	after := twoTypes()
	after.DocURL, after.Comments, after.DefaultSampleType, after.TimeNanos = "https://after", []string{"after", "too"}, "inuse_space", 5
	after.DropFrames, after.KeepFrames, after.Period = "drop", "keep", 9
	addSample(after, profile.Location{Address: 8}, 1, 1)
	got := mustDelta(t, before, after)
	after.DurationNanos = 4
	if text := difference(canonOf(got), canonOf(after)); text != "" {
		t.Error(text)
	}
}

// google/pprof overflows.
func TestSumsSaturate(t *testing.T) {
	p := twoTypes()
	addSample(p, profile.Location{Address: 8}, math.MaxInt64-1, math.MinInt64+1)
	got := mustMerge(t, p, p, p)
	if v := got.Sample[0].Value; v[0] != math.MaxInt64 || v[1] != math.MinInt64 {
		t.Errorf("values %v", v)
	}
}

// Labels are a multiset of pairs: order does not matter, repetition does.
func TestRepeatedLabels(t *testing.T) {
	with := func(texts ...string) *profile.Profile {
		p := twoTypes()
		addSample(p, profile.Location{Address: 8}, 1, 1).Label = map[string][]string{"key": texts}
		return p
	}
	if n := len(mustMerge(t, with("a", "b"), with("b", "a")).Sample); n != 1 {
		t.Errorf("%d samples, want 1", n)
	}
	if n := len(mustMerge(t, with("a", "b"), with("a"), with("a", "a"), with("b")).Sample); n != 4 {
		t.Errorf("%d samples, want 4", n)
	}
	numbers := func(unit string, values ...int64) *profile.Profile {
		p := twoTypes()
		s := addSample(p, profile.Location{Address: 8}, 1, 1)
		s.NumLabel = map[string][]int64{"bytes": values}
		s.NumUnit = map[string][]string{"bytes": []string{unit, unit}[:len(values)]}
		return p
	}
	if n := len(mustMerge(t, numbers("kb", 1, 2), numbers("kb", 2, 1), numbers("mb", 1, 2), numbers("kb", 1), numbers("", 1)).Sample); n != 4 {
		t.Errorf("%d samples, want 4", n)
	}
}
