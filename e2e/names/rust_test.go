package names

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

var (
	rustName   = regexp.MustCompile(`^(_ZN.*17h[0-9a-f]{16}E|_R[A-Z][^.]*)(\..*)?$`)
	llvmSuffix = regexp.MustCompile(`^\.llvm\.[0-9A-Fa-f@]+$`)
	escaped    = regexp.MustCompile(`\\u\{([0-9a-f]+)\}|\$u([0-9a-f]{2,6})\$`)
	wideNumber = regexp.MustCompile(`[no]n?[0-9a-f]{17,}_`)
)

// compareRust compares demangled names with c++filt (binutils 2.40). Where that differs from Rust's own rustc-demangle, the latter is right: c++filt
// drops a suffix (".0"), leaves non-ASCII characters as numbers, and loses digits of numbers wider than 64 bits.
func compareRust(t *testing.T, names []string) {
	t.Helper()
	var mangled, suffixes []string
	for _, name := range names {
		parts := rustName.FindStringSubmatch(name)
		if parts != nil && !wideNumber.MatchString(name) {
			mangled, suffixes = append(mangled, parts[1]), append(suffixes, parts[2])
		}
	}
	var whole []string
	for i, name := range mangled {
		whole = append(whole, name+suffixes[i])
	}
	ours := strings.Split(mustRun(t, strings.Join(whole, "\n")+"\n", built.Program(t, "CMEMPROF_DEMANGLE", "demangle")), "\n")
	theirs := strings.Split(mustRun(t, strings.Join(mangled, "\n")+"\n", "c++filt", "-i"), "\n")
	if len(ours) != len(mangled)+1 || len(theirs) != len(ours) {
		t.Fatalf("%d names, %d and %d lines", len(mangled), len(ours), len(theirs))
	}
	for i, name := range whole {
		want := escaped.ReplaceAllStringFunc(theirs[i], func(text string) string {
			parts := escaped.FindStringSubmatch(text)
			character, _ := strconv.ParseUint(parts[1]+parts[2], 16, 32)
			return string(rune(character))
		})
		if !llvmSuffix.MatchString(suffixes[i]) {
			want += suffixes[i]
		}
		if ours[i] != want || theirs[i] == mangled[i] {
			t.Errorf("%s\nours    %s\nc++filt %s", name, ours[i], want)
		}
	}
	t.Logf("%d names", len(mangled))
}

// TestRustNamesAreThoseOfCxxfilt: the names of the C tests.
func TestRustNamesAreThoseOfCxxfilt(t *testing.T) {
	for _, mangling := range []string{"rust", "rust_v0"} {
		t.Run(mangling, func(t *testing.T) {
			table, err := os.ReadFile("../../cmemprof/test/demangle_" + mangling + "_test.c")
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, entry := range regexp.MustCompile(`(?m)^    \{"(_[^"]+)",\n`).FindAllSubmatch(table, -1) { // with a NULL it is one line
				names = append(names, string(entry[1]))
			}
			if len(names) < 15 {
				t.Fatalf("only %d names", len(names))
			}
			compareRust(t, names)
		})
	}
}

// sites runs a program that leaks hundreds of blocks of 4321 bytes, and counts them by allocating function.
func sites(t *testing.T, program string) map[string]int64 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile.pprof")
	mustRun(t, "", built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "--rate", "1", "--output", file, "--", program)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, sample := range p.Sample {
		if sample.Value[2] == 0 || sample.Value[3] != 4321*sample.Value[2] {
			continue
		}
		for _, location := range sample.Location {
			for _, line := range location.Line {
				counts[line.Function.Name] += sample.Value[2]
			}
		}
	}
	return counts
}

// TestRustNamesInAProfile: from the symbol table to the profile.
func TestRustNamesInAProfile(t *testing.T) {
	counts := sites(t, compile(t, "gcc", "rust_names.c", "-O1", "-g0"))
	for _, name := range []string{"<leak::Cache<T> as core::ops::drop::Drop>::site", "leak::copy", "leak::cache::site::<[u8]>"} {
		if counts[name] != 100 {
			t.Errorf("%s has %d blocks, and all are %v", name, counts[name], counts)
		}
	}
}

// TestRustPrograms: all names in rustc's output, in both manglings, if rustc is installed.
func TestRustPrograms(t *testing.T) {
	rustc, err := exec.LookPath("rustc")
	if err != nil {
		t.Skip("there is no rustc")
	}
	source, err := os.ReadFile("programs/leak.rs")
	if err != nil {
		t.Fatal(err)
	}
	for _, mangling := range []string{"legacy", "v0"} {
		t.Run(mangling, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "leak")
			build := func(source string) error {
				c := exec.Command(rustc, "-O", "-Z", "unstable-options", "-C", "symbol-mangling-version="+mangling, "-C", "debuginfo=0",
					"-C", "strip=debuginfo", "-C", "link-dead-code", "--crate-name=leak", "-o", program, "-")
				c.Env = append(os.Environ(), "RUSTC_BOOTSTRAP=1") // only so may every version be asked for either
				c.Stdin = strings.NewReader(source)
				out, err := c.CombinedOutput()
				if err != nil {
					err = fmt.Errorf("%v\n%s", err, out)
				}
				return err
			}
			if err := build("fn main() {}"); err != nil {
				t.Skipf("rustc makes no programs here: %v", err)
			}
			if err := build(string(source)); err != nil {
				t.Fatal(err)
			}
			names := mangled(t, program)
			compareRust(t, names)
			if len(names) < 300 {
				t.Errorf("only %d names", len(names))
			}
			if counts := sites(t, program); counts["leak::site"] != 100 {
				t.Errorf("leak::site has %d blocks, and all are %v", counts["leak::site"], counts)
			}
		})
	}
}
