//go:build linux && (amd64 || arm64) && cgo

package debug_test

import (
	"bytes"
	"context"
	"encoding/json"
	"expvar"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/debug"
	"github.com/cmemprof/cmemprof/merge"
)

// get calls the default mux, where the import registered the handlers.
func get(t *testing.T, path string) (status int, header http.Header, body []byte) {
	t.Helper()
	server := httptest.NewServer(http.DefaultServeMux)
	defer server.Close()
	response, err := http.Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, body
}

func getProfile(t *testing.T, path string) *profile.Profile {
	t.Helper()
	status, header, body := get(t, path)
	if status != http.StatusOK || header.Get("Content-Type") != "application/octet-stream" {
		t.Fatalf("%s: %d %q: %.200s", path, status, header.Get("Content-Type"), body)
	}
	p, err := profile.ParseData(body)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The C memory of this test is held by package merge.
func holdC(t *testing.T) *merge.Merger {
	t.Helper()
	var heap bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&heap, 0); err != nil {
		t.Fatal(err)
	}
	m := merge.NewMerger(merge.MergerOptions{})
	if err := m.Add(heap.Bytes()); err != nil {
		t.Fatal(err)
	}
	return m
}

// heldByC sums the C bytes in use that holdC allocated.
func heldByC(p *profile.Profile) (bytes int64) {
	for _, s := range p.Sample {
		if slices.Equal(s.Label["memory"], []string{"C"}) && slices.ContainsFunc(s.Location, func(l *profile.Location) bool {
			return slices.ContainsFunc(l.Line, func(line profile.Line) bool { return strings.HasSuffix(line.Function.Name, "debug_test.holdC") })
		}) {
			bytes += s.Value[3]
		}
	}
	return bytes
}

