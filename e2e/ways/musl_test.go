package ways

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// muslFlags: Debian's wrapper, musl-gcc, does not pass --eh-frame-hdr, without which C frames cannot be unwound, nor --build-id; compilers of
// distributions built on musl do.
var muslFlags = []string{"-std=gnu11", "-D_GNU_SOURCE", "-g", "-pthread", "-Wl,--eh-frame-hdr", "-Wl,--build-id"}

func TestMuslPreloaded(t *testing.T) {
	sites := compile(t, "musl-gcc", filepath.Join("programs", "sites.c"), muslFlags...)
	for _, way := range []string{"exit", "_exit", "quick_exit", "thread"} {
		c := runCommand(t, "--rate", "1", sites, way)
		if output, status := run(t, c); status != 5 {
			t.Errorf("%s: status %d\n%s", way, status, output)
		}
		p := onlyProfile(t, c)
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
	if got, want := siteOf(p, "site_alive"), (site{500, aliveBytes, 500, aliveBytes}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}

// A Go service is built with musl as with glibc: the same package, the whole stacks.
func TestMuslGo(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "service")
	build := exec.Command("go", "build", "-ldflags", `-linkmode=external -extldflags "-Wl,--eh-frame-hdr"`, "-o", program, "./static")
	build.Env = append(os.Environ(), "CC=musl-gcc", "CGO_ENABLED=1")
	if output := mustRun(t, build); output != "" {
		t.Errorf("the compiler says %q", output)
	}
	file := filepath.Join(t.TempDir(), "profile")
	if output := mustRun(t, exec.Command(program, file)); output != "ran on\n" {
		t.Errorf("%q", output)
	}
	p, found := profiles.Read(t, file), false
	for _, sample := range p.Sample {
		if hasFunction(sample, "site_alive") {
			found = true
			if !(hasFunction(sample, "main.allocate") && hasFunction(sample, "main.main")) {
				t.Error("a stack ends before Go's part of it")
			}
			for _, line := range sample.Location[0].Line {
				if line.Line == 0 {
					t.Errorf("%s has no line", line.Function.Name)
				}
			}
		}
	}
	// Not strdup's own block: musl has no call-frame information, so stacks through it are cut.
	if got, want := siteOf(p, "main.allocate"), (site{500, aliveBytes, 500, aliveBytes}); !found || got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}
