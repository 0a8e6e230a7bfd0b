package ways

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/testdata/profiles"
	"github.com/google/pprof/profile"
)

// muslFlags: Debian's wrapper, musl-gcc, leaves --eh-frame-hdr away, which compilers of distributions built on musl pass, and without which
// no C frame can be followed; and the build ID.
var muslFlags = []string{"-std=gnu11", "-D_GNU_SOURCE", "-pthread", "-Wl,--eh-frame-hdr", "-Wl,--build-id"}

// nameFrames does what `go tool pprof` does with a profile without names: it asks addr2line about the addresses of the program.
func nameFrames(t *testing.T, p *profile.Profile, program string) {
	t.Helper()
	id := uint64(1)
	for _, location := range p.Location {
		if location.Mapping == nil || location.Mapping.File != program {
			continue
		}
		m := location.Mapping
		if m.BuildID == "" {
			t.Errorf("mapping of %s without a build ID", program)
		}
		address := location.Address - m.Start + m.Offset // a musl program is position-independent, its text's offset is its address
		out := mustRun(t, exec.Command("addr2line", "-f", "-e", program, fmt.Sprintf("%#x", address)))
		function := &profile.Function{ID: id, Name: strings.SplitN(out, "\n", 2)[0]}
		id++
		p.Function = append(p.Function, function)
		location.Line = []profile.Line{{Function: function}}
	}
}

func TestMuslPreloaded(t *testing.T) {
	sites := compile(t, "musl-gcc", filepath.Join("programs", "sites.c"), muslFlags...)
	for _, way := range []string{"exit", "_exit", "quick_exit", "thread"} {
		c := runCommand(t, "--rate", "1", sites, way)
		if output, status := run(t, c); status != 5 {
			t.Errorf("%s: status %d\n%s", way, status, output)
		}
		p := onlyProfile(t, c)
		nameFrames(t, p, sites)
		checkSites(t, p, 1)
	}
}

func TestMuslLinked(t *testing.T) {
	include, err := filepath.Abs(filepath.Join("..", "..", "cmemprof"))
	if err != nil {
		t.Fatal(err)
	}
	program := compile(t, "musl-gcc", filepath.Join("programs", "linked.c"), append(muslFlags, "-I"+include, built(t, "libcmemprof-musl.a"))...)
	file := filepath.Join(t.TempDir(), "profile")
	if output := mustRun(t, exec.Command(program, file)); output != "ok\nran on\n" {
		t.Errorf("%q", output)
	}
	p := profiles.Read(t, file)
	nameFrames(t, p, program)
	if got, want := siteOf(p, "site_alive"), (site{500, aliveBytes, 500, aliveBytes}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}
