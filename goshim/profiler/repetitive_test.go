//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// repetitive is a planted profile of which gzip makes less than a 500th.
func repetitive(types ...string) []byte {
	const size = 4 << 20
	text := append([]byte{6<<3 | 2, 0x80, 0x80, 0x80, 0x02}, bytes.Repeat([]byte{'a'}, size)...) // of the string table
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the usual one of Go 1.27 makes more
	_, _ = w.Write(append(planted(types...), text...))
	_ = w.Close()
	if packed.Len()*500 > size {
		panic("not repetitive")
	}
	return packed.Bytes()
}

// The limit of what compressed bytes may become is for strangers' profiles: those of this process are joined, subtracted and redacted whatever it is.
func TestRepetitiveProfilesAreSent(t *testing.T) {
	for _, filter := range []bool{false, true} {
		a, log := newAgent(t), captureLog(t)
		fakes := plantedFakes(a)
		fakes.Lookup = func(name string, w io.Writer) error {
			types := map[string][]string{"heap": plantedHeapTypes, "mutex": {"contentions", "delay"}}[name]
			if types == nil {
				types = []string{name}
			}
			_, err := w.Write(repetitive(types...))
			return err
		}
		var cpu io.Writer
		fakes.StartCPU = func(w io.Writer) error { cpu = w; return nil }
		fakes.StopCPU = func() uint64 { _, _ = cpu.Write(repetitive("cpu")); return 0 }
		restore := profiler.SetFakes(fakes)
		options := []profiler.Option{wholePeriod,
			profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile, profiler.MutexProfile, profiler.GoroutineProfile)}
		if filter {
			options = append(options, profiler.WithLabelFilter("allow:tenant"))
		}
		start(t, a, options...)
		restore()
		b := a.period(t)
		profiler.Stop()
		for _, name := range []string{"cpu.pprof", "delta-heap.pprof", "delta-mutex.pprof", "goroutines.pprof"} {
			if !slices.Contains(b.order, name) || len(b.profile(t, name).Sample) == 0 {
				t.Errorf("%s is missing in %q", name, b.order)
			}
		}
		log.wantOnly(t)
	}
}
