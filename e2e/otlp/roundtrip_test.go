package otlp

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/pprofile/pprofileotlp"

	"github.com/cmemprof/cmemprof/e2e/profiles"
	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/otlp"
)

// producers returns real profiles of many writers (Go's runtime, dd-trace-go, ddtrace, dd-trace-js, C++ tools) and ones that are made up of
// everything that pprof can say.
func producers(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	captures, err := profiles.Captures("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range captures {
		all["capture "+f.Name] = f.Raw
	}
	deltas, err := profiles.FastDelta()
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range deltas {
		all["fastdelta "+name] = f.Raw
	}
	for _, name := range []string{"heap", "allocs", "goroutine", "threadcreate", "mutex", "block"} {
		var b bytes.Buffer
		if err := pprof.Lookup(name).WriteTo(&b, 0); err != nil {
			t.Fatal(err)
		}
		all["go "+name] = b.Bytes()
	}
	for seed := len(all); seed < 200; seed++ {
		all[fmt.Sprintf("made up %d", seed)] = madeUp(t, uint64(seed))
	}
	return all
}

func madeUp(t testing.TB, seed uint64) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	p := &profile.Profile{
		TimeNanos: int64(r.Uint64N(1 << 60)), DurationNanos: int64(r.Uint64N(1 << 40)), Period: 1 + int64(r.Uint64N(1<<20)),
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"},
		Comments:   []string{"one", fmt.Sprint("two ", seed)}[:r.IntN(3)],
		DropFrames: []string{"", "drop.*"}[r.IntN(2)], KeepFrames: []string{"", "keep.*"}[r.IntN(2)],
	}
	for i := range 1 + r.IntN(4) {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: fmt.Sprint("type", i), Unit: []string{"count", "bytes"}[r.IntN(2)]})
	}
	p.DefaultSampleType = p.SampleType[r.IntN(len(p.SampleType))].Type
	for i := range 1 + r.IntN(3) {
		p.Mapping = append(p.Mapping, &profile.Mapping{ID: uint64(i + 1), Start: uint64(i+1) << 20, Limit: uint64(i+2) << 20, Offset: uint64(i) << 12,
			File: fmt.Sprint("/lib/", i), BuildID: []string{"", "0123abcd", "go/build/id"}[r.IntN(3)], HasFunctions: r.IntN(2) == 0,
			HasFilenames: r.IntN(2) == 0, HasLineNumbers: r.IntN(2) == 0, HasInlineFrames: r.IntN(2) == 0})
	}
	for i := range 2 + r.IntN(20) {
		p.Function = append(p.Function, &profile.Function{ID: uint64(i + 1), Name: fmt.Sprint("f", i), SystemName: fmt.Sprint("_f", i),
			Filename: fmt.Sprint([]string{"a.go", "b.c", "c.py"}[r.IntN(3)]), StartLine: int64(r.IntN(100))})
	}
	for i := range 2 + r.IntN(40) {
		l := &profile.Location{ID: uint64(i + 1), IsFolded: r.IntN(8) == 0}
		if m := r.IntN(len(p.Mapping) + 1); m < len(p.Mapping) {
			l.Mapping = p.Mapping[m]
			l.Address = l.Mapping.Start + r.Uint64N(1<<20)
		}
		for range r.IntN(4) {
			l.Line = append(l.Line, profile.Line{Function: p.Function[r.IntN(len(p.Function))], Line: int64(r.IntN(1000)), Column: int64(r.IntN(9))})
		}
		p.Location = append(p.Location, l)
	}
	for range 1 + r.IntN(200) {
		s := &profile.Sample{}
		for range r.IntN(30) {
			s.Location = append(s.Location, p.Location[r.IntN(len(p.Location))])
		}
		for range p.SampleType {
			s.Value = append(s.Value, int64(r.IntN(5)-1))
		}
		if r.IntN(2) == 0 {
			s.Label = map[string][]string{"endpoint": {fmt.Sprint("/", r.IntN(9))}, "two": {"a", "b"}}
		}
		if r.IntN(2) == 0 {
			s.NumLabel, s.NumUnit = map[string][]int64{"bytes": {int64(r.IntN(99) + 1)}}, map[string][]string{"bytes": {"bytes"}}
		}
		if r.IntN(4) == 0 {
			s.NumLabel, s.NumUnit = map[string][]int64{"end_timestamp_ns": {int64(r.IntN(99) + 1)}}, nil
		}
		p.Sample = append(p.Sample, s)
	}
	var b bytes.Buffer
	if err := p.WriteUncompressed(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// text is all that a profile says, with equal samples as one, in an order that does not depend on ids. Samples of zeros say nothing.
func text(t *testing.T, data []byte) string {
	t.Helper()
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = profile.Merge([]*profile.Profile{p.Compact()}); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintln(&b, p.TimeNanos, p.DurationNanos, p.PeriodType, max(p.Period, 1), p.DefaultSampleType, p.Comments, p.DropFrames, p.KeepFrames)
	for _, s := range p.SampleType {
		fmt.Fprintln(&b, *s)
	}
	sums := map[string][]int64{}
	for _, s := range p.Sample {
		key := fmt.Sprint(s.Label, s.NumLabel, s.NumUnit)
		for _, l := range s.Location {
			key += fmt.Sprintf("\n\t%#x %v", l.Address, l.IsFolded)
			if m := l.Mapping; m != nil && (m.Start|m.Limit|m.Offset != 0 || m.File != "" || m.BuildID != "") {
				key += fmt.Sprint(m.Start, m.Limit, m.Offset, m.File, m.BuildID, m.HasFunctions, m.HasFilenames, m.HasLineNumbers, m.HasInlineFrames)
			}
			for _, line := range l.Line {
				key += fmt.Sprint(" ", line.Function.Name, line.Function.SystemName, line.Function.Filename, line.Function.StartLine, line.Line, line.Column)
			}
		}
		if sums[key] == nil {
			sums[key] = make([]int64, len(s.Value))
		}
		for i, v := range s.Value {
			sums[key][i] += v
		}
	}
	var lines []string
	for key, sum := range sums {
		zero := true
		for _, v := range sum {
			zero = zero && v == 0
		}
		if !zero {
			lines = append(lines, fmt.Sprint(sum, key))
		}
	}
	return b.String() + sorted(lines)
}

// Through the collector's own code, which reads the request and writes it anew, and back: the same profile by google/pprof's reading.
func TestProfilesComeBackThroughTheCollector(t *testing.T) {
	all := producers(t)
	if len(all) < 200 {
		t.Fatalf("%d profiles", len(all))
	}
	for name, data := range all {
		request, err := otlp.Encode([]otlp.Attribute{{Key: "service.name", Text: "shop"}, {Key: "process.pid", Number: 7, IsNumber: true}},
			[]otlp.File{{Name: "one.pprof", Profile: data}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		theirs := pprofileotlp.NewExportRequest()
		if err := theirs.UnmarshalProto(request); err != nil {
			t.Fatalf("%s: the collector does not read it: %v", name, err)
		}
		wantWhole(t, name, theirs.Profiles(), data)
		passed, err := theirs.MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		for _, bytes := range [][]byte{request, passed} {
			read, err := otlp.Decode(bytes)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(read) != 1 || read[0].File != "one.pprof" {
				t.Fatalf("%s: %d profiles", name, len(read))
			}
			if got, want := text(t, read[0].Profile), text(t, data); got != want {
				t.Fatalf("%s differs: %s", name, difference(got, want))
			}
		}
	}
}

// wantWhole checks by the collector's decoder what a reader gets: all indices in their tables, zero entries, and the sum of each type.
func wantWhole(t *testing.T, name string, p pprofile.Profiles, data []byte) {
	t.Helper()
	want, err := profile.ParseData(data)
	if err != nil {
		t.Fatal(err)
	}
	dictionary := p.Dictionary()
	if dictionary.StringTable().At(0) != "" || dictionary.StackTable().At(0).LocationIndices().Len() != 0 ||
		dictionary.MappingTable().At(0).FilenameStrindex() != 0 || dictionary.LocationTable().At(0).Lines().Len() != 0 {
		t.Fatalf("%s: a table without its zero entry", name)
	}
	scope := p.ResourceProfiles().At(0).ScopeProfiles().At(0)
	if scope.Profiles().Len() != len(want.SampleType) {
		t.Fatalf("%s: %d profiles of %d types", name, scope.Profiles().Len(), len(want.SampleType))
	}
	for i, one := range scope.Profiles().All() {
		var got, sum int64
		for _, s := range one.Samples().All() {
			if s.Values().Len() != 1 || int(s.StackIndex()) >= dictionary.StackTable().Len() {
				t.Fatalf("%s: a sample of %d values and stack %d", name, s.Values().Len(), s.StackIndex())
			}
			got += s.Values().At(0)
			for _, location := range dictionary.StackTable().At(int(s.StackIndex())).LocationIndices().All() {
				l := dictionary.LocationTable().At(int(location))
				if int(l.MappingIndex()) >= dictionary.MappingTable().Len() {
					t.Fatalf("%s: mapping %d", name, l.MappingIndex())
				}
			}
		}
		for _, s := range want.Sample {
			sum += s.Value[i]
		}
		if typeName := dictionary.StringTable().At(int(one.SampleType().TypeStrindex())); got != sum || typeName != want.SampleType[i].Type {
			t.Fatalf("%s: %s sums up to %d, not %d", name, typeName, got, sum)
		}
		if one.Period() == 0 {
			t.Fatalf("%s: a period of 0", name)
		}
	}
}

// What a request takes beside what the profile takes in pprof's own form, both after gzip.
func BenchmarkSize(b *testing.B) {
	for name, data := range producers(b) {
		if strings.HasPrefix(name, "made up") {
			continue
		}
		b.Run(name, func(b *testing.B) {
			var theirs, ours int
			for range b.N {
				request, err := otlp.Encode(nil, []otlp.File{{Name: name, Profile: data}})
				if err != nil {
					b.Fatal(err)
				}
				plain, err := merge.MergeTo(merge.Output{Compression: merge.Raw}, data)
				if err != nil {
					b.Fatal(err)
				}
				theirs, ours = packed(b, plain), packed(b, request)
			}
			b.ReportMetric(float64(theirs), "pprof-bytes")
			b.ReportMetric(float64(ours)/float64(theirs), "OTLP/pprof")
		})
	}
}

func packed(t testing.TB, data []byte) int {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}
