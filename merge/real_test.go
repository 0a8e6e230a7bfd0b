package merge_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/google/pprof/profile"
)

var kept [][]byte

//go:noinline
func allocate(depth, size int) {
	if depth > 0 {
		allocate(depth-1, size)
		return
	}
	kept = append(kept, make([]byte, size))
}

// goProfile is a profile of the running Go runtime, as a service would send it.
func goProfile(t testing.TB, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup(name).WriteTo(&b, 0); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func setRates(t testing.TB) {
	heap := runtime.MemProfileRate
	runtime.MemProfileRate = 512
	runtime.SetBlockProfileRate(1)
	mutex := runtime.SetMutexProfileFraction(1)
	t.Cleanup(func() {
		runtime.MemProfileRate = heap
		runtime.SetBlockProfileRate(0)
		runtime.SetMutexProfileFraction(mutex)
		kept = nil
	})
}

func contend() {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go pprof.Do(context.Background(), pprof.Labels("worker", "contend"), func(context.Context) {
			defer wg.Done()
			for range 50 {
				mu.Lock()
				runtime.Gosched()
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func cpuProfile(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		t.Skip(err)
	}
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		contend()
	}
	pprof.StopCPUProfile()
	return b.Bytes()
}

func TestMergeOfGoProfilesEqualsPprof(t *testing.T) {
	setRates(t)
	kinds := []string{"heap", "allocs", "goroutine", "threadcreate", "block", "mutex"}
	before := map[string][]byte{}
	for round := range 3 {
		for depth := range 40 {
			allocate(depth, 1000*(round+1))
		}
		contend()
		runtime.GC()
		for _, kind := range kinds {
			data := goProfile(t, kind)
			checkMerge(t, kind, data)
			if round > 0 {
				checkMerge(t, kind, before[kind], data, data)
			}
			before[kind] = data
		}
	}
	cpu := cpuProfile(t)
	checkMerge(t, "cpu", cpu, cpuProfile(t), cpu)
}

func TestDeltaOfGoProfiles(t *testing.T) {
	setRates(t)
	types := map[string][]string{
		"heap":  {"alloc_objects", "alloc_space"},
		"mutex": {"contentions", "delay"},
		"block": {"contentions", "delay"},
	}
	for kind, names := range types {
		d := merge.NewDelta(names...)
		defer d.Close()
		var before []byte
		for range 4 {
			for depth := range 20 {
				allocate(depth, 3000)
			}
			contend()
			runtime.GC()
			after := goProfile(t, kind)
			got, err := d.Next(after)
			if err != nil {
				t.Fatal(err)
			}
			if before != nil {
				checkDelta(t, kind, got, before, after, names)
			}
			before = after
		}
	}
}

// Profiles of other languages: many types, negative numbers in labels, samples that differ only in labels.
func TestMergeOfOtherProfilers(t *testing.T) {
	nameless := &profile.Location{ID: 1}
	node := &profile.Profile{SampleType: []*profile.ValueType{{Type: "timeline", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "timeline", Unit: "nanoseconds"}, Location: []*profile.Location{nameless}}
	for i := range int64(50) {
		node.Sample = append(node.Sample, &profile.Sample{Location: []*profile.Location{nameless}, Value: []int64{i + 1},
			Label: map[string][]string{"event": {"gc"}}, NumLabel: map[string][]int64{"end_timestamp_ns": {1e15 + i/2}}})
	}
	checkMerge(t, "node", encode(t, node), encode(t, node))

	f := &profile.Function{ID: 7, Name: "work", Filename: "a.py"}
	l := &profile.Location{ID: 1 << 63, Line: []profile.Line{{Function: f, Line: 3}}}
	python := &profile.Profile{PeriodType: &profile.ValueType{}, Function: []*profile.Function{f}, Location: []*profile.Location{l}}
	for _, name := range strings.Fields("cpu-time cpu-samples wall-time wall-samples exceptions lock-acquire lock-wait lock-release heap-space alloc-samples") {
		python.SampleType = append(python.SampleType, &profile.ValueType{Type: name, Unit: "count"})
	}
	for i := range int64(20) {
		s := &profile.Sample{Location: []*profile.Location{l}, Value: make([]int64, len(python.SampleType)),
			NumLabel: map[string][]int64{"span id": {-1 << 62}, "thread id": {i % 3}}, Label: map[string][]string{"thread name": {"main"}}}
		s.Value[i%10] = i
		python.Sample = append(python.Sample, s)
	}
	checkMerge(t, "python", encode(t, python), encode(t, python))
}

func TestSeveralGzipMembersAreOneProfile(t *testing.T) {
	setRates(t)
	allocate(3, 5000)
	runtime.GC()
	raw := encode(t, parse(t, goProfile(t, "heap")))
	var b bytes.Buffer
	for _, part := range [][]byte{raw[:len(raw)/3], raw[len(raw)/3:]} {
		z := gzip.NewWriter(&b)
		z.Write(part)
		z.Close()
	}
	checkMerge(t, "two members", b.Bytes(), raw)
}

func wantError(t *testing.T, err error, code merge.Code, text string) {
	t.Helper()
	var e *merge.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Error(), text) {
		t.Errorf("error %v, want %v with %q", err, code, text)
	}
}

func TestErrors(t *testing.T) {
	w := newWorld(1)
	good := encode(t, w.profile())
	_, err := merge.Merge()
	wantError(t, err, merge.Truncated, "no profiles")
	_, err = merge.Merge(good, nil)
	wantError(t, err, merge.Truncated, "input 1: empty input")
	_, err = merge.Merge(good, []byte("not a profile at all"))
	wantError(t, err, merge.Malformed, "input 1: ")
	other := w.profile()
	other.SampleType = append([]*profile.ValueType{}, other.SampleType...)
	other.SampleType[0] = &profile.ValueType{Type: "other", Unit: "count"}
	_, err = merge.Merge(good, encode(t, other))
	wantError(t, err, merge.TypesDiffer, "input 1: sample type other/count is not in the previous profile")
}

func TestDeltaAfterErrors(t *testing.T) {
	w := newWorld(2)
	p := w.profile()
	for len(p.Sample) == 0 {
		p = w.profile()
	}
	data := encode(t, p)
	d := merge.NewDelta("type0")
	for range 2 {
		first, err := d.Next(data)
		if err != nil {
			t.Fatal(err)
		}
		if text := difference(canonOf(parse(t, first)), canonOf(theirs(t, data))); text != "" {
			t.Fatalf("the first profile after an error must pass as it is\n%s", text)
		}
		_, err = d.Next(data[:len(data)-1])
		wantError(t, err, merge.Truncated, "inside a field")
	}
	d.Close()
	d.Close()
	if _, err := d.Next(data); err == nil {
		t.Error("a closed Delta answers")
	}
	missing := merge.NewDelta("alloc_space")
	defer missing.Close()
	_, err := missing.Next(data)
	wantError(t, err, merge.NotFound, "no sample type alloc_space")
}
