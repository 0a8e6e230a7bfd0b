package merge_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
)

// small returns a profile with one sample of one frame; values are by type.
func small(t testing.TB, function string, values map[string]int64, types ...string) []byte {
	f := &profile.Function{ID: 1, Name: function}
	l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f}}}
	p := &profile.Profile{PeriodType: &profile.ValueType{}, Function: []*profile.Function{f}, Location: []*profile.Location{l}}
	s := &profile.Sample{Location: []*profile.Location{l}}
	for _, name := range types {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: name, Unit: "count"})
		s.Value = append(s.Value, values[name])
	}
	p.Sample = append(p.Sample, s)
	return encode(t, p)
}

// text returns "f: alloc=1 inuse=2" per sample, in order.
func text(t testing.TB, data []byte) string {
	p := parse(t, data)
	var lines []string
	for _, s := range p.Sample {
		line := s.Location[0].Line[0].Function.Name + ":"
		for i, st := range p.SampleType {
			line += fmt.Sprintf(" %s=%d", st.Type, s.Value[i])
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func wantText(t *testing.T, data []byte, err error, want string) {
	t.Helper()
	if err != nil {
		t.Errorf("%v, want %s", err, want)
	} else if got := text(t, data); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMergerGoesOnAfterErrors(t *testing.T) {
	m := merge.NewMerger(merge.MergerOptions{Limits: &merge.Limits{DepthFrames: 1, StringBytes: 10}})
	defer m.Close()
	good := small(t, "f", map[string]int64{"a": 3}, "a")
	if err := m.Add(good); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantError(t, m.Add(good[:len(good)-1]), merge.Truncated, "")
		wantError(t, m.Add(small(t, "f", nil, "b")), merge.TypesDiffer, "b/count")
		wantError(t, m.Add(small(t, "a name of many letters", nil, "a")), merge.TooLarge, "longer than 10 bytes")
		if err := m.Add(good); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []merge.Compression{merge.Gzip, merge.Zstd, merge.Raw} {
		data, err := m.Result(merge.Output{Compression: c, Level: 3})
		if err == nil {
			data, err = merge.Inflate(data, nil)
		}
		wantText(t, data, err, "f: a=9")
	}
	m.Close()
	if m.Add(good) == nil {
		t.Error("a closed Merger answers")
	}
	if _, err := m.Result(merge.Output{}); err == nil {
		t.Error("a closed Merger has a result")
	}
}

func TestMergerUnionKeepScale(t *testing.T) {
	m := merge.NewMerger(merge.MergerOptions{Union: true})
	defer m.Close()
	for _, data := range [][]byte{small(t, "f", map[string]int64{"a": 3, "b": 1 << 62}, "a", "b"), small(t, "f", map[string]int64{"c": 7}, "c")} {
		if err := m.Add(data); err != nil {
			t.Fatal(err)
		}
	}
	data, err := m.Result(merge.Output{})
	wantText(t, data, err, fmt.Sprintf("f: a=3 b=%d c=7", int64(1)<<62))
	if err := m.Scale("a", 0.5); err != nil {
		t.Error(err)
	}
	if err := m.Scale("b", 4); err != nil || m.Saturated() != 1 {
		t.Error(err, m.Saturated())
	}
	wantError(t, m.Scale("d", 1), merge.NotFound, "d")
	wantError(t, m.Keep("c", "d"), merge.NotFound, "d")
	if err := m.Keep("c", "a"); err != nil {
		t.Error(err)
	}
	data, err = m.Result(merge.Output{})
	wantText(t, data, err, "f: c=7 a=2")
}

func TestMergerDropsLabels(t *testing.T) {
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "a", Unit: "count"}}}
	for i := range 3 {
		p.Sample = append(p.Sample, &profile.Sample{Value: []int64{1}, Label: map[string][]string{"request": {strconv.Itoa(i)}, "tenant": {"t"}}})
	}
	var data bytes.Buffer
	if err := p.Write(&data); err != nil {
		t.Fatal(err)
	}
	m := merge.NewMerger(merge.MergerOptions{DropLabels: []string{"request", "none"}})
	defer m.Close()
	if err := m.Add(data.Bytes()); err != nil {
		t.Fatal(err)
	}
	result, err := m.Result(merge.Output{})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = profile.ParseData(result); err != nil {
		t.Fatal(err)
	}
	if len(p.Sample) != 1 || p.Sample[0].Value[0] != 3 || len(p.Sample[0].Label) != 1 || p.Sample[0].Label["tenant"][0] != "t" {
		t.Errorf("%s", p)
	}
}

func TestDeltaRules(t *testing.T) {
	types := []string{"alloc", "inuse"}
	for rule, want := range map[merge.DeltaRule]string{
		merge.NeverNegative: "f: alloc=4 inuse=9",
		merge.LikeFastdelta: "f: alloc=-6 inuse=9",
		merge.LikePprof:     "f: alloc=-6 inuse=9",
	} {
		d := merge.NewDeltaWith(merge.DeltaOptions{Types: types[:1], Rule: rule, Output: merge.Output{Compression: merge.Zstd}})
		defer d.Close()
		data, err := d.Next(small(t, "f", map[string]int64{"alloc": 10, "inuse": 5}, types...))
		if err == nil {
			data, err = merge.Inflate(data, nil)
		}
		wantText(t, data, err, "f: alloc=10 inuse=5")
		data, err = d.Next(small(t, "f", map[string]int64{"alloc": 4, "inuse": 9}, types...))
		if err == nil {
			data, err = merge.Inflate(data, nil)
		}
		wantText(t, data, err, want)
		data, err = d.Next(small(t, "g", map[string]int64{"alloc": 1, "inuse": 1}, types...))
		if err == nil {
			data, err = merge.Inflate(data, nil)
		}
		want := "g: alloc=1 inuse=1"
		if rule == merge.LikePprof {
			want = "f: alloc=-4 inuse=0\n" + want
		}
		wantText(t, data, err, want)
	}
}

func TestDeltaAppendAllocatesNothing(t *testing.T) {
	d := merge.NewDelta("alloc_objects", "alloc_space")
	defer d.Close()
	data := gzipped(t, heapProfile(200))
	buffer := make([]byte, 0, 1<<20)
	next := func() {
		out, err := d.Append(buffer[:0], data)
		if err != nil || len(out) == 0 {
			t.Error(len(out), err)
		}
	}
	least := testing.AllocsPerRun(1, next)
	for range 40 { // with -race a sync.Pool drops a quarter of what it is given
		least = min(least, testing.AllocsPerRun(1, next))
	}
	if least != 0 {
		t.Errorf("%v allocations a delta", least)
	}
}

func TestInflateLimits(t *testing.T) {
	bomb := gzipped(t, heapProfile(200))
	_, err := merge.Inflate(bomb, &merge.Limits{InputBytes: 1000})
	wantError(t, err, merge.TooLarge, "limit of 1000 bytes (size)")
	for _, compression := range []merge.Compression{merge.Gzip, merge.Zstd} {
		zeros, err := merge.Compress(make([]byte, 4<<20), merge.Output{Compression: compression})
		if err != nil {
			t.Fatal(err)
		}
		_, err = merge.Inflate(zeros, &merge.Limits{InflateRatio: 100})
		wantError(t, err, merge.TooLarge, "limit of 1048576 bytes (compression ratio)")
		if _, err = merge.Inflate(zeros, &merge.Limits{InflateRatio: -1}); err != nil {
			t.Error(err)
		}
		if _, err = merge.Inflate(zeros, &merge.Limits{InflateRatio: 100000, InputBytes: 4 << 20}); err != nil {
			t.Error(err)
		}
	}
}

func TestFaultsOfCompressedInput(t *testing.T) {
	whole := gzipped(t, heapProfile(20))
	zstd, err := merge.Compress(whole, merge.Output{Compression: merge.Zstd})
	if err != nil {
		t.Fatal(err)
	}
	d := merge.NewDelta("alloc_objects")
	defer d.Close()
	for _, c := range []struct {
		data []byte
		code merge.Code
		text string
	}{
		{[]byte("\x04\x22\x4d\x18\x60\x40\x82\x05\x00\x00\x80hello\x00\x00\x00\x00"), merge.BadCompression, "LZ4 input is not supported"},
		{whole[:len(whole)/2], merge.Truncated, "the gzip stream ends too early"},
		{whole[:5], merge.Truncated, "the gzip stream ends too early"},
		{append(bytes.Clone(whole[:len(whole)-8]), make([]byte, 8)...), merge.BadCompression, "the gzip stream is damaged"},
		{append(bytes.Clone(whole), "garbage behind the last member"...), merge.BadCompression, "the gzip stream is damaged"},
		{zstd[:len(zstd)/2], merge.Truncated, "the zstd stream ends too early"},
		{append(bytes.Clone(zstd), "garbage"...), merge.BadCompression, "the zstd stream is damaged"},
	} {
		_, err := merge.Inflate(c.data, nil)
		wantError(t, err, c.code, c.text)
		_, err = merge.Merge(whole, c.data)
		wantError(t, err, c.code, c.text)
		_, err = merge.Totals(c.data)
		wantError(t, err, c.code, c.text)
		_, err = d.Next(c.data)
		wantError(t, err, c.code, c.text)
	}
}

func TestCompressAndInflate(t *testing.T) {
	long := bytes.Repeat([]byte("a profile, "), 10000)
	for _, data := range [][]byte{nil, []byte("x"), long} {
		for _, c := range []struct {
			output merge.Output
			magic  string
		}{
			{merge.Output{Compression: merge.Gzip}, "\x1f\x8b"}, {merge.Output{Compression: merge.Gzip, Level: 12}, "\x1f\x8b"},
			{merge.Output{Compression: merge.Zstd}, "\x28\xb5\x2f\xfd"}, {merge.Output{Compression: merge.Zstd, Level: 19}, "\x28\xb5\x2f\xfd"},
			{merge.Output{Compression: merge.Raw}, ""},
		} {
			packed, err := merge.Compress(data, c.output)
			if err != nil || !strings.HasPrefix(string(packed), c.magic) {
				t.Fatalf("%+v: %d bytes, %v", c.output, len(packed), err)
			}
			if len(data) > 1 && c.magic != "" && len(packed) > len(data)/50 {
				t.Errorf("%+v: %d bytes of %d", c.output, len(packed), len(data))
			}
			back, err := merge.Inflate(packed, nil)
			if err != nil || !bytes.Equal(back, data) {
				t.Errorf("%+v: %d bytes of %d came back, %v", c.output, len(back), len(data), err)
			}
		}
	}
}

func TestTotals(t *testing.T) {
	heap := &profile.Profile{SampleType: []*profile.ValueType{{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}}}
	for i, memory := range []string{"", "C", "mmap", "C"} {
		sample := &profile.Sample{Value: []int64{1, 10 << i}}
		if memory != "" {
			sample.Label = map[string][]string{"memory": {memory}}
		}
		heap.Sample = append(heap.Sample, sample)
	}
	var bytes bytes.Buffer
	if err := heap.WriteUncompressed(&bytes); err != nil {
		t.Fatal(err)
	}
	sums, err := merge.Totals(bytes.Bytes())
	want := []merge.Total{{"inuse_objects", "count", 4, 2, 1}, {"inuse_space", "bytes", 150, 100, 40}}
	if err != nil || !slices.Equal(sums, want) {
		t.Errorf("%v, %v", sums, err)
	}
	if sums, err := merge.Totals([]byte("\x12\x02\x12\x05")); err == nil {
		t.Errorf("no profile, but %v", sums)
	}
}
