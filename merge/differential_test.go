package merge_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
)

// Compares the engine with google/pprof and with the plain sum of the contents, for inputs that google/pprof accepts.

// minus subtracts the counters of last; decreased and new counters keep their value.
func (c canon) minus(last canon, counters []bool) {
	for key, row := range c.samples {
		before := last.samples[key]
		for i := range row {
			if !counters[i] {
				continue
			}
			value := row[i]
			if before != nil {
				value -= before[i]
			}
			if value < 0 {
				value = max(row[i], 0)
			}
			row[i] = value
		}
		if !anyNonZero(row) {
			delete(c.samples, key)
		}
	}
}

func (c canon) plus(more canon) {
	for key, row := range more.samples {
		if c.samples[key] == nil {
			c.samples[key] = make([]int64, len(row))
		}
		for i := range row {
			c.samples[key][i] += row[i]
		}
		if !anyNonZero(c.samples[key]) {
			delete(c.samples, key)
		}
	}
}

func withoutHeader(c canon) canon { return canon{samples: c.samples} }

// hasEmptyLabel reports whether there is a label with an empty text, or a 0 with an empty unit. profile.proto does not distinguish these from
// absent ones; google/pprof decides by the string index, and drops a 0 without a unit.
func hasEmptyLabel(p *profile.Profile) bool {
	for _, s := range p.Sample {
		for _, texts := range s.Label {
			if slices.Contains(texts, "") {
				return true
			}
		}
		for key, numbers := range s.NumLabel {
			for i, number := range numbers {
				if units := s.NumUnit[key]; number == 0 && (len(units) <= i || units[i] == "") {
					return true
				}
			}
		}
	}
	return false
}

// dropsLabels: google/pprof drops a label that is 0 without a unit, which is how proto3 encodes "thread id" = 0. This engine does not, so
// the delta distinguishes these samples.
func dropsLabels(t *testing.T, data []byte) bool {
	out, err := merge.Merge(data)
	if err != nil {
		return false
	}
	z, err := gzip.NewReader(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	written, read := 0, 0
	eachMessage(t, raw, 2, func(sample []byte) { eachMessage(t, sample, 3, func([]byte) { written++ }) })
	for _, s := range parse(t, out).Sample {
		for _, texts := range s.Label {
			read += len(texts)
		}
		for _, numbers := range s.NumLabel {
			read += len(numbers)
		}
	}
	return written != read
}

// eachMessage iterates over the fields of that number in a message written here: numbers and messages only.
func eachMessage(t *testing.T, message []byte, number uint64, each func([]byte)) {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		value, m := binary.Uvarint(message[max(n, 0):])
		message = message[max(n, 0)+max(m, 0):]
		if n <= 0 || m <= 0 || tag&7 == 2 && uint64(len(message)) < value {
			t.Fatal("not protobuf")
		}
		if tag&7 == 2 {
			if tag>>3 == number {
				each(message[:value])
			}
			message = message[value:]
		}
	}
}

// hasStrayAddress: here 0 means no address; google/pprof shifts it with the mapping. An address before its mapping
// can be shifted to 0.
func hasStrayAddress(p *profile.Profile) bool {
	return slices.ContainsFunc(p.Location, func(l *profile.Location) bool { return l.Mapping != nil && l.Address < l.Mapping.Start })
}

func isComparable(p *profile.Profile) bool {
	return !unlike(p) && !hasEmptyLabel(p) && !hasStrayAddress(p)
}

func sameTypes(a, b *profile.Profile) bool {
	text := func(p *profile.Profile) (text string) {
		for _, st := range p.SampleType {
			text += fmt.Sprintf("%q %q,", st.Type, st.Unit)
		}
		return text
	}
	return text(a) == text(b)
}

func noPeriodType(p *profile.Profile) bool {
	return p.PeriodType == nil || *p.PeriodType == profile.ValueType{}
}

