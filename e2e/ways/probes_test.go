package ways

import (
	"debug/elf"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
)

// TestProbes: readelf finds both probes in the library, in a Go service and in a stripped one, and their counts of readers are in the file's
// writable data. What a reader sees is tested in cmemprof/test/usdt_test.c.
func TestProbes(t *testing.T) {
	if _, err := exec.LookPath("readelf"); err != nil {
		t.Fatal("readelf, which comes with every compiler, is not here")
	}
	service, stripped := filepath.Join(t.TempDir(), "service"), filepath.Join(t.TempDir(), "stripped")
	mustRun(t, exec.Command("go", "build", "-o", service, "../stacks/labels"))
	mustRun(t, exec.Command("go", "build", "-ldflags", "-s -w", "-o", stripped, "../stacks/labels"))
	arguments := map[string][]string{
		"amd64": {"8@%rdi 8@%rsi 8@%rdx", "8@%rdi"},
		"arm64": {"8@x0 8@x1 8@x2", "8@x0"},
	}[runtime.GOARCH]
	for _, file := range []string{built(t, "libcmemprof.so"), service, stripped} {
		notes := mustRun(t, exec.Command("readelf", "-n", file))
		for i, name := range []string{"alloc", "free"} {
			found := regexp.MustCompile(`Provider: otel_memory\s+Name: `+name+`\s+Location: (0x[0-9a-f]+), Base: 0x[0-9a-f]+, Semaphore: (0x[0-9a-f]+)\s+Arguments: (.*)`).
				FindAllStringSubmatch(notes, -1)
			if len(found) != 1 {
				t.Errorf("%s: %d probes are called %s:\n%s", file, len(found), name, notes)
				continue
			}
			if found[0][3] != arguments[i] {
				t.Errorf("%s: the arguments of %s are %q", file, name, found[0][3])
			}
			if !lies(t, file, found[0][1], elf.SHF_ALLOC|elf.SHF_EXECINSTR) || !lies(t, file, found[0][2], elf.SHF_ALLOC|elf.SHF_WRITE) {
				t.Errorf("%s: the probe %s is not in code or its count not in data: %s", file, name, found[0][0])
			}
		}
	}
}

// lies returns whether the address is in a section of the file, with contents, that has these flags.
func lies(t *testing.T, path, address string, flags elf.SectionFlag) bool {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	at, err := strconv.ParseUint(address, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range file.Sections {
		if s.Type == elf.SHT_PROGBITS && s.Flags&flags == flags && at >= s.Addr && at < s.Addr+s.Size {
			return true
		}
	}
	return false
}
