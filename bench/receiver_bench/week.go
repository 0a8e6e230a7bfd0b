package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
)

// A week of one service on many hosts, an upload a minute each, in the store's own form: event.json, metrics.json with the figures that the
// profiler for Go sends, and a heap profile, which is a hard link to one of a few.

type figure struct {
	name          string
	level, spread float64 // spread 0: it does not change
	whole         bool
}

// Levels of a service with 600 MB resident, half of it C's.
var figures = []figure{
	{"go_alloc_bytes_per_sec", 4.2e7, 6e6, false}, {"go_allocs_per_sec", 3.1e5, 4e4, false}, {"go_frees_per_sec", 3.1e5, 4e4, false},
	{"go_gcs_per_sec", 0.9, 0.2, false}, {"go_gc_pause_time", 2e-4, 1e-4, false}, {"go_max_gc_pause_time", 180_000, 90_000, true},
	{"go_gc_cpu_time", 0.011, 0.004, false}, {"go_heap_growth_bytes_per_sec", 0, 2e5, false}, {"go_num_goroutine", 240, 60, true},
	{"go_live_bytes", 1.6e8, 2e7, true}, {"c_alloc_bytes_per_sec", 1.1e7, 3e6, false}, {"c_allocs_per_sec", 8.2e4, 1e4, false},
	{"c_frees_per_sec", 8.2e4, 1e4, false}, {"c_heap_growth_bytes_per_sec", 0, 1e5, false}, {"c_live_objects", 410_000, 20_000, true},
	{"c_peak_live_bytes", 3.4e8, 1e7, true}, {"c_peak_rss_bytes", 6.4e8, 1e7, true}, {"c_profiler_bytes", 9_437_184, 0, true},
	{"c_samples", 1300, 200, true}, {"c_samples_lost_live", 0, 0, true}, {"c_samples_lost_stacks", 0, 0, true}, {"c_samples_lost_shards", 0, 0, true},
	{"c_sampling_time", 3e-4, 1e-4, false}, {"c_before_start_bytes", 40_000_000, 0, true}, {"c_mappings_lost", 0, 0, true},
	{"c_verdict", 0, 0, true}, {"c_verdict_bytes", 0, 0, true}, {"c_allocator_in_use_bytes", 3.1e8, 1e7, true},
	{"c_allocator_resident_bytes", 3.5e8, 1e7, true}, {"c_allocator_mapped_bytes", 3.9e8, 1e7, true}, {"c_allocator_fragmentation_bytes", 4e7, 8e6, true},
	{"cpu_c_cores", 0.4, 0.1, false}, {"cpu_unsampled_cores", 0.01, 0.01, false}, {"memory_rss_bytes", 6.2e8, 1e7, true},
	{"memory_malloc_live_bytes", 3.1e8, 1e7, true}, {"memory_malloc_free_bytes", 4e7, 8e6, true}, {"memory_go_live_bytes", 1.6e8, 2e7, true},
	{"memory_go_free_bytes", 3e7, 1e7, true}, {"memory_mapped_bytes", 2e7, 0, true}, {"memory_files_bytes", 4.1e7, 0, true},
	{"memory_shared_bytes", 0, 0, true}, {"memory_thread_stacks_bytes", 2_400_000, 0, true}, {"memory_unexplained_bytes", 1e6, 3e5, true},
	{"memory_not_seen_bytes", 2e6, 0, true}, {"memory_threads", 24, 2, true}, {"memory_incomplete", 0, 0, true},
	{"memory_cgroup_bytes", 7.1e8, 1e7, true}, {"memory_cgroup_file_bytes", 8e7, 1e7, true}, {"memory_cgroup_oom_kills", 0, 0, true},
	{"memory_cgroup_max_events", 0, 0, true}, {"memory_cgroup_id", 4711, 0, true}, {"memory_limit_bytes", 2_147_483_648, 0, true},
}

