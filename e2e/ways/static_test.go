package ways

import (
	"debug/elf"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// mustBeStatic checks that the program is static.
func mustBeStatic(t *testing.T, program string) {
	t.Helper()
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Fatalf("%s is not static", program)
		}
	}
}

// TestStaticC: linked as in docs/run.md, with and without position-independent code.
func TestStaticC(t *testing.T) {
	_, environment := install(t)
	c := exec.Command("pkg-config", "--variable=static_libs", "cmemprof")
	c.Env = environment
	flags := strings.Fields(mustRun(t, c))
	for _, kind := range []string{"-static", "-static-pie"} {
		program := compile(t, "gcc", filepath.Join("programs", "linked.c"), append([]string{kind}, flags...)...)
		mustBeStatic(t, program)
		file := filepath.Join(t.TempDir(), "profile")
		if output := mustRun(t, exec.Command(program, file)); output != "ok\nran on\n" {
			t.Errorf("%s: %q", kind, output)
		}
		p := profiles.Read(t, file)
		if got, want := siteOf(p, "site_alive"), (site{500, aliveBytes, 500, aliveBytes}); got != want {
			t.Errorf("%s: %+v, not %+v", kind, got, want)
		}
		if got := siteOf(p, "main"); got.inuseBytes < aliveBytes {
			t.Errorf("%s: main is on the stacks of %d bytes only", kind, got.inuseBytes)
		}
		if p.Mapping[0].BuildID == "" || p.Mapping[0].File != program {
			t.Errorf("%s: mapping %+v", kind, p.Mapping[0])
		}
	}
}

// TestStaticGo: stacks continue from C into Go, and libc's own calls are seen.
func TestStaticGo(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "static")
	mustRun(t, exec.Command("go", "build", "-tags", "cmemprof_static,netgo,osusergo", "-ldflags",
		`-linkmode=external -extldflags "-static -Wl,--eh-frame-hdr"`, "-o", program, "./static"))
	mustBeStatic(t, program)
	file := filepath.Join(t.TempDir(), "profile")
	if output := mustRun(t, exec.Command(program, file)); output != "ran on\n" {
		t.Errorf("%q", output)
	}
	p := profiles.Read(t, file)
	for _, sample := range p.Sample {
		if hasFunction(sample, "site_alive") && !(hasFunction(sample, "main.allocate") && hasFunction(sample, "main.main")) {
			t.Error("a stack ends before Go's part of it")
		}
	}
	if got, want := siteOf(p, "main.allocate"), (site{501, aliveBytes + 11, 501, aliveBytes + 11}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}

// TestStaticWithoutWrap: without --wrap nothing is sampled, and cmemprof_start reports it; or linking fails.
func TestStaticWithoutWrap(t *testing.T) {
	prefix, _ := install(t)
	program := filepath.Join(t.TempDir(), "linked")
	output, status := run(t, exec.Command("gcc", "-static", "-o", program, "-I"+filepath.Join(prefix, "include"),
		filepath.Join("programs", "linked.c"), filepath.Join(prefix, "lib", "libcmemprof-static.a"),
		"-lm"))
	if status == 0 || !strings.Contains(output, "undefined reference to `__real_malloc'") {
		t.Errorf("status %d\n%s", status, output)
	}
}
