//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// processContext returns the attributes that this process has published; nil: none.
func processContext(t *testing.T) map[string]string {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	read := func(address uint64, size int) []byte {
		bytes := make([]byte, size)
		if _, err := memory.ReadAt(bytes, int64(address)); err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	var all map[string]string
	for line := range strings.Lines(string(maps)) {
		if !strings.Contains(line, "OTEL_CTX") {
			continue
		}
		if all != nil {
			t.Fatal("two contexts")
		}
		start, _, _ := strings.Cut(line, "-")
		address, err := strconv.ParseUint(start, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		header := read(address, 32)
		if string(header[:8]) != "OTEL_CTX" || binary.LittleEndian.Uint32(header[8:]) != 2 || binary.LittleEndian.Uint64(header[16:]) == 0 {
			t.Fatalf("the header is %q", header)
		}
		all = map[string]string{}
		payload := read(binary.LittleEndian.Uint64(header[24:]), int(binary.LittleEndian.Uint32(header[12:])))
		var resource []byte
		fields(t, payload, func(_ uint64, bytes []byte) { resource = bytes })
		fields(t, resource, func(_ uint64, pair []byte) {
			var key, value string
			fields(t, pair, func(number uint64, bytes []byte) {
				if number == 1 {
					key = string(bytes)
				} else {
					fields(t, bytes, func(_ uint64, bytes []byte) { value = string(bytes) })
				}
			})
			all[key] = value
		})
	}
	return all
}

func TestProcessContext(t *testing.T) {
	a := newAgent(t)
	t.Setenv("DD_PROFILING_REPORT_HOSTNAME", "false")
	run := func(options ...profiler.Option) map[string]string {
		t.Helper()
		err := profiler.Start(append([]profiler.Option{profiler.WithAgentAddr(a.addr()), profiler.WithService("shop"), profiler.WithEnv("test"),
			profiler.WithVersion("1.2"), profiler.WithTags("team:a"), profiler.WithProfileTypes()}, options...)...)
		if err != nil {
			t.Fatal(err)
		}
		defer profiler.Stop()
		return processContext(t)
	}
	all := run()
	want := map[string]string{"service.name": "shop", "deployment.environment.name": "test", "service.version": "1.2", "telemetry.sdk.language": "go",
		"telemetry.sdk.name": "cmemprof"}
	for key, value := range want {
		if all[key] != value {
			t.Errorf("%s is %q, want %q", key, all[key], value)
		}
	}
	if id := a.next(t).event.Tags; !strings.Contains(id, "runtime-id:"+all["service.instance.id"]) || len(all["service.instance.id"]) != 36 {
		t.Errorf("service.instance.id is %q, the tags are %s", all["service.instance.id"], id)
	}
	for _, key := range []string{"host.name", "team", "process.pid"} {
		if value, has := all[key]; has {
			t.Errorf("%s is %q", key, value)
		}
	}
	if all := processContext(t); all != nil {
		t.Errorf("after Stop: %v", all)
	}
	if all := run(profiler.WithProcessContext(false)); all != nil {
		t.Errorf("switched off: %v", all)
	}
	t.Setenv("DD_PROFILING_CMEMPROF_PROCESS_CONTEXT", "false")
	if all := run(); all != nil {
		t.Errorf("switched off by the variable: %v", all)
	}
}
