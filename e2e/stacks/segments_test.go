package stacks

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// Programs with gaps between their segments, as for text on huge pages.
var segmentFlags = []string{"-no-pie -Wl,-z,max-page-size=2097152", "-no-pie -Wl,-z,max-page-size=65536", "-no-pie -Wl,-Ttext=0x4000000",
	"-pie -Wl,-z,max-page-size=2097152", "-no-pie -Wl,-z,max-page-size=2097152,-z,noseparate-code"}

// expectWhole checks that all 100 allocations have these functions, leaf first, and none is cut.
func expectWhole(t *testing.T, file string, functions ...string) {
	t.Helper()
	p, err := profile.ParseData(read(t, file))
	if err != nil {
		t.Fatal(err)
	}
	count := int64(0)
	for _, sample := range p.Sample {
		var names []string
		for _, location := range sample.Location {
			for _, line := range location.Line {
				names = append(names, line.Function.Name)
			}
		}
		if slices.Contains(names, "c_site") {
			count += sample.Value[0]
			at := 0
			for _, name := range names {
				if at < len(functions) && like(functions[at], name) {
					at++
				}
			}
			if at != len(functions) {
				t.Errorf("a stack is %q", names)
			}
		}
	}
	cut := slices.ContainsFunc(p.Comments, func(comment string) bool {
		return strings.HasPrefix(comment, "cmemprof:") && !strings.Contains(comment, "cut_no_rule=0 ")
	})
	if count != 100 || cut {
		t.Errorf("%d allocations at c_site; %q", count, p.Comments)
	}
}

func TestSegments(t *testing.T) {
	for _, flags := range segmentFlags {
		t.Run("C "+flags, func(t *testing.T) {
			directory := t.TempDir()
			program, file := filepath.Join(directory, "program"), filepath.Join(directory, "c.pprof")
			run(t, "gcc", slices.Concat([]string{"-O1", "-g", "-DALONE", "-I../../cmemprof", "-o", program, "segments/sites.c"},
				strings.Fields(flags), []string{built.Program(t, "CMEMPROF_ARCHIVE", "libcmemprof.a"), "-ldl", "-pthread"})...)
			runProgram(t, program, file)
			expectWhole(t, file, "c_site", "c_work", "main", "__libc_start%", "_start")
		})
		t.Run("Go "+flags, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "c.pprof")
			mode := "exe"
			if strings.HasPrefix(flags, "-pie") {
				mode = "pie"
			}
			_, linkFlags, _ := strings.Cut(flags, " ")
			program := buildWith(t, "", "./segments", "-buildmode="+mode, "-ldflags=-linkmode=external -extldflags '"+linkFlags+"'")
			runProgram(t, program, file)
			expectWhole(t, file, "c_site", "c_work", "runtime.asmcgocall%", "main.outer", "main.main", "runtime.main")
		})
	}
}
