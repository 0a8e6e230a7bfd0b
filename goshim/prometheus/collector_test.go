//go:build linux && (amd64 || arm64) && cgo

package prometheus

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/debug"
)

func TestCollector(t *testing.T) {
	if err := cmemprof.Start(1); err != nil {
		t.Fatal(err)
	}
	defer cmemprof.Stop()
	problems, err := testutil.CollectAndLint(NewCollector())
	if err != nil || len(problems) != 0 {
		t.Errorf("%v %v", err, problems)
	}
	want := 0
	for _, m := range debug.Metrics() {
		want += len(m.Samples)
	}
	if got := testutil.CollectAndCount(NewCollector()); got != want || got < 20 {
		t.Errorf("%d samples, want %d", got, want)
	}
}

func TestServed(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(NewCollector())
	if err := registry.Register(NewCollector()); err == nil {
		t.Error("two of them were registered")
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{"\ncmemprof_profiler_batches_total{outcome=\"sent\"} 0\n", "\n# TYPE cmemprof_c_live_bytes gauge\n"} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), line) {
			t.Errorf("%d: %q is not in\n%s", w.Code, line, w.Body)
		}
	}
}