// goPprof returns the output of `go tool pprof -top` for the profile at a path, on a server that also has one with an unsymbolized address.
func goPprof(t *testing.T, path string) (text string, err error) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/debug/cmemprof/", debug.Handler())
	mux.HandleFunc("/debug/cmemprof/nameless", func(w http.ResponseWriter, _ *http.Request) {
		m := &profile.Mapping{ID: 1, Start: 0x7f0000000000, Limit: 0x7f0000001000, File: "/usr/lib/libstripped.so.1"}
		l := &profile.Location{ID: 1, Mapping: m, Address: 0x7f0000000123}
		p := &profile.Profile{
			SampleType: []*profile.ValueType{{Type: "inuse_space", Unit: "bytes"}},
			Sample:     []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{1000}}},
			Mapping:    []*profile.Mapping{m},
			Location:   []*profile.Location{l},
		}
		_ = p.Write(w)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	command := exec.Command("go", "tool", "pprof", "-top", server.URL+path)
	command.Env = append(os.Environ(), "PPROF_TMPDIR="+t.TempDir(), "GOARCH=", "CGO_ENABLED=0") // this machine's pprof, also where the test is for another
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestGoToolPprofTakesAddressesWithoutNames(t *testing.T) {
	text, err := goPprof(t, "/debug/cmemprof/nameless")
	if err != nil || !strings.Contains(text, "libstripped.so.1") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestGoToolPprofSaysWhyThereIsNoProfile(t *testing.T) {
	text, err := goPprof(t, "/debug/cmemprof/heap?seconds=-1")
	if err == nil || !strings.Contains(text, `seconds="-1" is not a number of seconds`) {
		t.Errorf("%v: %s", err, text)
	}
}

func hasGo(p *profile.Profile) bool {
	return slices.ContainsFunc(p.Sample, func(s *profile.Sample) bool { return len(s.Label["memory"]) == 0 })
}

func sampleAll(t *testing.T) {
	t.Helper()
	if err := cmemprof.Start(1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cmemprof.Stop)
}

func TestOffIsSaid(t *testing.T) {
	status, _, body := get(t, "/debug/cmemprof/heap")
	if status != http.StatusServiceUnavailable || !strings.Contains(string(body), "no C allocations are sampled: call profiler.Start") {
		t.Errorf("%d %s", status, body)
	}
}

func TestHeapIsThatOfCAndGo(t *testing.T) {
	sampleAll(t)
	m := holdC(t)
	p := getProfile(t, "/debug/cmemprof/heap?gc=1")
	if held := heldByC(p); held < 10000 || !hasGo(p) || p.DefaultSampleType == "alloc_space" {
		t.Errorf("C holds %d bytes, Go's samples: %t, default type %q", held, hasGo(p), p.DefaultSampleType)
	}
	m.Close()
	if held := heldByC(getProfile(t, "/debug/cmemprof/heap")); held != 0 {
		t.Errorf("C holds %d bytes after Close", held)
	}
}

func TestPeakIsThereWhenItIsGone(t *testing.T) {
	sampleAll(t)
	m := holdC(t)
	cmemprof.MakeRoom()
	held := heldByC(getProfile(t, "/debug/cmemprof/heap"))
	m.Close()
	p := getProfile(t, "/debug/cmemprof/peak")
	if got := heldByC(p); got < held || held == 0 || p.SampleType[3].Type != "peak_space" {
		t.Errorf("%d bytes at the peak, %d held then; types %v", got, held, p.SampleType)
	}
	if !slices.ContainsFunc(p.Comments, func(c string) bool { return strings.HasPrefix(c, "cmemprof: peak=live bytes=") }) {
		t.Errorf("comments %q", p.Comments)
	}
	cmemprof.Stop()
	if got := heldByC(getProfile(t, "/debug/cmemprof/peak")); got < held {
		t.Errorf("%d bytes once sampling is off", got)
	}
	var status debug.Status
	if _, _, body := get(t, "/debug/cmemprof/status"); json.Unmarshal(body, &status) != nil || status.PeakLive.LiveBytes < float64(held) || status.PeakRSS.RSSBytes == 0 {
		t.Errorf("%s", body)
	}
}

func TestAllocIsShownByWhatWasAllocated(t *testing.T) {
	sampleAll(t)
	if p := getProfile(t, "/debug/cmemprof/alloc"); p.DefaultSampleType != "alloc_space" {
		t.Errorf("default type %q", p.DefaultSampleType)
	}
}

// Memory grows while the handler waits.
func TestSecondsGivesTheChange(t *testing.T) {
	sampleAll(t)
	before := holdC(t)
	defer before.Close()
	var grown *merge.Merger
	var waited time.Duration
	defer debug.SetWait(func(_ context.Context, d time.Duration) error {
		waited, grown = d, holdC(t)
		return nil
	})()
	p := getProfile(t, "/debug/cmemprof/heap?seconds=0.3")
	if waited != 300*time.Millisecond {
		t.Fatalf("it waited %s", waited)
	}
	defer grown.Close()
	held := heldByC(getProfile(t, "/debug/cmemprof/heap"))
	if change := heldByC(p); change <= 0 || change >= held {
		t.Errorf("C grew by %d bytes, of %d", change, held)
	}
}

// The real wait is not too short.
func TestSecondsAreWaited(t *testing.T) {
	sampleAll(t)
	if p := getProfile(t, "/debug/cmemprof/heap?seconds=0.05"); p.DurationNanos < 50e6 {
		t.Errorf("the profile is of %d ns", p.DurationNanos)
	}
}

// One that is asked for meanwhile is refused, and takes nothing from the one that runs.
func TestOneCPUProfileAtATime(t *testing.T) {
	sampleAll(t)
	var running bytes.Buffer
	if err := cmemprof.StartCPUProfile(&running); err != nil {
		t.Fatal(err)
	}
	if status, _, body := get(t, "/debug/cmemprof/profile?seconds=1"); status == http.StatusOK || !strings.Contains(string(body), "already in use") {
		t.Errorf("%d: %s", status, body)
	}
	cmemprof.StopCPUProfile()
	cmemprof.StopCPUProfile() // does nothing
	data, _, err := cmemprof.CPUProfile(running.Bytes(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := profile.ParseData(data); err != nil {
		t.Error(err)
	}
	if getProfile(t, "/debug/cmemprof/profile?seconds=1") == nil {
		t.Error("none afterwards")
	}
}

func TestWrongSecondsAreRefused(t *testing.T) {
	for _, text := range []string{"x", "-1", "0", "NaN", "1e9"} {
		if status, _, body := get(t, "/debug/cmemprof/heap?seconds="+text); status != http.StatusBadRequest || !strings.Contains(string(body), text) {
			t.Errorf("%s: %d %s", text, status, body)
		}
	}
	server := httptest.NewUnstartedServer(debug.Handler())
	server.Config.WriteTimeout = time.Hour
	server.Start()
	defer server.Close()
	response, err := http.Get(server.URL + "/debug/cmemprof/heap?seconds=3600")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("beyond WriteTimeout: %s", response.Status)
	}
}

// A disconnect ends the wait.
func TestCancelEndsTheWait(t *testing.T) {
	sampleAll(t)
	ctx, cancel := context.WithCancel(context.Background())
	recorder := httptest.NewRecorder()
	done := make(chan struct{})
	go func() {
		defer close(done)
		debug.Heap(recorder, httptest.NewRequestWithContext(ctx, "GET", "/?seconds=3600", nil))
	}()
	cancel()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("it waits on")
	}
	if recorder.Body.Len() != 0 {
		t.Errorf("%s", recorder.Body)
	}
}

func TestStatus(t *testing.T) {
	sampleAll(t)
	holdC(t).Close()
	_, header, body := get(t, "/debug/cmemprof/status")
	var status debug.Status
	if err := json.Unmarshal(body, &status); err != nil || header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v: %s", err, body)
	}
	if status.Sampling.IntervalBytes != 1 || status.Sampling.Samples == 0 || status.Allocator != nil {
		t.Errorf("%s", body)
	}
	_, _, body = get(t, "/debug/cmemprof/status?allocator=1")
	if err := json.Unmarshal(body, &status); err != nil || status.Allocator == nil || status.Allocator.Name == "" {
		t.Errorf("%v: %s", err, body)
	}
	var published debug.Status
	if err := json.Unmarshal([]byte(expvar.Get("cmemprof").String()), &published); err != nil || published.Sampling.Samples == 0 {
		t.Errorf("expvar: %v", err)
	}
}

