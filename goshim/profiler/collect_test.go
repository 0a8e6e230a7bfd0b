//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"errors"
	"io"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/merge"
)

// cHeap returns a profile of C allocations as from package cmemprof: one stack, with totals.
func cHeap(allocObjects, allocBytes, inuseObjects, inuseBytes int64) []byte {
	function := &profile.Function{ID: 1, Name: "sqlite3_malloc"}
	mapping := &profile.Mapping{ID: 1, File: "libsqlite3.so.0"}
	location := &profile.Location{ID: 1, Mapping: mapping, Address: 0x1000, Line: []profile.Line{{Function: function}}}
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "alloc_objects", Unit: "count"}, {Type: "alloc_space", Unit: "bytes"},
			{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}},
		PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"},
		Period:     512 << 10,
		Mapping:    []*profile.Mapping{mapping},
		Function:   []*profile.Function{function},
		Location:   []*profile.Location{location},
	}
	if allocObjects > 0 {
		p.Sample = []*profile.Sample{{Location: p.Location, Value: []int64{allocObjects, allocBytes, inuseObjects, inuseBytes}}}
	}
	var buffer bytes.Buffer
	if err := p.WriteUncompressed(&buffer); err != nil {
		panic(err)
	}
	return buffer.Bytes()
}

func emptyHeap() ([]byte, error) { return cHeap(0, 0, 0, 0), nil }

// valuesOf sums the samples whose leaf is the function.
func valuesOf(p *profile.Profile, function string) (values [4]int64) {
	for _, s := range p.Sample {
		if line := s.Location[0].Line; len(line) > 0 && line[0].Function.Name == function {
			for i, v := range s.Value {
				values[i] += v
			}
		}
	}
	return values
}

func goSamples(p *profile.Profile) int {
	n := 0
	for _, s := range p.Sample {
		for _, l := range s.Location {
			if len(l.Line) > 0 && strings.HasPrefix(l.Line[0].Function.Name, "runtime.") {
				n++
				break
			}
		}
	}
	return n
}

func TestHeapHoldsGoAndC(t *testing.T) {
	a, base := newAgent(t), profiler.Stats()
	totals := [][4]int64{{10, 1000, 4, 400}, {15, 1600, 2, 200}, {15, 1600, 2, 200}}
	var calls atomic.Int32
	defer profiler.SetFakes(profiler.Fakes{
		StartC: func(int64) error { return nil },
		ProfileC: func() ([]byte, error) {
			v := totals[min(int(calls.Add(1))-1, len(totals)-1)]
			return cHeap(v[0], v[1], v[2], v[3]), nil
		},
	})()
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	for i, want := range [][4]int64{{10, 1000, 4, 400}, {5, 600, 2, 200}, {0, 0, 2, 200}} {
		p := a.period(t).profile(t, "delta-heap.pprof")
		if sampleTypes(p) != heapTypes {
			t.Errorf("sample types %q", sampleTypes(p))
		}
		if got := valuesOf(p, "sqlite3_malloc"); got != want {
			t.Errorf("period %d: C has %v, want %v", i, got, want)
		}
		if i == 0 && goSamples(p) == 0 {
			t.Error("nothing of Go's heap")
		}
		// Used to compute rates: the time since the previous profile, counted once although two profiles were merged.
		if i > 0 && (p.DurationNanos <= 0 || p.DurationNanos > patience.Nanoseconds()) {
			t.Errorf("period %d: duration %d", i, p.DurationNanos)
		}
	}
	if got := since(base); got.ProfilesFailed != 0 {
		t.Errorf("%+v", got)
	}
}

func TestHeapTotals(t *testing.T) {
	a := newAgent(t)
	defer profiler.SetFakes(profiler.Fakes{
		StartC:   func(int64) error { return nil },
		ProfileC: func() ([]byte, error) { return cHeap(10, 1000, 4, 400), nil },
	})()
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile), profiler.WithDeltaProfiles(false))
	for range 2 {
		p := a.period(t).profile(t, "heap.pprof")
		if got, want := valuesOf(p, "sqlite3_malloc"), [4]int64{10, 1000, 4, 400}; got != want || goSamples(p) == 0 {
			t.Errorf("C has %v, want %v; %d samples of Go", got, want, goSamples(p))
		}
	}
}

