package memory

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestThreadsByCreator: of 500 threads the memory profile says which call made them, in a program that is linked, and in a static one. The stacks
// are what each thread has written to.
func TestThreadsByCreator(t *testing.T) {
	for name, arguments := range map[string][]string{
		"dynamic": nil,
		"static": {"-tags", "cmemprof_static,netgo,osusergo", "-ldflags",
			`-linkmode=external -extldflags "-static -Wl,--eh-frame-hdr"`},
	} {
		t.Run(name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "threads")
			build(t, "go", append(append([]string{"build"}, arguments...), "-o", program, "./threads")...)
			out, err := exec.Command(program).Output()
			if err != nil {
				t.Fatal(err)
			}
			type seen struct{ threads, bytes int64 }
			got := map[string]seen{}
			for line := range strings.Lines(string(out)) {
				fields := strings.Split(strings.TrimSpace(line), ",")
				got[fields[0]] = seen{number(t, fields[1]), number(t, fields[2])}
			}
			for function, want := range map[string]seen{
				"make_large":    {300, 300 * 64 << 10},
				"main.growPool": {300, 300 * 64 << 10}, // the Go function that called it
				"make_small":    {150, 150 * 16 << 10},
				"make":          {500, 300*64<<10 + 150*16<<10 + 50*32<<10}, // before the start only its direct caller is known
				"wait_for_ever": {500, 300*64<<10 + 150*16<<10 + 50*32<<10},
			} {
				if g := got[function]; g.threads != want.threads || !within(g.bytes, want.bytes, 0.1, 12<<10*want.threads) {
					t.Errorf("%s: %d threads with %d bytes, want %d with %d", function, g.threads, g.bytes, want.threads, want.bytes)
				}
			}
			goThreads := got["threads of Go's runtime"].threads
			if goThreads < 1 || got["all"].threads != 500+goThreads || got["figures"].threads != got["all"].threads+1 {
				t.Errorf("%d threads are Go's, %d are in the profile, the process has %d", goThreads, got["all"].threads, got["figures"].threads)
			}
		})
	}
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
