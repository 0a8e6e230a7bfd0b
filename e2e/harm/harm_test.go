// Package harm tests that sampling does not change its host's memory: every block has the address and size that it has without sampling, so
// resident memory, its peak and page faults stay the same. Nothing is timed. bench/harm has the same loads in full.
package harm

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/loader"
)

var (
	staticLibrary, _ = filepath.Abs("../../build/libcmemprof.a")
	sharedLibrary, _ = filepath.Abs("../../build/libcmemprof.so")
	libraries        = []string{"-ldl"} // LIBS_cmemprof and LIBS_merge of the Makefile
	cFlags           = []string{"-std=gnu11", "-D_GNU_SOURCE", "-O2", "-g", "-fno-builtin", "-pthread", "-Wall", "-Wextra", "-Werror"}
)

var directory string // of what is built

// Builds every program twice: NAME, and NAME-linked with all of cmemprof, since programs look up its functions by name.
func TestMain(m *testing.M) {
	status, err := 1, error(nil)
	if directory, err = os.MkdirTemp("", "cmemprof-harm-"); err == nil {
		err = errors.Join(build("../../bench/harm.c"), build("program/addresses.c"), build("program/past.c"),
			compile("-shared", "-fPIC", "-o", built("plugin.so"), "program/plugin.c"))
	}
	if err == nil {
		status = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	os.RemoveAll(directory)
	os.Exit(status)
}

func built(name string) string { return filepath.Join(directory, name) }

func compile(arguments ...string) error {
	out, err := exec.Command("gcc", append(slices.Clone(cFlags), arguments...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("gcc %s: %w\n%s", strings.Join(arguments, " "), err, out)
	}
	return nil
}

func build(source string) error {
	plain := built(strings.TrimSuffix(filepath.Base(source), ".c"))
	return errors.Join(compile("-rdynamic", "-o", plain, source, "-ldl"),
		compile(append([]string{"-rdynamic", "-o", plain + "-linked", source, "-Wl,--whole-archive", staticLibrary, "-Wl,--no-whole-archive"}, libraries...)...))
}

// How cmemprof gets into a program.
type way struct {
	name, suffix string
	preload      []string
}

var (
	linked    = way{name: "linked", suffix: "-linked"}
	preloaded = way{name: "preloaded", preload: []string{sharedLibrary}}
	without   = way{name: "without"}
)

// On top of an allocator.
func (w way) on(library string) way {
	return way{w.name, w.suffix, append(slices.Clone(w.preload), library)}
}

// run returns the program's output. The environment must not change glibc's behaviour.
func (w way) run(t *testing.T, program string, arguments ...any) string {
	t.Helper()
	command := exec.Command(built(program+w.suffix), strings.Fields(fmt.Sprintln(arguments...))...)
	if len(arguments) > 0 && arguments[len(arguments)-1] == "" {
		command.Args = append(command.Args, "") // a field that is empty
	}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MALLOC_") && !strings.HasPrefix(variable, "GLIBC_TUNABLES=") && !strings.HasPrefix(variable, "CMEMPROF_") {
			command.Env = append(command.Env, variable)
		}
	}
	var preload []string
	for _, library := range w.preload {
		preload = append(preload, loader.Preloadable(t, library))
	}
	command.Env = append(command.Env, "LD_PRELOAD="+strings.Join(preload, ":"))
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, arguments, err, complaint.String())
	}
	return string(out)
}

type figures map[string]float64

func (w way) figures(t *testing.T, program string, arguments ...any) figures {
	t.Helper()
	result := figures{}
	for line := range strings.Lines(w.run(t, program, arguments...)) {
		var key string
		var value float64
		if _, err := fmt.Sscan(line, &key, &value); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		result[key] = value
	}
	return result
}

// Returns the medians of several processes.
func (w way) medians(t *testing.T, processes int, program string, arguments ...any) figures {
	t.Helper()
	all := map[string][]float64{}
	for range processes {
		for key, value := range w.figures(t, program, arguments...) {
			all[key] = append(all[key], value)
		}
	}
	result := figures{}
	for key, values := range all {
		slices.Sort(values)
		result[key] = values[len(values)/2]
	}
	return result
}

