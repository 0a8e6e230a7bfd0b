//go:build linux && (amd64 || arm64) && cgo

package debug_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/debug"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func ask(t *testing.T, handler http.Handler, method, path, site string) (status int, body string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	request, err := http.NewRequest(method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if site != "" {
		request.Header.Set("Sec-Fetch-Site", site)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

// newAgent hands over the bodies of batches, and ends when the test does.
func newAgent(t *testing.T) (address string, batches chan string) {
	batches = make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		batches <- string(body)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), batches
}

func TestControl(t *testing.T) {
	for _, path := range []string{"rate?bytes=1", "batch"} {
		if status, text := ask(t, debug.Handler(), "POST", "/debug/cmemprof/"+path, ""); status != http.StatusConflict || !strings.Contains(text, "no profiler") {
			t.Errorf("%s without a profiler: %d %s", path, status, text)
		}
	}
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1") // so that every thread samples at once in the tests after this one
	address, batches := newAgent(t)
	if err := profiler.Start(profiler.WithAgentAddr(address), profiler.WithPeriod(time.Hour), profiler.WithLogStartup(false)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(profiler.Stop)
	const prefix = "/debug/cmemprof/"
	refused := []struct {
		handler            http.Handler
		method, path, site string
		want               int
	}{
		{debug.Handler(), "GET", "batch", "", http.StatusMethodNotAllowed},
		{debug.Handler(), "GET", "rate?bytes=4096", "", http.StatusMethodNotAllowed},
		{debug.Handler(), "POST", "rate?bytes=many", "", http.StatusBadRequest},
		{debug.Handler(), "POST", "rate?bytes=-1", "", http.StatusBadRequest},
		{debug.Handler(), "POST", "rate", "", http.StatusBadRequest},
		{debug.Handler(), "POST", "batch", "cross-site", http.StatusForbidden}, // a page of another site
		{debug.Handler(), "POST", "rate?bytes=4096", "cross-site", http.StatusForbidden},
		{http.DefaultServeMux, "POST", "batch", "", http.StatusNotFound},
		{http.DefaultServeMux, "POST", "rate?bytes=4096", "", http.StatusNotFound},
	}
	for _, c := range refused {
		if status, text := ask(t, c.handler, c.method, prefix+c.path, c.site); status != c.want {
			t.Errorf("%s %s %q: %d, want %d: %s", c.method, c.path, c.site, status, c.want, text)
		}
	}
	if len(batches) != 0 || cmemprof.GetStats().IntervalBytes != 1 {
		t.Errorf("%d batches, interval %d", len(batches), cmemprof.GetStats().IntervalBytes)
	}
	for _, c := range []struct {
		bytes string
		want  uint64
	}{{"0", 0}, {"2", 2}, {"on", 1}} {
		if status, text := ask(t, debug.Handler(), "POST", prefix+"rate?bytes="+c.bytes, ""); status != http.StatusAccepted {
			t.Errorf("rate: %d %s", status, text)
		}
		for end := time.Now().Add(time.Minute); cmemprof.GetStats().IntervalBytes != c.want; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("interval %d, want %d", cmemprof.GetStats().IntervalBytes, c.want)
			}
		}
	}
	if status, text := ask(t, debug.Handler(), "POST", prefix+"batch", ""); status != http.StatusAccepted {
		t.Errorf("batch: %d %s", status, text)
	}
	if batch := <-batches; !strings.Contains(batch, "trigger:request") {
		t.Errorf("it is tagged otherwise")
	}
	if status, text := ask(t, debug.Handler(), "POST", prefix+"batch", ""); status != http.StatusTooManyRequests || !strings.Contains(text, "may be asked for in") {
		t.Errorf("a second one at once: %d %s", status, text)
	}
}

// Each request holds a profile while it waits, so there is an end to how many may.
func TestManyRequestsAreRefused(t *testing.T) {
	if err := cmemprof.Start(1); err != nil {
		t.Fatal(err)
	}
	defer cmemprof.Stop()
	const most = 16
	waiting, ends := make(chan struct{}, most), make(chan struct{})
	defer debug.SetWait(func(context.Context, time.Duration) error {
		waiting <- struct{}{}
		<-ends
		return nil
	})()
	statuses := make(chan int, most)
	for range most {
		go func() {
			w := httptest.NewRecorder()
			debug.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/debug/cmemprof/heap?seconds=1", nil))
			statuses <- w.Code
		}()
	}
	for range most {
		<-waiting
	}
	for _, path := range []string{"heap", "alloc", "peak", "profile"} {
		w := httptest.NewRecorder()
		debug.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/debug/cmemprof/"+path, nil))
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	close(ends)
	for range most {
		if status := <-statuses; status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	if status, text := ask(t, debug.Handler(), "GET", "/debug/cmemprof/peak", ""); status != http.StatusOK && status != http.StatusServiceUnavailable {
		t.Errorf("afterwards: %d %s", status, text)
	}
}
