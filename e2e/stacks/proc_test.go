package stacks

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

// TestWithoutProc: in a chroot without /proc the program's file is found by the name it was started with, and features that need /proc say so.
func TestWithoutProc(t *testing.T) {
	built.NotEmulated(t, "the emulator's own files are in /proc")
	hide := []string{"-rm", "sh", "-c", `mount -t tmpfs none /proc && exec "$@"`, "sh"}
	if out, err := exec.Command("unshare", append(hide, "true")...).CombinedOutput(); err != nil {
		t.Skipf("/proc cannot be hidden here: %v %s", err, out)
	}
	hidden := func(arguments ...string) *exec.Cmd { return exec.Command("unshare", append(hide, arguments...)...) }
	program := buildWith(t, "", "./segments")
	nameless := regexp.MustCompile(`^cmemprof: samples=.* nameless=(\d+) `)

	segments := func(t *testing.T, arguments ...string) (string, *profile.Profile, string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "c.pprof")
		if out, err := hidden(append([]string{program, file}, arguments...)...).CombinedOutput(); err != nil || len(out) != 0 {
			t.Fatalf("%v, and it printed %q", err, out)
		}
		p, err := profile.ParseData(read(t, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, comment := range p.Comments {
			if figure := nameless.FindStringSubmatch(comment); figure != nil {
				return file, p, figure[1]
			}
		}
		t.Fatalf("no comment says how many are nameless: %q", p.Comments)
		return "", nil, ""
	}
	t.Run("found by its name", func(t *testing.T) {
		file, p, nameless := segments(t)
		expectWhole(t, file, "c_site", "c_work", "runtime.asmcgocall%", "main.outer", "main.main", "runtime.main")
		if filepath.Base(p.Mapping[0].File) != "program" || nameless != "0" {
			t.Errorf("the program is %q, and %s addresses are nameless", p.Mapping[0].File, nameless)
		}
	})
	t.Run("gone", func(t *testing.T) { // its own C functions are counted as nameless, and Go's have their names all the same
		_, p, nameless := segments(t, "gone")
		names := map[string]bool{}
		for _, function := range p.Function {
			names[function.Name] = true
		}
		if nameless == "0" || names["c_site"] || !names["main.outer"] {
			t.Errorf("%s addresses are nameless, and the functions are %v", nameless, names)
		}
	})
	t.Run("profiler.Start", func(t *testing.T) {
		started := buildWith(t, "", "./started")
		for warnings, command := range []*exec.Cmd{exec.Command(started), hidden(started)} {
			command.Env = append(os.Environ(), "DD_PROFILING_FLUSH_ON_EXIT=false")
			out, err := command.CombinedOutput()
			if err != nil || strings.Count(string(out), "cmemprof: there is no /proc here (") != warnings {
				t.Errorf("%v, and %d warnings are to be in:\n%s", err, warnings, out)
			}
		}
	})
	t.Run("cmemprof run", func(t *testing.T) {
		out, err := hidden(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "/bin/true").CombinedOutput()
		want := "cmemprof run: /proc/self/exe: No such file or directory; libcmemprof.so cannot be located without /proc\n"
		if err == nil || string(out) != want {
			t.Errorf("%v, and it printed %q", err, out)
		}
	})
}
