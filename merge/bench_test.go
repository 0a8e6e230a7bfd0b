package merge_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"testing"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
)

// heapProfile returns a heap profile like that of a large Go service: stacks of about 20 frames from a call tree, with the size as label.
func heapProfile(samples int) *profile.Profile {
	random := rand.New(rand.NewSource(1))
	p := &profile.Profile{PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: 524288, TimeNanos: 1e18}
	for _, t := range [][2]string{{"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, {"inuse_space", "bytes"}} {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: t[0], Unit: t[1]})
	}
	m := &profile.Mapping{ID: 1, Start: 0x400000, Limit: 0x4000000, File: "/bin/service", BuildID: "feedbeef", HasFunctions: true}
	p.Mapping = []*profile.Mapping{m}
	for i := range samples {
		f := &profile.Function{ID: uint64(i + 1), Name: fmt.Sprintf("example.com/service/package%d.(*Type).Method%d", i%300, i),
			Filename: fmt.Sprintf("/src/service/package%d/file.go", i%300)}
		f.SystemName = f.Name
		p.Function = append(p.Function, f)
		l := &profile.Location{ID: uint64(i + 1), Mapping: m, Address: 0x400000 + uint64(i)*64, Line: []profile.Line{{Function: f, Line: int64(i % 900)}}}
		if i%5 == 4 {
			l.Line = append(l.Line, profile.Line{Function: p.Function[i/2], Line: 7})
		}
		p.Location = append(p.Location, l)
	}
	for i := range samples {
		s := &profile.Sample{NumLabel: map[string][]int64{"bytes": {int64(16 << random.Intn(12))}}, NumUnit: map[string][]string{"bytes": {"bytes"}}}
		for at := i; at > 0 && len(s.Location) < 32; at -= 1 + random.Intn(at/3+1) {
			s.Location = append(s.Location, p.Location[at])
		}
		objects := random.Int63n(5000)
		s.Value = []int64{objects, objects * 512, objects / 3, objects / 3 * 512}
		p.Sample = append(p.Sample, s)
	}
	return p
}

func gzipped(b testing.TB, p *profile.Profile) []byte {
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

const benchmarkInputs = 4

func BenchmarkMerge(b *testing.B) {
	data := gzipped(b, heapProfile(10000))
	inputs := make([][]byte, benchmarkInputs)
	for i := range inputs {
		inputs[i] = data
	}
	b.Run("merge", func(b *testing.B) {
		for b.Loop() {
			if _, err := merge.Merge(inputs...); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("google-pprof", func(b *testing.B) {
		for b.Loop() {
			var parsed []*profile.Profile
			for _, input := range inputs {
				parsed = append(parsed, parse(b, input))
			}
			merged, err := profile.Merge(parsed)
			if err != nil {
				b.Fatal(err)
			}
			gzipped(b, merged)
		}
	})
}

func BenchmarkDelta(b *testing.B) {
	data := gzipped(b, heapProfile(10000))
	d := merge.NewDelta("alloc_objects", "alloc_space")
	defer d.Close()
	for b.Loop() {
		if _, err := d.Next(data); err != nil {
			b.Fatal(err)
		}
	}
}
