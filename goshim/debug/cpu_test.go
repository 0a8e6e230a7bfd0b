//go:build linux && (amd64 || arm64) && cgo

package debug_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/debug"
	"github.com/cmemprof/cmemprof/merge"
)

// useCPUInC merges until that much CPU time has been used.
func useCPUInC(t *testing.T, d time.Duration) {
	t.Helper()
	var heap bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&heap, 0); err != nil {
		t.Fatal(err)
	}
	raw, err := merge.Inflate(heap.Bytes(), nil) // gzip is Go's part
	if err != nil {
		t.Fatal(err)
	}
	for end := cmemprof.ProcessCPUTime() + uint64(d); cmemprof.ProcessCPUTime() < end; {
		if _, err := merge.MergeTo(merge.Output{Compression: merge.Raw}, raw, raw); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCPUProfileLeadsIntoC(t *testing.T) {
	sampleAll(t)
	var waited time.Duration
	defer debug.SetWait(func(_ context.Context, d time.Duration) error {
		waited = d
		useCPUInC(t, 500*time.Millisecond)
		return nil
	})()
	p := getProfile(t, "/debug/cmemprof/profile?seconds=7")
	if waited != 7*time.Second || len(p.SampleType) != 2 || p.SampleType[1].Type != "cpu" {
		t.Errorf("waited for %v; types %v", waited, p.SampleType)
	}
	var inC int64
	for _, s := range p.Sample {
		for i, l := range s.Location {
			// A test's program has no symbols, so C functions are file and offset.
			if i > 0 && len(l.Line) > 0 && l.Line[0].Function.Name == "runtime.cgocall" && len(s.Location[i-1].Line) > 0 &&
				strings.HasPrefix(s.Location[i-1].Line[0].Function.Name, "debug.test+0x") {
				inC += s.Value[1]
			}
		}
	}
	if inC < 100e6 {
		t.Errorf("%d ms in C in %v", inC/1e6, p)
	}
	getProfile(t, "/debug/cmemprof/profile")
	if waited != 30*time.Second {
		t.Errorf("waited for %v", waited)
	}
}

func TestCPUProfileThatCannotBeTaken(t *testing.T) {
	cmemprof.Stop()
	if status, _, body := get(t, "/debug/cmemprof/profile?seconds=1"); status != http.StatusServiceUnavailable || !strings.Contains(string(body), "no C allocations are sampled") {
		t.Errorf("%d %s", status, body)
	}
	sampleAll(t)
	if status, _, body := get(t, "/debug/cmemprof/profile?seconds=soon"); status != http.StatusBadRequest {
		t.Errorf("%d %s", status, body)
	}
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	if status, _, body := get(t, "/debug/cmemprof/profile?seconds=1"); status != http.StatusServiceUnavailable || !strings.Contains(string(body), "already in use") {
		t.Errorf("%d %s", status, body)
	}
}