// compareMerge reports whether the results could be compared.
func compareMerge(t *testing.T, a, b []byte) bool {
	p, errP := profile.ParseData(a)
	q, errQ := profile.ParseData(b)
	out, err := merge.Merge(a, b)
	if errP != nil || errQ != nil || err != nil {
		return false
	}
	ours := parse(t, out)
	checkDense(t, "merge", ours)
	if !isComparable(p) || !isComparable(q) || !sameTypes(p, q) {
		return false
	}
	sum := canonOf(p)
	sum.plus(canonOf(q))
	if text := difference(withoutHeader(canonOf(ours)), withoutHeader(sum)); text != "" {
		t.Fatalf("not the sum of the two\n%s", text)
	}
	if noPeriodType(p) != noPeriodType(q) {
		return false // google/pprof refuses; here a missing one matches any
	}
	merged, err := profile.Merge([]*profile.Profile{p, q})
	if err != nil {
		t.Fatalf("we merge what google/pprof does not: %v", err)
	}
	got, want := canonOf(ours), canonOf(merged)
	if p.DropFrames != q.DropFrames || p.KeepFrames != q.KeepFrames || p.TimeNanos == 0 || q.TimeNanos == 0 || len(p.Mapping) == 0 {
		got.header, want.header = "", "" // this engine takes the first one given, google/pprof that of the first profile
	}
	if text := difference(got, want); text != "" {
		t.Fatalf("differs from google/pprof's merge\n%s", text)
	}
	return true
}

// untilZero truncates at a NUL: NewDelta passes type names as C strings.
func untilZero(name string) string {
	name, _, _ = strings.Cut(name, "\x00")
	return name
}

// compareDelta compares deltas; mask selects the types that are counters.
func compareDelta(t *testing.T, before, after []byte, mask uint8) bool {
	p, errP := profile.ParseData(before)
	q, errQ := profile.ParseData(after)
	if errP != nil || errQ != nil || !sameTypes(p, q) || !isComparable(p) || !isComparable(q) {
		return false
	}
	if dropsLabels(t, before) || dropsLabels(t, after) {
		return false
	}
	byName := map[string]bool{}
	var names []string
	for i, st := range p.SampleType {
		if name := untilZero(st.Type); mask>>(i%8)&1 != 0 && !byName[name] {
			byName[name] = true
			names = append(names, name)
		}
	}
	counters := make([]bool, len(p.SampleType))
	for i, st := range p.SampleType {
		counters[i] = byName[untilZero(st.Type)]
	}
	d := merge.NewDelta(names...)
	defer d.Close()
	if _, err := d.Next(before); err != nil {
		return false
	}
	out, err := d.Next(after)
	if err != nil {
		return false
	}
	ours := parse(t, out)
	checkDense(t, "delta", ours)
	want := canonOf(q)
	want.minus(canonOf(p), counters)
	if text := difference(withoutHeader(canonOf(ours)), withoutHeader(want)); text != "" {
		t.Fatalf("counters %q: not the difference\n%s", names, text)
	}
	return true
}

// damaged returns data with some bytes changed; edits are pairs of position and value.
func damaged(data []byte, edits []byte) []byte {
	out := append([]byte(nil), data...)
	for i := 0; i+2 < len(edits) && len(out) > 0; i += 3 {
		out[(int(edits[i])<<8|int(edits[i+1]))%len(out)] = edits[i+2]
	}
	return out
}

// FuzzMergeOfTwo and FuzzDelta generate profiles from a seed and change some bytes; most remain valid.
func FuzzMergeOfTwo(f *testing.F) {
	for seed := range int64(20) {
		f.Add(seed, []byte{}, []byte{0, byte(seed), 1})
	}
	f.Fuzz(func(t *testing.T, seed int64, first, second []byte) {
		w := newWorld(seed)
		compareMerge(t, damaged(encode(t, w.profile()), first), damaged(encode(t, w.profile()), second))
	})
}

func FuzzDelta(f *testing.F) {
	for seed := range int64(20) {
		f.Add(seed, []byte{}, []byte{0, byte(seed), 1}, uint8(seed*37))
	}
	f.Fuzz(func(t *testing.T, seed int64, first, second []byte, mask uint8) {
		w := newWorld(seed)
		compareDelta(t, damaged(encode(t, w.profile()), first), damaged(encode(t, w.profile()), second), mask)
	})
}

// The same without a fuzzer, a fixed number of times, with one edit each, so that about half can be compared.
func TestDifferential(t *testing.T) {
	compared := 0
	for seed := range int64(600) {
		w := newWorld(seed)
		a, b := encode(t, w.profile()), encode(t, w.profile())
		for range 3 {
			edits := []byte{byte(w.Intn(256)), byte(w.Intn(256)), byte(w.Intn(256))}
			edited := damaged(b, edits)
			if compareMerge(t, a, edited) {
				compared++
			}
			if compareDelta(t, a, edited, uint8(w.Intn(256))) {
				compared++
			}
			if t.Failed() {
				t.Fatalf("seed %d, edits %v", seed, edits)
			}
		}
	}
	if compared < 400 {
		t.Errorf("only %d could be compared", compared)
	}
	t.Logf("%d compared", compared)
}
