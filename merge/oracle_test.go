package merge_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"sort"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
)

// canon is a profile without ids and order: samples by content, duplicates summed, zeros dropped.
type canon struct {
	header  string
	samples map[string][]int64
}

func canonMapping(m *profile.Mapping) string {
	if m == nil {
		return "-"
	}
	name := m.BuildID
	if name == "" {
		name = m.File
	}
	return fmt.Sprintf("%s+%x/%x", name, m.Offset, (m.Limit-m.Start+4095)/4096)
}

func canonLabels(s *profile.Sample) string {
	var labels []string
	for key, texts := range s.Label {
		for _, text := range texts {
			labels = append(labels, fmt.Sprintf("%q=%q", key, text))
		}
	}
	for key, numbers := range s.NumLabel {
		for i, number := range numbers {
			unit := ""
			if units := s.NumUnit[key]; len(units) > i {
				unit = units[i]
			}
			labels = append(labels, fmt.Sprintf("%q=%d%q", key, number, unit))
		}
	}
	sort.Strings(labels)
	return strings.Join(labels, ",")
}

func canonSample(s *profile.Sample) string {
	var b strings.Builder
	for _, l := range s.Location {
		address := l.Address
		if l.Mapping != nil {
			address -= l.Mapping.Start
		}
		fmt.Fprintf(&b, "[%s %x %v", canonMapping(l.Mapping), address, l.IsFolded)
		for _, line := range l.Line {
			f := line.Function
			fmt.Fprintf(&b, " %q %q %q %d:%d:%d", f.Name, f.SystemName, f.Filename, f.StartLine, line.Line, line.Column)
		}
		b.WriteString("]")
	}
	b.WriteString(canonLabels(s))
	return b.String()
}

func canonOf(p *profile.Profile) canon {
	c := canon{samples: map[string][]int64{}}
	var main string
	if len(p.Mapping) > 0 {
		main = canonMapping(p.Mapping[0])
	}
	var types []string
	for _, t := range p.SampleType {
		types = append(types, t.Type+"/"+t.Unit)
	}
	period := ""
	if p.PeriodType != nil {
		period = p.PeriodType.Type + "/" + p.PeriodType.Unit
	}
	c.header = fmt.Sprintf("types %v, period %s %d, time %d + %d, comments %q, default %q, drop %q keep %q, doc %q, main %s",
		types, period, p.Period, p.TimeNanos, p.DurationNanos, p.Comments, p.DefaultSampleType, p.DropFrames, p.KeepFrames, p.DocURL, main)
	for _, s := range p.Sample {
		key := canonSample(s)
		row := c.samples[key]
		if row == nil {
			row = make([]int64, len(s.Value))
			c.samples[key] = row
		}
		for i, v := range s.Value {
			row[i] += v
		}
	}
	for key, row := range c.samples {
		if !anyNonZero(row) {
			delete(c.samples, key)
		}
	}
	return c
}

func anyNonZero(row []int64) bool {
	for _, v := range row {
		if v != 0 {
			return true
		}
	}
	return false
}

// difference describes the first few differences; "" if there are none.
func difference(got, want canon) string {
	var b strings.Builder
	if got.header != want.header {
		fmt.Fprintf(&b, "header\n got  %s\n want %s\n", got.header, want.header)
	}
	lines := 0
	for key, row := range want.samples {
		if fmt.Sprint(got.samples[key]) != fmt.Sprint(row) && lines < 5 {
			fmt.Fprintf(&b, "sample %s\n got  %v\n want %v\n", key, got.samples[key], row)
			lines++
		}
	}
	for key, row := range got.samples {
		if want.samples[key] == nil && lines < 5 {
			fmt.Fprintf(&b, "sample %s\n got %v\n want none\n", key, row)
			lines++
		}
	}
	return b.String()
}

func parse(t testing.TB, data []byte) *profile.Profile {
	t.Helper()
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatalf("google/pprof does not read this: %v", err)
	}
	return p
}

