package ways

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/loader"
	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// preloaded runs a program with the library and CMEMPROF_* variables, and returns the folder of its profiles.
func preloaded(t *testing.T, variables []string, program string, arguments ...string) (folder, output string, status int) {
	t.Helper()
	folder = t.TempDir()
	c := exec.Command(program, arguments...)
	c.Env = append(os.Environ(), "LD_PRELOAD="+loader.Preloadable(t, built(t, "libcmemprof.so")), "CMEMPROF_DIRECTORY="+folder)
	c.Env = append(c.Env, variables...)
	output, status = run(t, c)
	return folder, output, status
}

func readOnly(t *testing.T, folder, pattern string) string {
	t.Helper()
	files := glob(t, folder, pattern)
	if len(files) != 1 {
		t.Fatalf("%s has %d files %s: %v", folder, len(files), pattern, glob(t, folder, "*"))
	}
	return files[0]
}

// TestEveryWayToEnd: with the library's thread (CMEMPROF_ON_TERMINATION) this includes _exit.
func TestEveryWayToEnd(t *testing.T) {
	sites := compileSites(t)
	for _, way := range []string{"return", "exit", "thread", "quick_exit", "_exit", "_Exit", "vfork"} {
		t.Run(way, func(t *testing.T) {
			folder, output, status := preloaded(t, []string{"CMEMPROF_RATE=1", "CMEMPROF_ON_TERMINATION=1"}, sites, way)
			if status != 5 || output != "" {
				t.Errorf("status %d, output %q", status, output)
			}
			exits := int64(1)
			if way == "return" {
				exits = 2
			}
			checkSites(t, profiles.Read(t, readOnly(t, folder, "*.1.exit.pb")), exits)
			// The peak is written while the program runs, if it runs long enough for a look.
			if all := glob(t, folder, "*"); len(all)-len(glob(t, folder, "*.peak"))-len(glob(t, folder, "*.memory")) != 1 {
				t.Errorf("more than the profile: %v", all)
			}
		})
	}
}

// TestWithoutThread: no setting asks for a profile before the end, so a thread is started only then; _exit ends the program at once.
func TestWithoutThread(t *testing.T) {
	sites := compileSites(t)
	folder, _, _ := preloaded(t, []string{"CMEMPROF_RATE=1"}, sites, "exit")
	checkSites(t, profiles.Read(t, readOnly(t, folder, "*.exit.pb")), 1)
	folder, _, status := preloaded(t, []string{"CMEMPROF_RATE=1"}, sites, "_exit")
	if all := glob(t, folder, "*"); len(all) != 0 || status != 5 {
		t.Errorf("status %d, %v", status, all)
	}
}

func TestNothingWithoutDirectory(t *testing.T) {
	_, output, status := preloaded(t, []string{"CMEMPROF_RATE=1", "CMEMPROF_DIRECTORY="}, compileSites(t), "exit")
	if status != 5 || output != "" {
		t.Errorf("status %d, output %q", status, output)
	}
}

func TestBadVariableIsNamed(t *testing.T) {
	folder, output, status := preloaded(t, []string{"CMEMPROF_RATE=many"}, compileSites(t), "exit")
	text, err := os.ReadFile(readOnly(t, folder, "*"))
	if err != nil || string(text) != "CMEMPROF_RATE has an invalid value\n" || status != 5 || output != "" {
		t.Errorf("%q, %v, status %d, output %q", text, err, status, output)
	}
}

func TestKeep(t *testing.T) {
	sites := compileSites(t)
	folder := t.TempDir()
	c := exec.Command(sites, "wait")
	c.Env = append(os.Environ(), "LD_PRELOAD="+loader.Preloadable(t, built(t, "libcmemprof.so")), "CMEMPROF_DIRECTORY="+folder, "CMEMPROF_RATE=1",
		"CMEMPROF_PERIOD_MS=50", "CMEMPROF_KEEP=3")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the tenth profile is there", func() bool { return len(glob(t, folder, "*.10.period.pb")) == 1 })
	_ = c.Process.Kill()
	_ = c.Wait()
	files := glob(t, folder, "*.pb")
	if len(files) < 3 || len(files) > 4 { // killed between the new one and the removal of the old
		t.Errorf("kept %v", files)
	}
	checkSites(t, profiles.Read(t, files[0]), 1)
}

// TestFileSizeLimit: SIGXFSZ must not end the program, and no incomplete file is left.
func TestFileSizeLimit(t *testing.T) {
	folder, output, status := preloaded(t, []string{"CMEMPROF_RATE=1"}, compileSites(t), "small-files")
	text, err := os.ReadFile(readOnly(t, folder, "*"))
	if err != nil || !strings.Contains(string(text), "File too large") || status != 5 || output != "" {
		t.Errorf("%q, %v, status %d, output %q", text, err, status, output)
	}
}

func TestDirectoryIsGone(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	_, output, status := preloaded(t, []string{"CMEMPROF_DIRECTORY=" + missing}, compileSites(t), "exit")
	if status != 5 || output != "" {
		t.Errorf("status %d, output %q", status, output)
	}
}
