//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// requestProfile has a sample for each of three requests of two endpoints, with the labels of Datadog's tracer.
func requestProfile(t *testing.T) []byte {
	t.Helper()
	function := &profile.Function{ID: 1, Name: "main.serve"}
	location := &profile.Location{ID: 1, Address: 4096, Line: []profile.Line{{Function: function}}}
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 1e7, Function: []*profile.Function{function}, Location: []*profile.Location{location}}
	for i, endpoint := range []string{"GET /a", "GET /b", "GET /a"} {
		p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{location}, Value: []int64{1, 1e7}, Label: map[string][]string{
			"trace id": {fmt.Sprintf("%032x", i+1)}, "trace endpoint": {endpoint}}})
	}
	var buffer bytes.Buffer
	if err := p.Write(&buffer); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// The tracer's label that is each request's own is left out of the CPU profile, unless it is asked for.
func TestTraceIDsAreLeftOut(t *testing.T) {
	for _, asked := range []bool{false, true} {
		for _, withC := range []bool{false, true} {
			written := requestProfile(t)
			var to io.Writer
			fakes := profiler.Fakes{StartCPU: func(w io.Writer) error { to = w; return nil }, StopCPU: func() uint64 { _, _ = to.Write(written); return 0 }}
			restore := profiler.SetFakes(fakes)
			a := newAgent(t)
			options := []profiler.Option{profiler.WithProfileTypes(profiler.CPUProfile)}
			if withC {
				options[0] = profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile)
			}
			if asked {
				options = append(options, profiler.WithCustomProfilerLabelKeys("trace id"))
			}
			startStepped(t, a, options...)
			p := a.period(t).profile(t, "cpu.pprof")
			profiler.Stop()
			restore()
			endpoints := map[string]int64{}
			var ids []string
			for _, s := range p.Sample {
				for _, endpoint := range s.Label["trace endpoint"] {
					endpoints[endpoint] += s.Value[0]
				}
				ids = append(ids, s.Label["trace id"]...)
			}
			if endpoints["GET /a"] != 2 || endpoints["GET /b"] != 1 {
				t.Errorf("samples %v", endpoints)
			}
			if asked != (len(ids) == 3) || !asked && len(ids) != 0 {
				t.Errorf("asked for: %t, trace ids %q", asked, ids)
			}
			var raw bytes.Buffer
			if err := p.WriteUncompressed(&raw); err != nil || bytes.Contains(raw.Bytes(), []byte("trace id")) != asked {
				t.Errorf("asked for: %t, %v", asked, err)
			}
		}
	}
}

// A profile without the label stays byte for byte.
func TestOtherLabelsStay(t *testing.T) {
	p, err := profile.ParseData(requestProfile(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Sample {
		s.Label["request"] = s.Label["trace id"]
		delete(s.Label, "trace id")
	}
	var written bytes.Buffer
	if err := p.Write(&written); err != nil {
		t.Fatal(err)
	}
	var to io.Writer
	defer profiler.SetFakes(profiler.Fakes{StartCPU: func(w io.Writer) error { to = w; return nil },
		StopCPU: func() uint64 { _, _ = to.Write(written.Bytes()); return 0 }})()
	a := newAgent(t)
	startStepped(t, a, profiler.WithProfileTypes(profiler.CPUProfile))
	b := a.period(t)
	if !slices.Equal(b.attachments["cpu.pprof"], written.Bytes()) {
		t.Error("it was changed")
	}
}
