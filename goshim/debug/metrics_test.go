//go:build linux && (amd64 || arm64) && cgo

package debug_test

import (
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/debug"
	"github.com/cmemprof/cmemprof/goshim/internal/resident"
)

func valueOf(t *testing.T, name, label string) float64 {
	t.Helper()
	for _, m := range debug.Metrics() {
		if m.Name != name {
			continue
		}
		for _, s := range m.Samples {
			if s.Label == label {
				return s.Value
			}
		}
	}
	t.Fatalf("no %s of %q", name, label)
	return 0
}

func TestMetrics(t *testing.T) {
	sampleAll(t)
	before := valueOf(t, "cmemprof_c_live_bytes", "")
	held := holdC(t)
	if grown := valueOf(t, "cmemprof_c_live_bytes", "") - before; grown < 100 {
		t.Errorf("live C memory grew by %v", grown)
	}
	if valueOf(t, "cmemprof_c_samples_total", "") == 0 || valueOf(t, "cmemprof_c_live_by_age_bytes", "under_1m") == 0 {
		t.Error("no samples")
	}
	runtime.KeepAlive(held)
	resident.Keep(&cmemprof.MemoryFigures{HasParts: true, Parts: []cmemprof.MemoryPart{{Key: "go_live", Bytes: 123}, {Key: "x", Bytes: cmemprof.MemoryUnknown}}})
	status, header, body := get(t, "/debug/cmemprof/metrics")
	if status != 200 || header.Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("%d %v", status, header)
	}
	for _, line := range []string{
		"\n# TYPE cmemprof_profiler_batches_total counter\n", "\ncmemprof_profiler_batches_total{outcome=\"sent\"} ", "\n# TYPE cmemprof_c_live_samples gauge\n",
		"\ncmemprof_resident_memory_bytes{part=\"go_live\"} 123\n", "\ncmemprof_resident_memory_incomplete 1\n",
		"\ncmemprof_c_lost_samples_total{reason=\"live\"} ",
	} {
		if !strings.Contains(string(body), line) {
			t.Errorf("%q is not in\n%s", line, body)
		}
	}
	if strings.Contains(string(body), `part="x"`) {
		t.Error("what is unknown has a value")
	}
	form := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ \S.*|[a-z_]+(\{[a-z]+="[a-z0-9_]+"\})? [0-9.e+]+)$`)
	for line := range strings.Lines(string(body)) {
		if !form.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("malformed: %q", line)
		}
	}
	seen := map[string]bool{}
	for _, m := range debug.Metrics() {
		if seen[m.Name] || m.Help == "" || m.Counter != strings.HasSuffix(m.Name, "_total") {
			t.Errorf("%+v", m)
		}
		seen[m.Name] = true
	}
}

func TestMetricsForOtherSites(t *testing.T) {
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	debug.ServeMetrics(w, r)
	if w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
