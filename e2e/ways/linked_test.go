package ways

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// install runs `make install` into a new folder and returns the environment in which pkg-config finds it.
func install(t *testing.T) (prefix string, environment []string) {
	t.Helper()
	prefix = filepath.Join(t.TempDir(), "prefix")
	c := exec.Command(filepath.Join("..", "..", "scripts", "install"), prefix)
	c.Env = append(os.Environ(), "BUILD="+filepath.Dir(built(t, "libcmemprof.a")))
	mustRun(t, c)
	return prefix, append(os.Environ(), "PKG_CONFIG_PATH="+filepath.Join(prefix, "lib", "pkgconfig"))
}

func pkgConfig(t *testing.T, environment []string, arguments ...string) []string {
	t.Helper()
	c := exec.Command("pkg-config", append(arguments, "cmemprof")...)
	c.Env = environment
	return strings.Fields(mustRun(t, c))
}

// TestExamples: docs/examples, built as their first lines say. 1,000 blocks of 64 KiB are 62.5 MiB: with 1,000 (1-p)/p, p = 0.118, the
// standard error is 8.5 %.
func TestExamples(t *testing.T) {
	prefix, environment := install(t)
	flags := pkgConfig(t, environment, "--cflags", "--libs")
	for compiler, source := range map[string]string{"gcc": "leak.c", "g++": "leak.cc", "clang": "leak.c"} {
		if _, err := exec.LookPath(compiler); err != nil {
			t.Logf("%s is not here", compiler)
			continue
		}
		program := compile(t, compiler, filepath.Join("..", "..", "docs", "examples", source), flags...)
		c := exec.Command(program)
		c.Dir = t.TempDir()
		if output := mustRun(t, c); output != "" {
			t.Errorf("%s %s: %s", compiler, source, output)
		}
		total := int64(0)
		for _, sample := range profiles.Read(t, filepath.Join(c.Dir, "leak.pprof")).Sample {
			for _, location := range sample.Location {
				if len(location.Line) > 0 && strings.HasPrefix(location.Line[len(location.Line)-1].Function.Name, "main") {
					total += sample.Value[3]
				}
			}
		}
		if total < 40e6 || total > 95e6 {
			t.Errorf("%s %s: %d bytes in use below main", compiler, source, total)
		}
	}
	// The installed command finds the installed library.
	c := runCommand(t, "--rate", "1", compileSites(t), "exit")
	c.Path = filepath.Join(prefix, "bin", "cmemprof")
	if output, status := run(t, c); status != 5 {
		t.Errorf("status %d\n%s", status, output)
	}
	checkSites(t, onlyProfile(t, c), 1)
}

// TestLinked: rate 1 is exact, also when linked to the shared library.
func TestLinked(t *testing.T) {
	prefix, environment := install(t)
	flags := pkgConfig(t, environment, "--cflags", "--libs")
	shared := append(pkgConfig(t, environment, "--cflags"), pkgConfig(t, environment, "--variable=shared_libs")...)
	shared = append(shared, "-Wl,-rpath,"+filepath.Join(prefix, "lib"))
	for what, flags := range map[string][]string{"static library": flags, "shared library": shared} {
		program := compile(t, "gcc", filepath.Join("programs", "linked.c"), flags...)
		needed := mustRun(t, exec.Command("readelf", "-d", program))
		if got := regexp.MustCompile(`\[libcmemprof\.so\.\d+\]`).MatchString(needed); got != (what == "shared library") {
			t.Errorf("%s: needs\n%s", what, needed)
		}
		file := filepath.Join(t.TempDir(), "profile")
		if output := mustRun(t, exec.Command(program, file)); output != "ok\nran on\n" {
			t.Errorf("%s: %q", what, output)
		}
		if got, want := siteOf(profiles.Read(t, file), "site_alive"), (site{500, aliveBytes, 500, aliveBytes}); got != want {
			t.Errorf("%s: %+v, not %+v", what, got, want)
		}
	}
}
