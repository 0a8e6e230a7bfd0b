package profiler

import "sync"

// maxEndpoints bounds memory: endpoints that contain ids would be as many as requests.
const maxEndpoints = 1000

// endpointCounts counts requests by endpoint. The zero value is off.
type endpointCounts struct {
	mu     sync.Mutex
	on     bool              // guarded by mu
	counts map[string]uint64 // guarded by mu
}

var endpoints endpointCounts

// CountEndpoint counts a served request to an endpoint, such as "GET /users/{id}". With DD_PROFILING_ENDPOINT_COUNT_ENABLED each batch reports
// the counts of its period, from which the backend derives CPU time per request. Otherwise, and if no profiler runs, it does nothing.
// A period distinguishes at most 1,000 endpoints; requests to others are counted in [Counters].EndpointsLost. It may be called from any goroutine.
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

// set(true) starts counting from zero. set(false) stops counting and keeps the counts for take.
func (e *endpointCounts) set(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.on = on
	if on {
		e.counts = map[string]uint64{}
	}
}

// take returns the counts since the last call.
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
