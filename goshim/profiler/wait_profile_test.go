//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"context"
	"io"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const stacks = `goroutine 1 [running]:
main.main()
	/src/main.go:12 +0x1d

goroutine 18 gp=0xc000002380 m=nil [chan receive, 3 minutes, locked to thread]:
example.com/db.(*Pool).wait(0xc000012345, {0x1, 0x2})
	/src/a dir/pool.go:77 +0x2b fp=0xc000045f90
...additional frames elided...
created by example.com/db.Open in goroutine 1
	/src/pool.go:20 +0x99

goroutine 19 [select (durable), synctest bubble 1]:
main.f(...)
	/src/main.go:30
created by main.main
	/src/main.go:10 +0x1

goroutine 20 [select, 5 minutes labels:{"zzLabelKey": "zzLabelValue, 7 minutes labels:{]:\n\"}]:", "tenant": ""}]:
main.g(0x1)
	/src/main.go:40 +0x1

goroutine 21 [select, 6 minutes] {"zz label": "zzLabelValue, 7 minutes labels:{]:\n\"}]: ] {", tenant: ""}:
main.g(0x1)
	/src/main.go:40 +0x1

goroutine 22 [select, locked to thread labels:{"zzLabelKey": "] {"}]:
main.g(0x1)
	/src/main.go:40 +0x1

not a goroutine
`

func TestWaitProfileOfStacks(t *testing.T) {
	now := time.Unix(1700000000, 0)
	data, err := profiler.WaitProfileOf([]byte(stacks), now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatal(err)
	}
	if sampleTypes(p) != "waitduration/nanoseconds" || p.TimeNanos != now.UnixNano() || len(p.Sample) != 6 {
		t.Fatalf("%s", p)
	}
	if !slices.Equal(p.Comments, []string{"error: 1 goroutines could not be read"}) {
		t.Errorf("comments %q", p.Comments)
	}
	for i, want := range []struct {
		wait                time.Duration
		goid                int64
		state, lockedm, all string
	}{
		{0, 1, "running", "false", "main.main /src/main.go:12"},
		{3 * time.Minute, 18, "chan receive", "true",
			"example.com/db.(*Pool).wait /src/a dir/pool.go:77; ...additional frames elided... :0; example.com/db.Open /src/pool.go:20"},
		{0, 19, "select (durable), synctest bubble 1", "false", "main.f /src/main.go:30; main.main /src/main.go:10"},
		{5 * time.Minute, 20, "select", "false", "main.g /src/main.go:40"},
		{6 * time.Minute, 21, "select", "false", "main.g /src/main.go:40"},
		{0, 22, "select", "true", "main.g /src/main.go:40"},
	} {
		s := p.Sample[i]
		if s.Value[0] != int64(want.wait) || s.NumLabel["goid"][0] != want.goid || s.NumUnit["goid"][0] != "id" ||
			s.Label["state"][0] != want.state || s.Label["lockedm"][0] != want.lockedm || frames(s) != want.all {
			t.Errorf("sample %d: %v, %v, %v, %q, want %+v", i, s.Value, s.NumLabel, s.Label, frames(s), want)
		}
	}
}

// The listing of the running Go version can be parsed.
func TestWaitProfile(t *testing.T) {
	a := newAgent(t)
	t.Setenv("DD_PROFILING_WAIT_PROFILE", "1")
	var wg sync.WaitGroup
	end := make(chan struct{})
	for range 5 {
		wg.Go(func() { <-end })
	}
	defer wg.Wait()
	defer close(end)
	waitFor(t, "5 goroutines of this test wait", func() bool { // they may not be waiting yet
		p := one(t, a).profile(t, "goroutineswait.pprof")
		if len(p.Comments) != 0 {
			t.Fatalf("%d samples, comments %q", len(p.Sample), p.Comments)
		}
		waiting := 0
		for _, s := range p.Sample {
			if strings.Contains(frames(s), "TestWaitProfile.func") && s.Label["state"][0] == "chan receive" {
				waiting++
			}
		}
		return waiting == 5
	})
}

// Labels that the runtime adds to its listing are in no profile of waiting times, whatever their values are.
func TestWaitProfileHasNoLabels(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1") // since Go 1.26
	var listing bytes.Buffer
	pprof.Do(context.Background(), pprof.Labels(secretKey, secretValue+"]:\n\n\"}]:"), func(context.Context) {
		if err := pprof.Lookup("goroutine").WriteTo(&listing, 2); err != nil {
			t.Fatal(err)
		}
	})
	if !strings.Contains(listing.String(), secretValue) {
		t.Skip("this version of Go does not list labels")
	}
	data, err := profiler.WaitProfileOf(listing.Bytes(), time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatal(err)
	}
	if text := p.String(); len(p.Comments) > 0 || strings.Contains(text, secretKey) || strings.Contains(text, secretValue) {
		t.Errorf("%s", text)
	}
	if !slices.ContainsFunc(p.Sample, func(s *profile.Sample) bool { return strings.Contains(frames(s), "TestWaitProfileHasNoLabels") }) {
		t.Error("the goroutine with labels is missing")
	}
}

func TestWaitProfileMaxGoroutines(t *testing.T) {
	a, log, base := newAgent(t), captureLog(t), profiler.Stats()
	t.Setenv("DD_PROFILING_WAIT_PROFILE", "true")
	t.Setenv("DD_PROFILING_WAIT_PROFILE_MAX_GOROUTINES", "1")
	defer profiler.SetFakes(profiler.Fakes{ListGoroutines: func(io.Writer) error { t.Error("goroutines were listed"); return nil }})()
	if b := one(t, a); slices.Contains(b.order, "goroutineswait.pprof") || since(base).ProfilesFailed != 1 {
		t.Errorf("attachments %q, %+v", b.order, since(base))
	}
	log.wantOnly(t, "goroutines are more than DD_PROFILING_WAIT_PROFILE_MAX_GOROUTINES, 1")
}

func frames(s *profile.Sample) string {
	var all []string
	for _, l := range s.Location {
		line := l.Line[0]
		all = append(all, line.Function.Name+" "+line.Function.Filename+":"+strconv.FormatInt(line.Line, 10))
	}
	return strings.Join(all, "; ")
}
