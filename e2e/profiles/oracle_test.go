package profiles

import (
	"bytes"
	"compress/gzip"
	"sort"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
	"github.com/klauspost/compress/zstd"
)

func captures(t *testing.T) []File {
	t.Helper()
	files, err := Captures("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 12 {
		t.Fatalf("%d profiles in the captures, there were 14", len(files))
	}
	return files
}

func fastDelta(t *testing.T) map[string]File {
	t.Helper()
	files, err := FastDelta()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func parse(t *testing.T, data []byte) *profile.Profile {
	t.Helper()
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatalf("google/pprof does not read this: %v", err)
	}
	return p
}

func encode(t *testing.T, p *profile.Profile) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.WriteUncompressed(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wantSame checks that the difference of the two, merged by google/pprof, has no samples.
func wantSame(t *testing.T, what string, got []byte, want *profile.Profile) {
	t.Helper()
	minus := want.Copy()
	minus.Scale(-1)
	rest, err := profile.Merge([]*profile.Profile{parse(t, got), minus})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if n := len(rest.Sample); n != 0 {
		t.Errorf("%s: %d samples differ, the first: %v", what, n, rest.Sample[0])
	}
}

func mergeTheirs(t *testing.T, raws ...[]byte) *profile.Profile {
	t.Helper()
	var all []*profile.Profile
	for _, raw := range raws {
		all = append(all, parse(t, raw))
	}
	merged, err := profile.Merge(all)
	if err != nil {
		t.Fatal(err)
	}
	return merged
}

func wantHeader(t *testing.T, what string, got, want *profile.Profile) {
	t.Helper()
	if got.Period != want.Period || got.TimeNanos != want.TimeNanos || got.DurationNanos != want.DurationNanos ||
		got.DefaultSampleType != want.DefaultSampleType || got.DropFrames != want.DropFrames || got.KeepFrames != want.KeepFrames ||
		got.DocURL != want.DocURL || strings.Join(got.Comments, "\n") != strings.Join(want.Comments, "\n") {
		t.Errorf("%s: other header:\n%v\nwant\n%v", what, head(got), head(want))
	}
	if len(want.Mapping) > 0 && (len(got.Mapping) == 0 || got.Mapping[0].File != want.Mapping[0].File || got.Mapping[0].BuildID != want.Mapping[0].BuildID) {
		t.Errorf("%s: the first mapping is another one", what)
	}
}

func head(p *profile.Profile) string {
	q := p.Copy()
	q.Sample, q.Location, q.Mapping = nil, nil, nil
	return q.String()
}

// ---- Merge ----

func everything(t *testing.T) []File {
	files := captures(t)
	names := []string{}
	deltas := fastDelta(t)
	for name := range deltas {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		files = append(files, deltas[name])
	}
	return files
}

func TestMergeOfRealFilesEqualsPprof(t *testing.T) {
	for _, file := range everything(t) {
		for _, inputs := range [][][]byte{{file.Data}, {file.Data, file.Raw}, {file.Raw, file.Data, file.Raw}} {
			got, err := merge.Merge(inputs...)
			if err != nil {
				t.Fatalf("%s: %v", file.Name, err)
			}
			raws := make([][]byte, len(inputs))
			for i := range raws {
				raws[i] = file.Raw
			}
			want := mergeTheirs(t, raws...)
			wantSame(t, file.Name, got, want)
			wantHeader(t, file.Name, parse(t, got), want)
		}
	}
}

func TestMergeOfTwoRealFilesEqualsPprof(t *testing.T) {
	files := fastDelta(t)
	for _, base := range []string{"heap", "block", "stress-failure", "stress-failure.2", "stress-failure.3"} {
		before, after := files[base+".before.pprof"], files[base+".after.pprof"]
		got, err := merge.Merge(before.Data, after.Data)
		if err != nil {
			t.Fatal(err)
		}
		want := mergeTheirs(t, before.Raw, after.Raw)
		wantSame(t, base, got, want)
		wantHeader(t, base, parse(t, got), want)
	}
}

// ---- Delta: dd-trace-go's published tests of its delta ----

func golden(t *testing.T, before, after []byte, types ...string) *profile.Profile {
	t.Helper()
	b := parse(t, before)
	ratios := make([]float64, len(b.SampleType))
	for i, sampleType := range b.SampleType {
		for _, name := range types {
			if sampleType.Type == name {
				ratios[i] = -1
			}
		}
	}
	if err := b.ScaleN(ratios); err != nil {
		t.Fatal(err)
	}
	merged, err := profile.Merge([]*profile.Profile{b, parse(t, after)})
	if err != nil {
		t.Fatal(err)
	}
	return merged
}

// resets counts the values that went backwards: negative in google/pprof, the value after the reset here.
func resets(p *profile.Profile) int {
	n := 0
	for _, sample := range p.Sample {
		for _, value := range sample.Value {
			if value < 0 {
				n++
			}
		}
	}
	return n
}

func next(t *testing.T, d *merge.Delta, data []byte) []byte {
	t.Helper()
	out, err := d.Next(data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDeltaOfFastDeltaFiles(t *testing.T) {
	files := fastDelta(t)
	heap, block := []string{"alloc_objects", "alloc_space"}, []string{"contentions", "delay"}
	for _, test := range []struct {
		base     string
		types    []string
		duration int64
	}{
		{"heap", heap, 5960465000},
		{"block", block, 1144928000},
		{"stress-failure", heap, 0},
		{"stress-failure.2", heap, 0},
		{"stress-failure.3", heap, 0},
	} {
		before, after := files[test.base+".before.pprof"], files[test.base+".after.pprof"]
		want := golden(t, before.Raw, after.Raw, test.types...)
		if n := resets(want); n != 0 {
			t.Fatalf("%s: %d counters went backwards: no file for this test", test.base, n)
		}
		d := merge.NewDelta(test.types...)
		defer d.Close()
		wantSame(t, test.base+", the first", next(t, d, before.Data), parse(t, before.Raw))
		got := next(t, d, after.Data)
		wantSame(t, test.base, got, want)
		if ns := parse(t, got).DurationNanos; test.duration != 0 && ns != test.duration {
			t.Errorf("%s: duration %d, want %d", test.base, ns, test.duration)
		}
		if n := len(parse(t, next(t, d, after.Raw)).Sample); n != len(gauges(t, after.Raw, test.types)) {
			t.Errorf("%s: %d samples in the delta of a profile to itself", test.base, n)
		}
	}
}

// gauges returns the samples of a profile that have values other than counters.
func gauges(t *testing.T, raw []byte, counters []string) []*profile.Sample {
	return golden(t, raw, raw, counters...).Sample
}

func TestDurationAndTime(t *testing.T) {
	p := parse(t, fastDelta(t)["big-heap.pprof"].Raw)
	d := merge.NewDelta("alloc_objects", "alloc_space")
	defer d.Close()
	want := p.DurationNanos
	for i := range int64(4) {
		got := parse(t, next(t, d, encode(t, p)))
		if got.DurationNanos != want || got.TimeNanos != p.TimeNanos {
			t.Errorf("round %d: duration %d, time %d; want %d, %d", i, got.DurationNanos, got.TimeNanos, want, p.TimeNanos)
		}
		want = 10 * (i + 1)
		p.TimeNanos += want
	}
}

func TestOnlyWhatIsUsedStays(t *testing.T) {
	p := parse(t, fastDelta(t)["big-heap.pprof"].Raw)
	p.Comments = []string{"hello", "world"}
	p.DefaultSampleType, p.DropFrames, p.KeepFrames, p.DocURL = "inuse_objects", "drop 'em", "keep 'em", "https://doc"
	d := merge.NewDelta("alloc_objects", "alloc_space")
	defer d.Close()
	next(t, d, encode(t, p))
	for _, sample := range p.Sample {
		sample.Value[2], sample.Value[3] = 0, 0
	}
	p.Sample[0].Value[0] += 42
	data := next(t, d, encode(t, p))
	got := parse(t, data)
	if len(got.Sample) != 1 || len(got.Mapping) != 1 || len(got.Location) != 3 || len(got.Function) != 3 {
		t.Fatalf("%d samples, %d mappings, %d locations, %d functions", len(got.Sample), len(got.Mapping), len(got.Location), len(got.Function))
	}
	if value := got.Sample[0].Value; value[0] != 42 || value[1] != 0 {
		t.Errorf("values %v", value)
	}
	if m := got.Mapping[0]; m.BuildID != "537aaf6df5ba3cc343a7c78738e4fe3890ab9782" || m.File != "/usr/local/bin/nicky" {
		t.Errorf("mapping %v", m)
	}
	if name := got.Sample[0].Location[0].Line[0].Function.Name; name != "hawaii-alabama-artist" {
		t.Errorf("leaf %s", name)
	}
	if len(got.Sample[0].NumLabel["bytes"]) != 1 {
		t.Errorf("labels %v", got.Sample[0].NumLabel)
	}
	wantHeader(t, "delta", got, &profile.Profile{Comments: p.Comments, DefaultSampleType: p.DefaultSampleType, DropFrames: p.DropFrames,
		KeepFrames: p.KeepFrames, DocURL: p.DocURL, Period: p.Period, TimeNanos: p.TimeNanos, DurationNanos: p.DurationNanos})
	if len(encode(t, got)) >= 3720 { // most of its 85 KB of strings have gone
		t.Errorf("%d bytes", len(encode(t, got)))
	}
}

func TestRightAgainAfterAnError(t *testing.T) {
	files := fastDelta(t)
	before, after := files["heap.before.pprof"], files["heap.after.pprof"]
	d := merge.NewDelta("alloc_objects", "alloc_space")
	defer d.Close()
	next(t, d, before.Data)
	if _, err := d.Next(before.Raw[:len(before.Raw)-1]); err == nil {
		t.Fatal("a cut profile gives a delta")
	}
	wantSame(t, "the first after an error", next(t, d, before.Data), parse(t, before.Raw))
	wantSame(t, "the second", next(t, d, after.Data), golden(t, before.Raw, after.Raw, "alloc_objects", "alloc_space"))
}

// ---- Compressed ----

func gzipOf(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstdOf(t *testing.T, raw []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(raw, nil)
}
