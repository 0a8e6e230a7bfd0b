// Package verdict has programs with memory of one known cause, and asks what is said of it.
package verdict

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

const mib = 1 << 20

type analysis struct {
	Findings []struct{ Kind, Title, Site, Advice string }
}

type metrics struct {
	Series []struct {
		Name   string
		Points [][2]float64
	}
}

func (m *metrics) last(name string) float64 {
	for _, series := range m.Series {
		if series.Name == name && len(series.Points) > 0 {
			return series.Points[len(series.Points)-1][1]
		}
	}
	return -1
}

// all is the memory of each point, in MiB.
func (m *metrics) all() string {
	var text strings.Builder
	for _, series := range m.Series {
		if strings.HasPrefix(series.Name, "memory_") {
			fmt.Fprintf(&text, "\n%s:", series.Name)
			for _, point := range series.Points {
				fmt.Fprintf(&text, " %.1f", point[1]/mib)
			}
		}
	}
	return text.String()
}

func ask(t *testing.T, url string, answer any) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil || response.StatusCode != 200 {
		t.Fatalf("%s: %d, %v", url, response.StatusCode, err)
	}
}

// Verdicts by number, docs/memory.md.
const (
	none          = 0
	leak          = 1
	goGrowth      = 2
	mapping       = 3
	mappedFile    = 4
	sharedMemory  = 5
	threadStacks  = 6
	retention     = 8
	fragmentation = 9
	goNotReturned = 10
	pageCache     = 11
	plateau       = 12
	cacheFull     = 13
)

// What is no matter of time waits for its periods beside the others, more of them than there are processors.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("CMEMPROF_STRESS") != "full" {
		if err := flag.Set("test.parallel", "4"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func TestPlantedCauses(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", program, "./program").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	address := built.Receiver(t)
	for _, c := range []struct {
		cause   string
		verdict float64
		steady  bool   // no matter of time: on a loaded machine, even batches of a second are not evenly spaced
		finding string // of Analysis; "": it need not have one
		site    string // in its title
		gives   string // figures of what the advice gives back
	}{
		{"none", none, true, "", "", ""},
		{"malloc", leak, false, "c_leak", "leak_by_malloc", ""},
		{"new", leak, false, "c_leak", "leak_by_new", ""},
		{"realloc", leak, false, "doubling", "grow_by_realloc", ""},
		{"mmap", mapping, false, "mapping_growth", "main", ""},
		{"go", goGrowth, false, "", "", ""},
		{"survivors", retention, true, "retention", "", "memory_malloc_trim_bytes"},
		{"pinned", fragmentation, true, "fragmentation", "", ""},
		{"arenas", retention, true, "retention", "", "memory_malloc_trim_bytes"},
		{"go-free", goNotReturned, true, "go_not_returned", "", "memory_go_free_bytes memory_go_dead_bytes"},
		{"warm-up", cacheFull, false, "", "", ""},
		{"plateau", plateau, false, "plateau", "hold", ""},
		{"sawtooth", none, true, "", "", ""},
		{"threads", threadStacks, false, "thread_stack_growth", "", ""},
		{"file", mappedFile, false, "mapped_file_growth", "", ""},
		{"shm", sharedMemory, false, "shared_memory_growth", "", ""},
		{"cache", pageCache, true, "page_cache", "", ""},
	} {
		t.Run(c.cause, func(t *testing.T) {
			if !c.steady && os.Getenv("CMEMPROF_STRESS") != "full" {
				t.Skip("by series in series/test; here with CMEMPROF_STRESS=full")
			}
			procs, steps, period := "", "24", "1s"
			if c.verdict == pageCache {
				procs = built.Limited(t, 300*mib) // of which the file is more than a half
			}
			if c.steady && c.cause != "sawtooth" { // all happens before the first batch
				steps, period = "8", "3s"
			}
			t.Parallel()
			command := built.In(procs, program, c.cause, strings.TrimPrefix(address, "http://"), filepath.Join(t.TempDir(), "file"), steps, period)
			out, err := command.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var said metrics
			ask(t, address+"/api/metrics?service="+c.cause, &said)
			// Whether a rise has slowed down before it stopped is told by time, which is uneven here.
			if got := said.last("c_verdict"); got != c.verdict && !(c.verdict == cacheFull && got == plateau) {
				t.Errorf("c_verdict %v, want %v; %s", got, c.verdict, said.all())
			}
			if c.gives != "" {
				var before, after float64
				if _, err := fmt.Sscan(string(out), &before, &after); err != nil {
					t.Fatal(err)
				}
				// Within a fifth, and what else the step gives back.
				gives := 0.0
				for _, figure := range strings.Fields(c.gives) {
					gives += said.last(figure)
				}
				if gives < 50*mib || before-after < 0.8*gives-4*mib || before-after > 1.2*gives+4*mib {
					t.Errorf("the advice gave back %.0f MiB, %.0f were promised; %s", (before-after)/mib, gives/mib, said.all())
				}
			}
			var found analysis
			ask(t, address+"/api/analysis?service="+c.cause, &found)
			if c.finding == "" {
				return
			}
			if !slices.ContainsFunc(found.Findings, func(f struct{ Kind, Title, Site, Advice string }) bool {
				return f.Kind == c.finding && strings.Contains(f.Title, c.site)
			}) {
				t.Errorf("no %s of %q: %+v", c.finding, c.site, found.Findings)
			}
		})
	}
}