// While C's profile fails, Go's continues; C allocations of that time are in the next one that succeeds, once.
func TestProfileOfCFailsForAWhile(t *testing.T) {
	for name, broken := range map[string]func() ([]byte, error){
		"error":    func() ([]byte, error) { return nil, errors.New("no memory") },
		"rubbish":  func() ([]byte, error) { return []byte{0xff, 0xff, 0xff}, nil },
		"panicked": func() ([]byte, error) { panic("in C's profile") },
	} {
		t.Run(name, func(t *testing.T) {
			a, log, base := newAgent(t), captureLog(t), profiler.Stats()
			var calls atomic.Int32
			defer profiler.SetFakes(profiler.Fakes{
				StartC: func(int64) error { return nil },
				ProfileC: func() ([]byte, error) {
					switch calls.Add(1) {
					case 1, 3, 4:
						return broken()
					case 2:
						return cHeap(10, 1000, 4, 400), nil
					}
					return cHeap(15, 1600, 2, 200), nil
				},
			})()
			startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
			for i, want := range [][4]int64{{}, {10, 1000, 4, 400}, {0, 0, 4, 400}, {0, 0, 4, 400}, {5, 600, 2, 200}, {0, 0, 2, 200}} {
				p := a.period(t).profile(t, "delta-heap.pprof")
				if got := valuesOf(p, "sqlite3_malloc"); got != want {
					t.Errorf("period %d: C has %v, want %v", i, got, want)
				}
			}
			if got := since(base).ProfilesFailed; got != 3 {
				t.Errorf("%d profiles failed, want 3", got)
			}
			if lines := strings.Join(log.all(), "\n"); strings.Count(lines, "the profile of C allocations cannot be taken") != 1 {
				t.Errorf("log %q", lines)
			}
		})
	}
}

// failing is a delta that runs out of memory in some steps.
type failing struct {
	profiler.Delta
	fails func() string
}

func (d failing) Join(partial bool, parts ...merge.Part) ([]byte, error) {
	fails := d.fails()
	if fails == "all" || fails == "parts" {
		parts = append(parts, func(unsafe.Pointer) error { return errors.New("no memory") })
	}
	joined, err := d.Delta.Join(partial, parts...)
	switch fails {
	case "result": // the profile is stored
		return nil, errors.New("no memory")
	case "all":
		_, err = d.Delta.Next(nil)
	}
	return joined, err
}

// A delta that ran out of memory restarts. Values sent before must not be sent again as if allocated in the period.
func TestDeltaWithoutMemoryRepeatsNothing(t *testing.T) {
	type period [4]int64
	left := period{-1} // a period without a profile
	for name, test := range map[string]struct {
		fail map[int]string // failing steps of the delta
		want []period
	}{
		"for a result": {map[int]string{3: "result"}, []period{{10, 100, 1, 10}, {10, 100, 1, 10}, left, {10, 100, 1, 10}, {10, 100, 1, 10}}},
		"for two":      {map[int]string{3: "all", 4: "all"}, []period{{10, 100, 1, 10}, {10, 100, 1, 10}, left, left, left, {10, 100, 1, 10}}},
		"at once":      {map[int]string{1: "all"}, []period{left, {20, 200, 1, 10}, {10, 100, 1, 10}}}, // nothing was sent, so nothing is repeated
	} {
		t.Run(name, func(t *testing.T) {
			a, base := newAgent(t), profiler.Stats()
			steps, taken := 0, int64(0) // used by the collecting goroutine
			defer profiler.SetFakes(profiler.Fakes{
				ProfileC: func() ([]byte, error) {
					taken++
					return cHeap(10*taken, 100*taken, 1, 10), nil
				},
				NewDelta: func(output merge.Output, types ...string) profiler.Delta {
					real := merge.NewDeltaWith(merge.DeltaOptions{Types: types, Output: output, TellsOnce: true})
					return failing{real, func() string { steps++; return test.fail[steps] }}
				},
			})()
			startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
			lost := uint64(0)
			for i, want := range test.want {
				got, b := left, a.period(t)
				if b.attachments["delta-heap.pprof"] != nil {
					got = valuesOf(b.profile(t, "delta-heap.pprof"), "sqlite3_malloc")
				} else {
					lost++
				}
				if got != want {
					t.Errorf("period %d: %v, want %v", i, got, want)
				}
			}
			if failed := since(base).ProfilesFailed; failed != lost {
				t.Errorf("%d profiles are missing, %d counted", lost, failed)
			}
		})
	}
}