// What is held gets older, and has a lifetime once it is freed.
func TestAgesInStatus(t *testing.T) {
	sampleAll(t)
	m := holdC(t)
	defer m.Close()
	old := func() (held, freed float64) {
		cmemprof.MakeRoom()
		var status debug.Status
		if _, _, body := get(t, "/debug/cmemprof/status"); json.Unmarshal(body, &status) != nil {
			t.Fatalf("%s", body)
		}
		for class := 1; class < len(status.Ages.FreedBytes); class++ { // a second and more
			held, freed = held+status.Ages.OutlivedBytes[class], freed+status.Ages.FreedBytes[class]
		}
		return held, freed
	}
	want := float64(heldByC(getProfile(t, "/debug/cmemprof/heap")))
	held, freed := old()
	for deadline := time.Now().Add(2 * time.Minute); held < want && time.Now().Before(deadline); held, _ = old() {
		time.Sleep(20 * time.Millisecond)
	}
	m.Close()
	if after, freedAfter := old(); held < want || want == 0 || after > held-want || freedAfter < freed+want {
		t.Errorf("%v bytes of %v were old; freed, %v are left, and %v were old when freed, before %v", held, want, after, freedAfter, freed)
	}
}

func TestIndexAndOthers(t *testing.T) {
	if status, _, body := get(t, "/debug/cmemprof/"); status != http.StatusOK || !strings.Contains(string(body), `href="heap"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := get(t, "/debug/cmemprof/nothing"); status != http.StatusNotFound {
		t.Errorf("%d", status)
	}
}