func metricsJSON(random *rand.Rand, count int) []byte {
	var out strings.Builder
	for i, f := range figures[:min(count, len(figures))] {
		value := f.level + f.spread*(random.Float64()-0.5)
		if f.whole {
			value = math.Floor(value)
		}
		separator := ","
		if i == 0 {
			separator = "["
		}
		fmt.Fprintf(&out, "%s[%q,%s]", separator, f.name, strconv.FormatFloat(value, 'g', -1, 64))
	}
	return []byte(out.String() + "]")
}

func week(directory, profiles string, hosts, minutes, count int) {
	heaps, err := filepath.Glob(filepath.Join(profiles, "*.pb.gz"))
	check(err)
	if len(heaps) == 0 {
		log.Fatalf("no profiles in %s", profiles)
	}
	const perLink = 30_000 // names of a file: ext4 has 65,000 at most
	begin := time.Now().Add(-time.Duration(minutes) * time.Minute).Truncate(time.Second)
	random := rand.New(rand.NewSource(1))
	check(os.MkdirAll(filepath.Join(directory, "uploads"), 0o700))
	for i := range hosts * minutes {
		host, minute := i%hosts, i/hosts
		upload := filepath.Join(directory, "uploads", strconv.Itoa(i+1))
		check(os.Mkdir(upload, 0o700))
		start := begin.Add(time.Duration(minute)*time.Minute + time.Duration(host)*time.Second)
		text := fmt.Sprintf(`{"start":%q,"end":%q,"family":"go","version":"4","tags_profiler":"service:shop,env:prod,version:1.4,host:host-%d,runtime:go,language:go,runtime-id:%032x,process_id:7,profile_seq:%d,region:eu-%d,runtime_os:linux,runtime_arch:amd64,runtime_version:go1.26.4,runtime_compiler:gc,pgo:false"}`,
			start.Format(time.RFC3339Nano), start.Add(time.Minute).Format(time.RFC3339Nano), host, host, minute, host%4)
		check(os.WriteFile(filepath.Join(upload, "event.json"), []byte(text), 0o600))
		check(os.WriteFile(filepath.Join(upload, "1-metrics.json"), metricsJSON(random, count), 0o600))
		heap := heaps[(minute+host)%len(heaps)]
		if copies := hosts * minutes / len(heaps) / perLink; copies > 0 {
			heap = copyOf(directory, heap, i/len(heaps)/perLink)
		}
		check(os.Link(heap, filepath.Join(upload, "0-delta-heap.pprof")))
	}
}

func copyOf(directory, path string, number int) string {
	name := filepath.Join(directory, fmt.Sprintf("%d-%s", number, filepath.Base(path)))
	if _, err := os.Stat(name); err == nil {
		return name
	}
	content, err := os.ReadFile(path)
	check(err)
	check(os.WriteFile(name, content, 0o600))
	return name
}

// Asks each address three times for the name before it, NAME=PATH, and prints the first time, and the least of the others.
func ask(url, pid string, asked []string) {
	for _, one := range asked {
		name, path, _ := strings.Cut(one, "=")
		before := processorTime(pid)
		cold, body := get(url + path)
		spent := processorTime(pid) - before
		again, _ := get(url + path)
		third, _ := get(url + path)
		var answer map[string]any
		check(json.Unmarshal(body, &answer))
		fmt.Printf("%s_ms %.1f\n%s_cpu_ms %d\n%s_again_ms %.1f\n", name, milliseconds(cold), name, spent.Milliseconds(), name, milliseconds(min(again, third)))
		var numbers []string
		for key, value := range answer {
			if number, ok := value.(float64); ok {
				numbers = append(numbers, fmt.Sprintf("%s %.0f", key, number))
			}
		}
		sort.Strings(numbers)
		fmt.Fprintf(os.Stderr, "%s: %d bytes, %s\n", name, len(body), strings.Join(numbers, ", "))
	}
	fmt.Printf("rss_mb %.1f\n", residentMB(pid))
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1000
}

func residentMB(pid string) float64 {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	check(err)
	for _, line := range strings.Split(string(status), "\n") {
		var kB int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kB); n == 1 {
			return float64(kB) * 1024 / 1e6
		}
	}
	return 0
}
