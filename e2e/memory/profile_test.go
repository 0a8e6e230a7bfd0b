package memory

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// explained runs bench/memory_bench, a program with one cause of memory, and returns the last of what it says of itself, in bytes by part.
func explained(t *testing.T, program, cause string, environment ...string) map[string]int64 {
	t.Helper()
	command := exec.Command(program, cause)
	command.Env = append(os.Environ(), environment...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v", cause, err)
	}
	parts := map[string]int64{}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if parts[key], err = strconv.ParseInt(value, 10, 64); err != nil {
			t.Fatalf("%s: %q", cause, line)
		}
	}
	return parts
}

// A byte was written to each huge page of 64 MiB. What is resident is the kernel's choice, and it says how much of it is in huge pages.
func TestHugePages(t *testing.T) {
	program := buildBench(t)
	got := explained(t, program, "huge-advised")
	t.Log(got)
	setting, _ := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	if strings.Contains(string(setting), "[never]") || got["huge"] == 0 {
		if want := int64(32 * 4 << 10); !within(got["mapped"], want, 0, mib) {
			t.Errorf("%d bytes are mapped and resident, want %d; the setting is %s", got["mapped"], want, setting)
		}
	} else if !within(got["mapped"], got["huge"], 0.01, mib) || got["huge"] < 4*mib || got["mapped"] > 64*mib {
		t.Errorf("%d bytes are mapped and resident, %d are in huge pages", got["mapped"], got["huge"])
	}
	if !within(got["sum"], got["rollup"], 0.02, mib) || got["unexplained"]+got["mapped_not_seen"] > got["sum"]*3/100+mib {
		t.Errorf("the parts sum up to %d, Rss is %d: %v", got["sum"], got["rollup"], got)
	}
}

func buildBench(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "memory_bench")
	command := exec.Command("go", "build", "-o", program, ".")
	command.Dir = "../../bench/memory_bench"
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// Each cause alone, and all together, against what the program has; and what it has not must not be there. The profile is the process's own.
func TestOwnProfile(t *testing.T) {
	program := buildBench(t)
	type want struct {
		parts       map[string]int64
		environment []string
	}
	causes := map[string]want{
		"go":             {parts: map[string]int64{"go_live+go_dead": 256 * mib}},
		"go-dead":        {parts: map[string]int64{"go_live+go_dead": 256 * mib}},
		"go-free":        {parts: map[string]int64{"go_free": 256 * mib}, environment: []string{"GOGC=off"}}, // or Go returns some of it meanwhile
		"go-returned":    {parts: map[string]int64{}, environment: []string{"GODEBUG=madvdontneed=1"}},
		"go-lazy":        {parts: map[string]int64{"go_free": 256 * mib}, environment: []string{"GODEBUG=madvdontneed=0"}},
		"go-unwritten":   {parts: map[string]int64{"go_live+go_dead": 64 * mib}},
		"go-stacks":      {parts: map[string]int64{"go_stacks": 5000 * 96 << 10}}, // of which the upper part is used
		"malloc":         {parts: map[string]int64{"malloc_live": 200000 * 1000, "malloc_metadata": 200000 * 8}},
		"malloc-free":    {parts: map[string]int64{"malloc_free": 200000 * 1000}},
		"malloc-trimmed": {parts: map[string]int64{}},
		"malloc-large":   {parts: map[string]int64{"malloc_live": 200 * mib}},
		"malloc-arenas":  {parts: map[string]int64{"malloc_free": 16 * 20000 * 1000}},
		"threads":        {parts: map[string]int64{"thread_stacks": 500 * 8 << 10}},
		"huge-refused":   {parts: map[string]int64{"mapped": 32 * 4 << 10}},
		"file-and-shm":   {parts: map[string]int64{"files": 64 * mib, "shared_memory": 64 * mib}},
		"all": {parts: map[string]int64{"go_live+go_dead": 256 * mib, "go_stacks": 5000 * 96 << 10, "malloc_live": 200000*1000 + 200*mib,
			"malloc_free": 200000 * 1000, "files": 64 * mib, "shared_memory": 64 * mib, "thread_stacks": 500 * 8 << 10}},
	}
	// Behind the profiler by LD_PRELOAD; where one is not installed, glibc's stays. Each would give free memory back after some time.
	for _, library := range []string{"libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2"} {
		environment := []string{"LD_PRELOAD=" + library, "MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1", "TCMALLOC_RELEASE_RATE=0",
			"MIMALLOC_ALLOW_DECOMMIT=0", "MIMALLOC_PAGE_RESET=0"}
		causes["malloc,"+library] = want{map[string]int64{"malloc_live": 200000 * 1000}, environment}
		causes["malloc-free,"+library] = want{map[string]int64{"malloc_free": 200000 * 1000}, environment}
	}
	for name, want := range causes {
		t.Run(name, func(t *testing.T) {
			cause, _, preloaded := strings.Cut(name, ",")
			if cause == "go-lazy" {
				cause = "go-returned"
			}
			got := explained(t, program, cause, want.environment...)
			t.Log(got)
			if !within(got["sum"], got["rollup"], 0.02, mib) {
				t.Errorf("the parts sum up to %d, Rss is %d", got["sum"], got["rollup"])
			}
			if got["unexplained"]+got["mapped_not_seen"] > got["sum"]*3/100+mib {
				t.Errorf("%d of %d bytes are unexplained", got["unexplained"], got["sum"])
			}
			var left, all int64
			for key, bytes := range want.parts {
				var sum int64
				for part := range strings.SplitSeq(key, "+") {
					sum += got[part]
				}
				share := 0.1
				if key == "thread_stacks" {
					share = 0.5 // each has some pages
				} else if preloaded && key == "malloc_live" {
					share = 0.3 // by 400 samples, if the allocator does not say
				}
				if !within(sum, bytes, share, 3*mib) {
					t.Errorf("%s: %d bytes, want %d", key, sum, bytes)
				}
				left, all = left+sum, all+bytes
			}
			// The program and its libraries, what the runtime and the allocator need.
			if rest := got["sum"] - left - got["program"]; rest > 32*mib+all/5 {
				t.Errorf("%d bytes are in parts that the program has little of: %v", rest, slices.Sorted(maps.Keys(got)))
			}
		})
	}
}