// If the heaps of C and Go cannot be joined, the next profile covers both periods, once.
func TestHeapsThatCannotBeJoinedComeLater(t *testing.T) {
	a := newAgent(t)
	taken, joins := int64(0), 0 // used by the collecting goroutine
	defer profiler.SetFakes(profiler.Fakes{
		ProfileC: func() ([]byte, error) {
			taken++
			return cHeap(10*taken, 100*taken, 1, 10), nil
		},
		NewDelta: func(output merge.Output, types ...string) profiler.Delta {
			real := merge.NewDeltaWith(merge.DeltaOptions{Types: types, Output: output, TellsOnce: true})
			return failing{real, func() string {
				if joins++; joins == 2 {
					return "parts"
				}
				return ""
			}}
		},
	})()
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	for i, want := range [][4]int64{{10, 100, 1, 10}, {}, {20, 200, 1, 10}, {10, 100, 1, 10}} {
		b := a.period(t)
		if i == 1 {
			if b.attachments["delta-heap.pprof"] != nil {
				t.Error("a heap without C's part")
			}
		} else if got := valuesOf(b.profile(t, "delta-heap.pprof"), "sqlite3_malloc"); got != want {
			t.Errorf("period %d: %v, want %v", i, got, want)
		}
	}
}

func TestSamplingOfCCannotStart(t *testing.T) {
	a, log := newAgent(t), captureLog(t)
	defer profiler.SetFakes(profiler.Fakes{
		StartC:   func(int64) error { return errors.New("no hooks in this program") },
		ProfileC: func() ([]byte, error) { return cHeap(1, 1, 1, 1), nil },
	})()
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	for range 2 {
		p := a.period(t).profile(t, "delta-heap.pprof")
		if got := valuesOf(p, "sqlite3_malloc"); got != [4]int64{} {
			t.Errorf("C has %v", got)
		}
	}
	log.wantOnly(t, "C allocations are not profiled, Go's are: no hooks in this program")
}

func TestLostSamplesOfCAreSaidOnce(t *testing.T) {
	a, log := newAgent(t), captureLog(t)
	var asked atomic.Uint64
	defer profiler.SetFakes(profiler.Fakes{
		StartC:   func(int64) error { return nil },
		ProfileC: emptyHeap,
		StatsC:   func() cmemprof.Stats { return cmemprof.Stats{LostShards: (asked.Add(1) - 1) * 7} },
	})()
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	for range 4 {
		a.period(t)
	}
	log.wantOnly(t, "7 samples of C allocations were lost so far")
}

// Symbolizing a large program may take long. Stop must not.
func TestStopDoesNotWaitForASlowCollection(t *testing.T) {
	a, log, base := newAgent(t), captureLog(t), profiler.Stats()
	called, release := make(chan struct{}, 100), make(chan struct{})
	defer profiler.SetFakes(profiler.Fakes{
		After:  over(profiler.CollectTime),
		StartC: func(int64) error { return nil },
		ProfileC: func() ([]byte, error) {
			called <- struct{}{}
			<-release
			return emptyHeap()
		},
	})()
	start(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	<-called
	profiler.Stop()
	close(release)
	waitFor(t, "the late batch to be counted", func() bool { return since(base).BatchesDropped == 1 })
	if lines := strings.Join(log.all(), "\n"); strings.Count(lines, "took too long to collect") != 1 {
		t.Errorf("log %q", lines)
	}
}

func TestProfileThatFailsIsLeftOut(t *testing.T) {
	for name, fault := range map[string]func() error{
		"error": func() error { return errors.New("out of luck") },
		"panic": func() error { panic("out of luck") },
	} {
		t.Run(name, func(t *testing.T) {
			a, log, base := newAgent(t), captureLog(t), profiler.Stats()
			defer profiler.SetFakes(profiler.Fakes{Lookup: func(name string, w io.Writer) error {
				if name == "goroutine" {
					return fault()
				}
				return profiler.LookupProfile(name, w)
			}})()
			startStepped(t, a, profiler.WithPeriod(20*time.Millisecond),
				profiler.WithProfileTypes(profiler.HeapProfile, profiler.GoroutineProfile))
			for range 3 {
				if b := a.period(t); len(b.order) != 4 || b.attachments["delta-heap.pprof"] == nil || b.attachments["peak.pprof"] == nil || b.attachments["memory.pprof"] == nil || b.attachments["metrics.json"] == nil {
					t.Errorf("attachments %q", b.order)
				}
			}
			profiler.Stop()
			if got := since(base); got.ProfilesFailed < 3 || got.BatchesFailed != 0 || (name == "panic") != (got.Panics > 0) {
				t.Errorf("%+v", got)
			}
			if lines := strings.Join(log.all(), "\n"); strings.Count(lines, "the goroutine profile cannot be taken") != 1 {
				t.Errorf("log %q", lines)
			}
		})
	}
}

// The service may be taking its own CPU profile.
func TestCPUProfileIsTaken(t *testing.T) {
	a, log := newAgent(t), captureLog(t)
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.CPUProfile))
	for range 2 {
		if b := a.period(t); len(b.order) != 1 {
			t.Errorf("attachments %q", b.order)
		}
	}
	profiler.Stop()
	log.wantOnly(t, "the cpu profile cannot be taken and is left out: ")
}