func encode(t testing.TB, p *profile.Profile) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.WriteUncompressed(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// theirs is the result of google/pprof.
func theirs(t testing.TB, inputs ...[]byte) *profile.Profile {
	t.Helper()
	var parsed []*profile.Profile
	for _, data := range inputs {
		parsed = append(parsed, parse(t, data))
	}
	merged, err := profile.Merge(parsed)
	if err != nil {
		t.Fatalf("google/pprof does not merge these: %v", err)
	}
	return merged
}

func checkMerge(t testing.TB, what string, inputs ...[]byte) {
	t.Helper()
	data, err := merge.Merge(inputs...)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	ours := parse(t, data)
	if text := difference(canonOf(ours), canonOf(theirs(t, inputs...))); text != "" {
		t.Fatalf("%s: our merge differs from google/pprof's\n%s", what, text)
	}
	checkCompact(t, what, ours)
}

// checkDense: mappings, locations and functions must have ids 1..n, in any order. google/pprof gives a function that it adds, when it
// symbolizes a mapping, the id n+1, and rejects duplicates.
func checkDense(t testing.TB, what string, p *profile.Profile) {
	t.Helper()
	check := func(noun string, count int, id func(i int) uint64) {
		seen := make([]bool, count+1)
		for i := range count {
			if id := id(i); id == 0 || id > uint64(count) || seen[id] {
				t.Fatalf("%s: %d %s, and one has the id %d", what, count, noun, id)
			}
			seen[id(i)] = true
		}
	}
	check("mappings", len(p.Mapping), func(i int) uint64 { return p.Mapping[i].ID })
	check("locations", len(p.Location), func(i int) uint64 { return p.Location[i].ID })
	check("functions", len(p.Function), func(i int) uint64 { return p.Function[i].ID })
}

// checkCompact: every entry except the first mapping must be used by a sample.
func checkCompact(t testing.TB, what string, p *profile.Profile) {
	t.Helper()
	checkDense(t, what, p)
	before := [3]int{len(p.Location), len(p.Function), len(p.Mapping)}
	c := p.Copy().Compact()
	if after := [3]int{len(c.Location), len(c.Function), len(c.Mapping)}; before != after {
		t.Fatalf("%s: %v locations, functions, mappings; used are %v", what, before, after)
	}
}

// ---- Random profiles ----

// world is shared by the profiles of one case, so that they overlap.
type world struct {
	*rand.Rand
	types      []*profile.ValueType
	period     *profile.ValueType
	mappings   []profile.Mapping
	functions  []profile.Function
	fixedBases bool // all profiles come from one process
}

func newWorld(seed int64) *world {
	w := &world{Rand: rand.New(rand.NewSource(seed))}
	for i := range 1 + w.Intn(7) {
		w.types = append(w.types, &profile.ValueType{Type: fmt.Sprintf("type%d", i), Unit: []string{"count", "bytes", ""}[w.Intn(3)]})
	}
	w.period = &profile.ValueType{Type: "space", Unit: "bytes"}
	for i := range w.Intn(5) {
		m := profile.Mapping{File: fmt.Sprintf("/lib/lib%d.so", i), Limit: uint64(1+w.Intn(9)) << 12, Offset: uint64(w.Intn(3)) << 12,
			HasFunctions: w.Intn(2) == 0, HasInlineFrames: w.Intn(2) == 0}
		if w.Intn(2) == 0 {
			m.BuildID = fmt.Sprintf("b%dfeed", i)
		}
		w.mappings = append(w.mappings, m)
	}
	for range 2 + w.Intn(12) {
		w.functions = append(w.functions, profile.Function{Name: fmt.Sprintf("f%d", w.Intn(6)), SystemName: []string{"", "_Zf"}[w.Intn(2)],
			Filename: []string{"a.c", "b.c"}[w.Intn(2)], StartLine: int64(w.Intn(3))})
	}
	w.fixedBases = w.Intn(2) == 0
	return w
}

// ids are dense, or sparse and unordered.
func (w *world) ids(n int) []uint64 {
	ids := make([]uint64, n)
	for i := range ids {
		ids[i] = uint64(i + 1)
	}
	switch w.Intn(3) {
	case 1:
		w.Shuffle(n, func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	case 2:
		for i := range ids {
			ids[i] = w.Uint64()<<8 | uint64(i+1)
		}
	}
	return ids
}

func (w *world) profile() *profile.Profile {
	p := &profile.Profile{SampleType: w.types, PeriodType: w.period, Period: int64(w.Intn(4)), TimeNanos: 1 + w.Int63n(1e9),
		DurationNanos: int64(w.Intn(1000)), Comments: w.some("one", "two", "three"), DocURL: w.maybe("https://doc"),
		DefaultSampleType: w.maybe("type0"), DropFrames: "drop", KeepFrames: "keep"}
	ids := w.ids(len(w.mappings))
	for i := range w.mappings {
		m := w.mappings[i]
		m.ID = ids[i]
		base := uint64(i+1) << 32
		if !w.fixedBases {
			base += uint64(w.Intn(1000)) << 12
		}
		m.Start, m.Limit = base, base+m.Limit
		p.Mapping = append(p.Mapping, &m)
	}
	w.Shuffle(len(p.Mapping), func(i, j int) { p.Mapping[i], p.Mapping[j] = p.Mapping[j], p.Mapping[i] })
	ids = w.ids(len(w.functions))
	for i := range w.functions {
		f := w.functions[i]
		f.ID = ids[i]
		p.Function = append(p.Function, &f)
	}
	w.addLocations(p)
	for range w.Intn(40) {
		p.Sample = append(p.Sample, w.sample(p))
	}
	return p
}

func (w *world) addLocations(p *profile.Profile) {
	ids := w.ids(1 + w.Intn(20))
	for _, id := range ids {
		l := &profile.Location{ID: id, Address: uint64(w.Intn(4)) * 8, IsFolded: w.Intn(8) == 0}
		if len(p.Mapping) > 0 && w.Intn(4) > 0 {
			l.Mapping = p.Mapping[w.Intn(len(p.Mapping))]
			l.Address += l.Mapping.Start
		}
		for range w.Intn(4) {
			l.Line = append(l.Line, profile.Line{Function: p.Function[w.Intn(len(p.Function))], Line: int64(w.Intn(3)), Column: int64(w.Intn(2))})
		}
		p.Location = append(p.Location, l)
	}
}

func (w *world) sample(p *profile.Profile) *profile.Sample {
	s := &profile.Sample{Label: map[string][]string{}, NumLabel: map[string][]int64{}, NumUnit: map[string][]string{}}
	for range w.Intn(6) {
		s.Location = append(s.Location, p.Location[w.Intn(len(p.Location))])
	}
	for range w.types {
		s.Value = append(s.Value, int64(w.Intn(3))*w.Int63n(1000))
	}
	for _, key := range w.some("k1", "k2") {
		for range 1 + w.Intn(2) {
			s.Label[key] = append(s.Label[key], []string{"x", "y"}[w.Intn(2)])
		}
	}
	for _, key := range w.some("k2", "n1") {
		for range 1 + w.Intn(2) {
			s.NumLabel[key] = append(s.NumLabel[key], 1+w.Int63()>>uint(w.Intn(63))-w.Int63n(5))
			s.NumUnit[key] = append(s.NumUnit[key], []string{"bytes", "ns"}[w.Intn(2)])
		}
	}
	return s
}

func (w *world) some(texts ...string) (out []string) {
	for _, text := range texts {
		if w.Intn(3) == 0 {
			out = append(out, text)
		}
	}
	return out
}

func (w *world) maybe(text string) string {
	if w.Intn(2) == 0 {
		return ""
	}
	return text
}

func TestMergeOfRandomProfilesEqualsPprof(t *testing.T) {
	for seed := range int64(600) {
		w := newWorld(seed)
		first := w.profile()
		inputs := [][]byte{encode(t, first)}
		for range w.Intn(4) {
			p := w.profile()
			// pprof takes these two from the first profile only, this engine from the first that has them.
			p.DropFrames, p.KeepFrames = first.DropFrames, first.KeepFrames
			inputs = append(inputs, encode(t, p))
		}
		checkMerge(t, fmt.Sprintf("seed %d", seed), inputs...)
	}
}

// The order of the sample types in an input does not matter: they are matched by name.
func TestTypesInAnotherOrder(t *testing.T) {
	for seed := range int64(100) {
		w := newWorld(seed)
		a, b := w.profile(), w.profile()
		want := canonOf(theirs(t, encode(t, a), encode(t, b)))
		order := w.Perm(len(w.types))
		turned := b.Copy()
		for to, from := range order {
			turned.SampleType[to] = b.SampleType[from]
			for i := range b.Sample {
				turned.Sample[i].Value[to] = b.Sample[i].Value[from]
			}
		}
		data, err := merge.Merge(encode(t, a), encode(t, turned))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if text := difference(canonOf(parse(t, data)), want); text != "" {
			t.Fatalf("seed %d: %s", seed, text)
		}
	}
}

// ---- Delta ----

// parseSorted sorts the values of repeated labels: this engine compares them as a multiset, pprof as a list.
func parseSorted(t testing.TB, data []byte) *profile.Profile {
	t.Helper()
	p := parse(t, data)
	for _, s := range p.Sample {
		for key := range s.Label {
			sort.Strings(s.Label[key])
		}
		for key, numbers := range s.NumLabel {
			sort.Sort(byNumber{numbers, s.NumUnit[key]})
		}
	}
	return p
}

type byNumber struct {
	numbers []int64
	units   []string
}

func (b byNumber) Len() int { return len(b.numbers) }
func (b byNumber) Swap(i, j int) {
	b.numbers[i], b.numbers[j] = b.numbers[j], b.numbers[i]
	if len(b.units) > 0 {
		b.units[i], b.units[j] = b.units[j], b.units[i]
	}
}
func (b byNumber) Less(i, j int) bool {
	if b.numbers[i] != b.numbers[j] || len(b.units) == 0 {
		return b.numbers[i] < b.numbers[j]
	}
	return b.units[i] < b.units[j]
}

// The contract: Merge(delta, -golden) is empty, golden = Merge(before scaled by -1 on the delta types and by 0 on the others, after).
func checkDelta(t testing.TB, what string, got, before, after []byte, types []string) {
	t.Helper()
	last := parseSorted(t, before)
	ratios := make([]float64, len(last.SampleType))
	minus := make([]float64, len(ratios))
	for i, st := range last.SampleType {
		minus[i] = -1
		for _, name := range types {
			if st.Type == name {
				ratios[i] = -1
			}
		}
	}
	if err := last.ScaleN(ratios); err != nil {
		t.Fatal(err)
	}
	golden, err := profile.Merge([]*profile.Profile{last, parseSorted(t, after)})
	if err != nil {
		t.Fatal(err)
	}
	if err := golden.ScaleN(minus); err != nil {
		t.Fatal(err)
	}
	rest, err := profile.Merge([]*profile.Profile{parseSorted(t, got), golden})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(rest.Sample); n != 0 {
		t.Fatalf("%s: %d samples differ from the golden delta, the first: %s %v", what, n, canonSample(rest.Sample[0]), rest.Sample[0].Value)
	}
}

// grow returns a later profile of the same process: counters increase, gauges change at random, a few stacks are new.
func (w *world) grow(p *profile.Profile, counters map[string]bool) *profile.Profile {
	next := p.Copy()
	next.TimeNanos += 1e9
	next.Sample = append(next.Sample, w.sample(next))
	for _, s := range next.Sample {
		for i, st := range next.SampleType {
			if counters[st.Type] {
				s.Value[i] += int64(w.Intn(2)) * w.Int63n(1000)
			} else {
				s.Value[i] = w.Int63n(3)
			}
		}
	}
	w.Shuffle(len(next.Sample), func(i, j int) { next.Sample[i], next.Sample[j] = next.Sample[j], next.Sample[i] })
	return next
}

func TestDeltaOfRandomProfiles(t *testing.T) {
	for seed := range int64(300) {
		w := newWorld(seed)
		var names []string
		counters := map[string]bool{}
		for _, st := range w.types {
			if w.Intn(2) == 0 {
				names = append(names, st.Type)
				counters[st.Type] = true
			}
		}
		d := merge.NewDelta(names...)
		defer d.Close()
		last := w.profile()
		before := encode(t, last)
		got, err := d.Next(before)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if text := difference(canonOf(parse(t, got)), canonOf(theirs(t, before))); text != "" {
			t.Fatalf("seed %d: the first profile did not pass as it is\n%s", seed, text)
		}
		for range 3 {
			last = w.grow(last, counters)
			after := encode(t, last)
			if got, err = d.Next(after); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			checkDelta(t, fmt.Sprintf("seed %d", seed), got, before, after, names)
			if ns := parse(t, got).DurationNanos; ns != 1e9 {
				t.Fatalf("seed %d: duration %d, want the second between the two", seed, ns)
			}
			before = after
		}
	}
}

// A profile in two parts has the delta of their merge, header and all.
func TestDeltaOfPartsIsThatOfTheirMerge(t *testing.T) {
	for seed := range int64(100) {
		w := newWorld(seed)
		var names []string
		counters := map[string]bool{}
		for _, st := range w.types {
			if w.Intn(2) == 0 {
				names = append(names, st.Type)
				counters[st.Type] = true
			}
		}
		joined, merged := merge.NewDelta(names...), merge.NewDelta(names...)
		defer joined.Close()
		defer merged.Close()
		a, b := w.profile(), w.profile()
		for step := range 4 {
			first, second := encode(t, a), encode(t, b)
			whole, err := merge.Merge(first, second)
			if err != nil {
				t.Fatal(err)
			}
			want, err := merged.Next(whole)
			if err != nil {
				t.Fatal(err)
			}
			got, err := joined.Join(false, merge.Encoded(first, nil), merge.Encoded(second, nil))
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			wanted := canonOf(parse(t, want))
			if len(names) == 0 { // nothing is subtracted: it is the merge itself
				wanted = canonOf(parse(t, whole))
			}
			if text := difference(canonOf(parse(t, got)), wanted); text != "" {
				t.Fatalf("seed %d, step %d:\n%s", seed, step, text)
			}
			checkCompact(t, fmt.Sprintf("seed %d, step %d", seed, step), parse(t, got))
			a, b = w.grow(a, counters), w.grow(b, counters)
		}
	}
}