// ---- Addresses ----

// The strongest check, which implies the others: the allocator does nothing differently.
func TestEveryBlockIsWhereItIsWithoutSampling(t *testing.T) {
	const operations = 40000
	compare := func(t *testing.T, off, on string) {
		t.Helper()
		before, after := strings.Split(off, "\n"), strings.Split(on, "\n")
		if len(before) < operations/3 {
			t.Fatalf("only %d blocks", len(before))
		}
		differ, first := 0, ""
		for i := range min(len(before), len(after)) {
			if before[i] != after[i] {
				if differ++; differ == 1 {
					first = fmt.Sprintf("off: %s\n on: %s", before[i], after[i])
				}
			}
		}
		if differ > 0 || len(before) != len(after) {
			t.Errorf("%d of %d blocks are elsewhere or of another size; the first:\n%s", differ, len(before)-1, first)
		}
	}
	for _, w := range []way{linked, preloaded} {
		for _, interval := range []int{1, 4096, 524288} {
			for _, arena := range []string{"main", "thread"} {
				t.Run(fmt.Sprintf("glibc/%s/%d/%s", w.name, interval, arena), func(t *testing.T) {
					t.Parallel()
					off := w.run(t, "addresses", 0, arena, operations)
					if again := w.run(t, "addresses", 0, arena, operations); again != off {
						t.Fatal("the addresses differ between two runs without sampling: nothing can be said")
					}
					compare(t, off, w.run(t, "addresses", interval, arena, operations))
					if arena == "thread" { // in the main one lies what libraries allocate when they are loaded
						compare(t, without.run(t, "addresses", 0, arena, operations), off)
					}
				})
			}
		}
		for name, library := range others {
			t.Run(name+"/"+w.name, func(t *testing.T) {
				t.Parallel()
				compare(t, w.on(library).run(t, "addresses", 0, "any", operations), w.on(library).run(t, "addresses", 1, "any", operations))
			})
		}
	}
}

var others = map[string]string{"jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4", "mimalloc": "libmimalloc.so.2"}

// ---- Pages ----

const (
	// Measured with one thread on glibc: memory is 12 to 28 kB less than without sampling, since the profiler counts the pages around its own data as
	// its own, and there are 4 to 12 more faults. The rest allows for pages that the loader writes, and some stack.
	sameKB     = 32
	samePages  = 32
	mib        = 1 << 20
	defaultKiB = 512
)

// A single-threaded program is deterministic, so the limits are those of bench/harm.
func TestPagesOfOneThread(t *testing.T) {
	loads := []struct {
		name          string
		limit, rounds int
	}{
		{"malloc", 8 * mib, 8000}, {"malloc", mib / 8, 8000}, {"malloc", 1000, 8000}, {"fill", 2 * mib, 150}, {"calloc", 8 * mib, 100},
		{"realloc", 2 * mib, 4000}, {"aligned", mib / 8, 8000},
	}
	for _, load := range loads {
		for _, w := range []way{linked, preloaded} {
			t.Run(fmt.Sprintf("%s/%d/%s", load.name, load.limit, w.name), func(t *testing.T) {
				t.Parallel()
				arguments := []any{load.name, 1, load.limit, load.rounds}
				off := w.figures(t, "harm", append([]any{0}, arguments...)...)
				for _, interval := range []int{1, defaultKiB * 1024} {
					on := w.figures(t, "harm", append([]any{interval}, arguments...)...)
					wantSamePages(t, interval, off, on, 1.03, 1.02)
				}
			})
		}
	}
}

// lagKB bounds the error of the kernel's peak: its counters lag by 32 pages for each processor, in older kernels by 64 for the thread.
func lagKB() float64 { return max(256, 128*float64(runtime.NumCPU())) }

