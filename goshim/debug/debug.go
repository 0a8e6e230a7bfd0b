// Package debug serves profiles of the process's C and Go memory and CPU time over HTTP, as net/http/pprof serves Go's alone.
//
//	import _ "github.com/cmemprof/cmemprof/goshim/debug"
//
// adds these to http.DefaultServeMux; [Handler] is for other muxes, and can also control the profiler:
//
//	/debug/cmemprof/heap      memory in use, C and Go together; gc=1 runs a garbage collection first
//	/debug/cmemprof/alloc     the same profile with alloc_space as its default type
//	/debug/cmemprof/peak      C memory in use at its peak and at the peak of RSS, since sampling was started
//	/debug/cmemprof/profile   Go's CPU profile with C functions, over seconds=N (30)
//	/debug/cmemprof/status    counters of sampling, uploads and losses, as JSON; allocator=1 adds the C allocator's statistics
//	/debug/cmemprof/metrics   C memory, losses, the resident memory by cause and the profiler's uploads, as Prometheus reads them
//
// With seconds=N heap and alloc return the difference over that time, negative where memory was freed. So
//
//	go tool pprof -sample_index=inuse_space http://localhost:6060/debug/cmemprof/heap?seconds=30
//
// shows growth over 30 s. C allocations are seen only once sampling has started: call profiler.Start, or cmemprof.Start if this package is
// all you need, at the beginning of main. The expvar "cmemprof" has the figures of /status.
//
// Like net/http/pprof this exposes the program's internals to every client: keep it off public addresses. Unlike it, it refuses pages of other sites
// in a browser (403, see [AllowHosts]) and more than 16 requests for profiles at once (429).
package debug

import (
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const prefix = "/debug/cmemprof/"

func init() {
	http.Handle(prefix, reading())
	expvar.Publish("cmemprof", expvar.Func(func() any { return newStatus(false) }))
}

// Handler serves all of the above under /debug/cmemprof/, and what changes the running profiler:
//
//	POST /debug/cmemprof/rate?bytes=N   mean bytes between two samples of C allocations; 0: none are taken; on: as at the start
//	POST /debug/cmemprof/batch          ends the period now and sends its batch
//
// These are not added to http.DefaultServeMux, where many programs serve it without knowing. Whoever can reach them can make the service pay for
// sampling, or stop it.
func Handler() http.Handler {
	mux := reading()
	mux.HandleFunc("POST "+prefix+"rate", setRate)
	mux.HandleFunc("POST "+prefix+"batch", takeBatch)
	return mux
}

func setRate(w http.ResponseWriter, r *http.Request) {
	if isForeign(w, r) {
		return
	}
	text := r.FormValue("bytes")
	bytes, err := strconv.ParseInt(text, 10, 64)
	if text == "on" {
		bytes, err = -1, nil
	} else if err != nil || bytes < 0 {
		http.Error(w, fmt.Sprintf("bytes=%q is neither a number nor on", text), http.StatusBadRequest)
		return
	}
	accept(w, profiler.SetCSamplingRate(bytes))
}

func takeBatch(w http.ResponseWriter, r *http.Request) {
	if !isForeign(w, r) {
		accept(w, profiler.TakeBatch())
	}
}

func accept(w http.ResponseWriter, err error) {
	var early profiler.TooEarlyError
	if errors.As(err, &early) {
		w.Header().Set("Retry-After", strconv.Itoa(int(early.Wait.Seconds())+1))
		http.Error(w, err.Error(), http.StatusTooManyRequests)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func reading() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"{$}", index)
	mux.HandleFunc("GET "+prefix+"heap", Heap)
	mux.HandleFunc("GET "+prefix+"alloc", Alloc)
	mux.HandleFunc("GET "+prefix+"peak", Peak)
	mux.HandleFunc("GET "+prefix+"profile", CPU)
	mux.HandleFunc("GET "+prefix+"status", ServeStatus)
	mux.HandleFunc("GET "+prefix+"metrics", ServeMetrics)
	mux.HandleFunc(prefix+"symbolz", Symbolz)
	return mux
}

// Requests for profiles at the same time: one is taken at a time, the others wait, or hold what seconds=N began with.
const maxRequests = 16

var requests atomic.Int32

// admit answers what is not served. After true, leave must be called.
func admit(w http.ResponseWriter, r *http.Request) bool {
	if isForeign(w, r) {
		return false
	}
	if requests.Add(1) > maxRequests {
		leave()
		w.Header().Set("Retry-After", "1")
		refuse(w, fmt.Errorf("%d requests for profiles are being served or wait", maxRequests), http.StatusTooManyRequests)
		return false
	}
	return true
}

func leave() { requests.Add(-1) }

// Heap serves the heap profile.
func Heap(w http.ResponseWriter, r *http.Request) { serveProfile(w, r, "heap") }

// Alloc serves the heap profile with alloc_space as its default sample type.
func Alloc(w http.ResponseWriter, r *http.Request) { serveProfile(w, r, "allocs") }

// Peak serves what C had in use at two earlier moments, see cmemprof.Peaks.
func Peak(w http.ResponseWriter, r *http.Request) {
	if !admit(w, r) {
		return
	}
	defer leave()
	data, err := takePeak(r.Context())
	answer(w, data, err, "peak")
}

// CPU serves Go's CPU profile over seconds=N, 30 if left out, with C functions. A CPU profile can be taken by one at a time: while package profiler
// takes one, it answers 503.
func CPU(w http.ResponseWriter, r *http.Request) {
	if !admit(w, r) {
		return
	}
	defer leave()
	seconds, err := duration(r)
	if err != nil {
		refuse(w, err, http.StatusBadRequest)
		return
	}
	if seconds == 0 {
		seconds = 30 * time.Second
	}
	data, err := takeCPU(r.Context(), seconds)
	answer(w, data, err, "cpu")
}

// Symbolz answers `go tool pprof`, which requests the names of unsymbolized addresses from a URL next to the profile's and fails without an
// answer. It has no names to add: the profile is symbolized as far as this process can.
func Symbolz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "num_symbols: 0")
}

