//go:build linux && (amd64 || arm64) && cgo

package debug

import (
	"bytes"
	"testing"

	"github.com/google/pprof/profile"
)

// heap returns a profile with one stack per value, the bytes in use.
func heap(t *testing.T, timeNanos int64, inUse ...int64) []byte {
	t.Helper()
	p := &profile.Profile{TimeNanos: timeNanos}
	for _, name := range []string{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"} {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: name, Unit: "count"})
	}
	for i, bytes := range inUse {
		f := &profile.Function{ID: uint64(i + 1), Name: string(rune('a' + i))}
		l := &profile.Location{ID: uint64(i + 1), Line: []profile.Line{{Function: f}}}
		p.Function, p.Location = append(p.Function, f), append(p.Location, l)
		p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{l}, Value: []int64{1, 1000, 1, bytes}})
	}
	var buffer bytes.Buffer
	if err := p.Write(&buffer); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

func TestFreedMemoryIsNegative(t *testing.T) {
	data, err := subtract(heap(t, 5e9, 40, 7, 900), heap(t, 2e9, 100, 7))
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatal(err)
	}
	if p.DurationNanos != 3e9 {
		t.Errorf("it lasts %d ns, want 3 s", p.DurationNanos)
	}
	got := map[string]int64{}
	for _, s := range p.Sample {
		got[s.Location[0].Line[0].Function.Name] = s.Value[3]
	}
	if len(got) != 2 || got["a"] != -60 || got["c"] != 900 { // b is unchanged
		t.Errorf("%v", got)
	}
}