func wantSamePages(t *testing.T, interval int, off, on figures, memory, faults float64) {
	t.Helper()
	if on["samples"] < 20 {
		t.Errorf("interval %d: %v samples: nothing was looked at", interval, on["samples"])
	}
	code := on["file"] - on["code"] - off["file"] // what was in memory when the load began; the net figures are without the rest
	for _, limit := range []struct {
		key  string
		most float64
	}{
		{"net-anonymous", memory*off["anonymous"] + sameKB},
		{"net-rss", memory*off["rss"] + code + sameKB},
		{"net-peak", memory*off["peak"] + code + sameKB + lagKB()},
		{"net-faults", faults*off["faults"] + samePages},
	} {
		if on[limit.key] > limit.most {
			t.Errorf("interval %d: %s is %.0f, off it is %.0f", interval, limit.key, on[limit.key], off[strings.TrimPrefix(limit.key, "net-")])
		}
	}
}

// The interleaving of threads decides the number of pages: without sampling the first load ends with 24 to 42 MB, from run to run. Hence medians
// of several processes, and wide limits.
func TestPagesOfManyThreads(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	const processes = 3
	for _, load := range []struct {
		name                   string
		threads, limit, rounds int
	}{{"fill", 8, 2 * mib, 60}, {"malloc", 8, mib / 8, 1000}, {"malloc", 8, 8 * mib, 500}, {"malloc", 64, mib / 8, 60}} {
		t.Run(fmt.Sprintf("%s/%d/%d", load.name, load.threads, load.limit), func(t *testing.T) {
			arguments := []any{load.name, load.threads, load.limit, load.rounds}
			off := linked.medians(t, processes, "harm", append([]any{0}, arguments...)...)
			on := linked.medians(t, processes, "harm", append([]any{defaultKiB * 1024}, arguments...)...)
			t.Logf("off %.0f kB, on %.0f kB and %.0f kB of tables", off["anonymous"], on["net-anonymous"], on["own"])
			wantSamePages(t, defaultKiB*1024, off, on, 1.8, 1.8)
		})
	}
}

// After one freed block of 31 MiB, glibc takes large blocks from its heap's top, which is as fresh from the kernel as a mapping.
func TestUntouchedCallocStaysUntouched(t *testing.T) {
	for _, blocks := range []struct{ count, bytes int }{{100, 8 * mib}, {40, 31 * mib}} {
		for _, w := range []way{linked, preloaded} {
			t.Run(fmt.Sprintf("%d of %d MiB/%s", blocks.count, blocks.bytes/mib, w.name), func(t *testing.T) {
				t.Parallel()
				off := w.figures(t, "harm", 0, "untouched", 1, blocks.bytes, blocks.count)
				for _, interval := range []int{1, defaultKiB * 1024} {
					wantSamePages(t, interval, off, w.figures(t, "harm", interval, "untouched", 1, blocks.bytes, blocks.count), 1, 1)
				}
			})
		}
	}
}

// ---- Bypassing the hooks ----

func TestBlocksFreedPastTheHooks(t *testing.T) {
	const rounds = 900000
	check := func(t *testing.T, w way, plugin string) {
		t.Helper()
		t.Parallel()
		off := w.figures(t, "past", 0, rounds, plugin)
		for _, interval := range []int{1, 4096} {
			on := w.figures(t, "past", interval, rounds, plugin)
			if on["samples"] < rounds/100 {
				t.Errorf("interval %d: %v samples", interval, on["samples"])
			}
			// A block whose free was not seen stays live until another sample has the same address: at most one for each 16 bytes.
			if on["live"] > off["net-anonymous"]*1024/16 {
				t.Errorf("interval %d: %v samples seem to be alive", interval, on["live"])
			}
			if on["net-anonymous"] > 1.03*off["net-anonymous"]+sameKB {
				t.Errorf("interval %d: %v kB, off it is %v kB", interval, on["net-anonymous"], off["net-anonymous"])
			}
		}
	}
	for _, w := range []way{linked, preloaded} {
		t.Run("glibc/"+w.name, func(t *testing.T) { check(t, w, built("plugin.so")) })
		t.Run("jemalloc/"+w.name, func(t *testing.T) { check(t, w.on(others["jemalloc"]), "") })
	}
}