// ServeStatus serves a [Status] as JSON.
func ServeStatus(w http.ResponseWriter, r *http.Request) {
	if isForeign(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(newStatus(r.FormValue("allocator") == "1")) // an error means that the client has gone
}

func index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<!doctype html><title>cmemprof</title><ul>
<li><a href="heap">heap</a>: memory in use, C and Go (seconds=N for the difference, gc=1 for a garbage collection first)
<li><a href="alloc">alloc</a>: memory allocated
<li><a href="peak">peak</a>: C memory in use at its peak and at the peak of RSS
<li><a href="profile">profile</a>: CPU time of Go and C (seconds=N, 30 if left out)
<li><a href="status">status</a>: counters of samples and losses (allocator=1 for the C allocator's statistics)
<li><a href="metrics">metrics</a>: the same and the resident memory, for Prometheus
</ul>`)
}

func serveProfile(w http.ResponseWriter, r *http.Request, name string) {
	if !admit(w, r) {
		return
	}
	defer leave()
	seconds, err := duration(r)
	if err != nil {
		refuse(w, err, http.StatusBadRequest)
		return
	}
	data, err := take(r.Context(), name, r.FormValue("gc") == "1", seconds)
	answer(w, data, err, name)
}

// answer sends the profile, or says why there is none.
func answer(w http.ResponseWriter, data []byte, err error, name string) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return // the client has gone
	}
	if err != nil {
		refuse(w, err, http.StatusServiceUnavailable)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Disposition", `attachment; filename="`+name+`.pprof"`)
	header.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data)
}

// refuse sets the header that makes `go tool pprof` show the text.
func refuse(w http.ResponseWriter, err error, status int) {
	w.Header().Set("X-Go-Pprof", "1")
	http.Error(w, err.Error(), status)
}

// duration parses seconds=N, which must be shorter than the server's WriteTimeout.
func duration(r *http.Request) (time.Duration, error) {
	text := r.FormValue("seconds")
	if text == "" {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0 && seconds <= 24*60*60) {
		return 0, fmt.Errorf("seconds=%q is not a number of seconds up to a day", text)
	}
	d := time.Duration(seconds * float64(time.Second))
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	if server != nil && server.WriteTimeout != 0 && d >= server.WriteTimeout {
		return 0, fmt.Errorf("seconds=%s is not less than the server's WriteTimeout of %s", text, server.WriteTimeout)
	}
	return d, nil
}
