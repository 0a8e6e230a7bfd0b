package memory

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// TestStaticAllocators: in a static program, what the allocator maps comes through the hooks of mmap as the program's own does. It is the C heap's all
// the same.
func TestStaticAllocators(t *testing.T) {
	library := built.Program(t, "CMEMPROF_STATIC", "libcmemprof-static.a")
	text, err := os.ReadFile("../../scripts/cmemprof.pc.in")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(text), "\nstatic_libs=")
	line, _, _ = strings.Cut(line, "\n")
	flags := strings.Fields(strings.NewReplacer("${includedir}", "../../cmemprof", "${libdir}", filepath.Dir(library)).Replace(line))
	for allocator, more := range map[string][]string{"glibc": nil, "jemalloc": {"-ljemalloc", "-lstdc++", "-lm", "-Wl,--allow-multiple-definition"}} {
		t.Run(allocator, func(t *testing.T) {
			if path, _ := exec.Command("gcc", "-print-file-name=libjemalloc.a").Output(); more != nil && !filepath.IsAbs(string(path)) {
				t.Skip("libjemalloc.a is not installed")
			}
			program := filepath.Join(t.TempDir(), "own_parts")
			build(t, "gcc", append(append([]string{"-O1", "-static", "-o", program, "program/own_parts.c"}, flags...), more...)...)
			parts := explained(t, program, "")
			t.Log(parts)
			if live := parts["malloc_live"]; !within(live, 64*mib, 0.3, 0) {
				t.Errorf("%d bytes of malloc are live, want %d", live, 64*mib)
			}
			if mapped := parts["mapped"]; !within(mapped, 16*mib, 0, mib) {
				t.Errorf("%d bytes are mapped, want %d", mapped, 16*mib)
			}
			if rest := parts["unexplained"] + parts["mapped_not_seen"]; rest > 3*mib {
				t.Errorf("%d bytes are unexplained or not seen", rest)
			}
		})
	}
}
