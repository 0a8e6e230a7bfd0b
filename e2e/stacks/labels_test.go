package stacks

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/loader"
	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// CMEMPROF_STRESS=full changes labels ten million times.
var switches = map[bool]string{false: "100000", true: "10000000"}[os.Getenv("CMEMPROF_STRESS") == "full"]

func runLabels(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	out, err := exec.Command(program, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%.3000s", arguments, err, out)
	}
	return string(out)
}

// TestLabels: each sample of C has the labels that its goroutine had when it allocated, and no other's.
func TestLabels(t *testing.T) {
	for _, toolchain := range goVersions {
		program := buildWith(t, toolchain, "./labels")
		for _, arguments := range [][]string{{"switches", switches}, {"threads"}, {"handler"}} {
			t.Run(toolchain+" "+arguments[0], func(t *testing.T) {
				t.Log(runLabels(t, program, arguments...))
			})
		}
	}
}

// TestLabelsRace: the same in programs that find data races, and without a loader.
func TestLabelsRace(t *testing.T) {
	built.NotEmulated(t, withoutRaces)
	runLabels(t, buildWith(t, "", "./labels", "-race"), "switches", "20000")
}

func TestLabelsStatic(t *testing.T) {
	program := buildWith(t, "", "./labels", "-tags", "cmemprof_static,netgo,osusergo", "-ldflags",
		`-linkmode=external -extldflags "-static -Wl,--eh-frame-hdr"`)
	runLabels(t, program, "switches", "20000")
	runLabels(t, program, "threads")
}

// TestLabelWords: which labels are kept, and that the profile says which are not.
func TestLabelWords(t *testing.T) {
	const requests = "cmemprof: labels: left out, since they name single requests (unless asked for by name): local root span id, span id, trace id"
	const many = "cmemprof: labels: left out, since they have had more than 1,000 values (unless asked for by name): user"
	program := buildWith(t, "", "./labels")
	for _, c := range []struct {
		words    []string
		labels   map[string]int // number of values; 0: some hundreds, less than 2,000
		comments []string
	}{
		{nil, map[string]int{"tenant": 1, "trace endpoint": 1, "user": 0}, []string{requests, many}},
		{[]string{"all"}, map[string]int{"tenant": 1, "trace endpoint": 1, "user": 2000, "span id": 1, "local root span id": 1, "trace id": 1}, nil},
		{[]string{"off"}, nil, nil},
		{[]string{"off", "tenant"}, map[string]int{"tenant": 1}, []string{
			"cmemprof: labels: left out, as asked for: local root span id, span id, trace endpoint, trace id, user"}},
		{[]string{"user", "-tenant"}, map[string]int{"trace endpoint": 1, "user": 2000}, []string{requests, "cmemprof: labels: left out, as asked for: tenant"}},
		{[]string{"all", "-user"}, map[string]int{"tenant": 1, "trace endpoint": 1, "span id": 1, "local root span id": 1, "trace id": 1}, []string{
			"cmemprof: labels: left out, as asked for: user"}},
	} {
		t.Run(fmt.Sprint(c.words), func(t *testing.T) {
			var comments []string
			labels := map[string]int{}
			for line := range strings.Lines(runLabels(t, program, append([]string{"words"}, c.words...)...)) {
				line = strings.TrimSpace(line)
				if of, ok := strings.CutPrefix(line, "label "); ok {
					at := strings.LastIndex(of, " ")
					var count int
					if _, err := fmt.Sscan(of[at:], &count); err != nil {
						t.Fatalf("%v in %q", err, line)
					}
					labels[of[:at]] = count
				} else if head, keys, ok := strings.Cut(line, "): "); ok && strings.HasPrefix(line, "cmemprof: labels: ") {
					comments = append(comments, head+"): "+sorted(keys))
				} else if keys, ok := strings.CutPrefix(line, "cmemprof: labels: left out, as asked for: "); ok {
					comments = append(comments, "cmemprof: labels: left out, as asked for: "+sorted(keys))
				}
			}
			if labels["memory"] != 1 {
				t.Errorf("%d values of memory, want 1", labels["memory"])
			}
			delete(labels, "memory")
			for key, want := range c.labels {
				if got := labels[key]; got != want && (want != 0 || got < 500 || got > 1500) {
					t.Errorf("%d values of %s, want %d", got, key, want)
				}
			}
			if len(labels) != len(c.labels) {
				t.Errorf("labels %v, want %v", labels, c.labels)
			}
			if !slices.Equal(comments, c.comments) {
				t.Errorf("comments %q, want %q", comments, c.comments)
			}
		})
	}
}

func sorted(keys string) string {
	all := strings.Split(keys, ", ")
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// TestLabelsUnlinked: in a Go program that was only started with the profiler there is nobody to search for labels. It has none, and nothing is said.
func TestLabelsUnlinked(t *testing.T) {
	library := built.Program(t, "CMEMPROF_LIBRARY", "libcmemprof.so")
	directory := t.TempDir()
	command := exec.Command(buildWith(t, "", "./unlinked"))
	command.Env = append(os.Environ(), "LD_PRELOAD="+loader.Preloadable(t, library), "CMEMPROF_DIRECTORY="+directory, "CMEMPROF_RATE=1")
	if out, err := command.CombinedOutput(); err != nil || len(out) != 0 {
		t.Fatalf("%v, and it says %q", err, out)
	}
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no profile was written: %v", err)
	}
	p := profiles.Read(t, files[0])
	for _, comment := range p.Comments {
		if strings.HasPrefix(comment, "cmemprof: labels:") {
			t.Errorf("the profile says %q", comment)
		}
	}
	allocated := int64(0)
	for _, s := range p.Sample {
		if slices.ContainsFunc(s.Location, func(l *profile.Location) bool { return l.Line[0].Function.Name == "allocate_unlinked" }) {
			allocated += s.Value[0]
		}
		if len(s.Label["tenant"]) != 0 {
			t.Errorf("labels %v", s.Label)
		}
	}
	if allocated != 100 {
		t.Errorf("%d allocations, want 100", allocated)
	}
}
