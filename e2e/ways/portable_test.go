package ways

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/loader"
	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// glibcNeeded returns the minor number of the newest glibc 2.x that the file asks for.
func glibcNeeded(t *testing.T, path string) int {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, err := file.ImportedSymbols()
	if err != nil || len(symbols) == 0 {
		t.Fatal(symbols, err)
	}
	newest := 0
	for _, symbol := range symbols {
		var minor int
		if count, _ := fmt.Sscanf(symbol.Version, "GLIBC_2.%d", &minor); count == 1 {
			newest = max(newest, minor)
		}
	}
	return newest
}

// The portable library runs with glibc 2.28, whatever it was built with, and is the same otherwise.
func TestPortable(t *testing.T) {
	library := built(t, filepath.Join("portable", "libcmemprof.so"))
	if got := glibcNeeded(t, library); got == 0 || got > 28 {
		t.Errorf("it needs glibc 2.%d", got)
	}
	folder := t.TempDir()
	c := exec.Command(compileSites(t), "thread")
	c.Env = append(os.Environ(), "LD_PRELOAD="+loader.Preloadable(t, library), "CMEMPROF_DIRECTORY="+folder, "CMEMPROF_RATE=1")
	if output, status := run(t, c); status != 5 {
		t.Errorf("status %d\n%s", status, output)
	}
	checkSites(t, profiles.Read(t, readOnly(t, folder, "*.exit.pb")), 1)
}
