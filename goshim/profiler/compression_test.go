//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/merge"
)

func TestCompressionSettings(t *testing.T) {
	t.Setenv("DD_PROFILING_EXECUTION_TRACE_ENABLED", "true")
	const gzip, zstd, json, trace = "\x1f\x8b", "\x28\xb5\x2f\xfd", "[", "go 1"
	all := func(magic string) map[string]string {
		return map[string]string{"cpu.pprof": magic, "delta-heap.pprof": magic, "goroutines.pprof": magic, "metrics.json": magic, "go.trace": magic}
	}
	legacy := all(gzip)
	maps.Copy(legacy, map[string]string{"metrics.json": json, "go.trace": trace})
	for setting, want := range map[string]map[string]string{
		"": legacy, "legacy": legacy, "gzip": all(gzip), "gzip-9": all(gzip), "zstd": all(zstd), "zstd-1": all(zstd),
	} {
		t.Run(setting, func(t *testing.T) {
			a, base := newAgent(t), profiler.Stats()
			t.Setenv("DD_PROFILING_DEBUG_COMPRESSION_SETTINGS", setting)
			start(t, a, profiler.WithPeriod(100*time.Millisecond),
				profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile, profiler.GoroutineProfile))
			b := a.next(t)
			profiler.Stop()
			for name, magic := range want {
				if !bytes.HasPrefix(b.attachments[name], []byte(magic)) {
					t.Errorf("%s begins with %q, want %q", name, b.attachments[name][:min(8, len(b.attachments[name]))], magic)
				}
				raw, err := merge.Inflate(b.attachments[name], nil)
				if err != nil || len(raw) == 0 {
					t.Errorf("%s: %d bytes, %v", name, len(raw), err)
				}
				b.attachments[name] = raw
			}
			b.profile(t, "cpu.pprof")
			b.profile(t, "delta-heap.pprof")
			if raw := string(b.attachments["metrics.json"]); raw[0] != '[' {
				t.Errorf("metrics.json is %q", raw)
			}
			if got := since(base); got.ProfilesFailed != 0 {
				t.Errorf("%+v", got)
			}
			if got, want := b.event.Info.Profiler.Settings["debug_compression_settings"], map[string]string{
				"": "legacy", "gzip": "gzip-6", "zstd": "zstd-3"}[setting]; want != "" && got != want {
				t.Errorf("setting %v, want %s", got, want)
			}
		})
	}
}
