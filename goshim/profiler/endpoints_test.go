//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func TestEndpointCounts(t *testing.T) {
	a, base := newAgent(t), profiler.Stats()
	profiler.CountEndpoint("before Start")
	start(t, a, profiler.WithProfileTypes())
	profiler.CountEndpoint("not asked for")
	profiler.Stop()
	if got := a.next(t).event.Endpoints; got != nil {
		t.Errorf("%v", got)
	}

	t.Setenv("DD_PROFILING_ENDPOINT_COUNT_ENABLED", "true")
	start(t, a, profiler.WithProfileTypes(), profiler.WithPeriod(time.Hour))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				profiler.CountEndpoint(fmt.Sprint("GET /", i%2))
			}
		})
	}
	wg.Wait()
	profiler.Stop()
	if got := a.next(t).event.Endpoints; !maps.Equal(got, map[string]uint64{"GET /0": 400, "GET /1": 400}) {
		t.Errorf("%v", got)
	}

	// Each Start counts from zero, and ids in paths do not exhaust memory.
	start(t, a, profiler.WithProfileTypes(), profiler.WithPeriod(time.Hour))
	for i := range 1010 {
		profiler.CountEndpoint(fmt.Sprint("GET /users/", i))
	}
	profiler.CountEndpoint("GET /users/0")
	profiler.Stop()
	if got := a.next(t).event.Endpoints; len(got) != 1000 || got["GET /users/0"] != 2 {
		t.Errorf("%d endpoints, the first %d times", len(got), got["GET /users/0"])
	}
	if lost := since(base).EndpointsLost; lost != 10 {
		t.Errorf("%d requests counted as lost, want 10", lost)
	}
}
