package profiler

import "sync"

// maxEndpoints bounds the memory: a service whose endpoints have ids in them would have as many as requests.
const maxEndpoints = 1000

// endpointCounts counts requests by endpoint. The zero value is off.
type endpointCounts struct {
	mu     sync.Mutex
	on     bool              // guarded by mu
	counts map[string]uint64 // guarded by mu
}

var endpoints endpointCounts

// CountEndpoint tells that a request to an endpoint, such as "GET /users/{id}", was served. With DD_PROFILING_ENDPOINT_COUNT_ENABLED the batch
// of a period says how often each was, so that CPU time for one request can be told. Without it, and when no profiler runs, it does nothing.
// At most 1,000 endpoints are told apart in a period; requests to others are counted by Stats. It may be called from any goroutine.
func CountEndpoint(endpoint string) {
	endpoints.add(endpoint)
}

func (e *endpointCounts) add(endpoint string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.on {
		return
	}
	if _, known := e.counts[endpoint]; !known && len(e.counts) >= maxEndpoints {
		counters.endpointsLost.Add(1)
		return
	}
	e.counts[endpoint]++
}

// set turns counting on, with nothing counted yet, or off, which leaves the counts to be taken.
func (e *endpointCounts) set(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.on = on
	if on {
		e.counts = map[string]uint64{}
	}
}

// take returns the counts since the last time.
func (e *endpointCounts) take() map[string]uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	taken := e.counts
	e.counts = nil
	if e.on {
		e.counts = map[string]uint64{}
	}
	return taken
}
