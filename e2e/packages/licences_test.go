package packages

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// licences returns the entries of THIRD_PARTY_LICENSES, "NAME VERSION" or "LIBRARY", by heading.
func licences(t *testing.T) map[string][]string {
	t.Helper()
	list, _, _ := strings.Cut(read(t, "THIRD_PARTY_LICENSES"), "\n---")
	entry := regexp.MustCompile(`^  (\S+(?: \S+)?) {2,}\S`)
	entries, heading := map[string][]string{}, ""
	for _, line := range strings.Split(list, "\n") {
		if m := entry.FindStringSubmatch(line); m != nil {
			entries[heading] = append(entries[heading], m[1])
		} else if line != "" {
			heading = line
		}
	}
	return entries
}

func sorted(list []string) string {
	seen, once := map[string]bool{}, []string{}
	for _, s := range list {
		if s != "" && !seen[s] {
			seen[s] = true
			once = append(once, s)
		}
	}
	sort.Strings(once)
	return strings.Join(once, "\n")
}

// modules returns the modules of others that the packages link.
func modules(t *testing.T, packages ...string) []string {
	t.Helper()
	c := exec.Command("go", append([]string{"list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}"}, packages...)...)
	c.Dir = filepath.Join("..", "..")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(out), "\n")
}

func libraries(t *testing.T, name string) []string {
	t.Helper()
	file, err := elf.Open(built.Program(t, "", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	list, err := file.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestThirdPartyLicences holds the list against Go's dependencies and the libraries of the programs.
func TestThirdPartyLicences(t *testing.T) {
	listed := licences(t)
	for heading, want := range map[string][]string{
		"Linked into Go services that import cmemprof:": modules(t, "./goshim/...", "./cmemprof/...", "./merge", "./series", "./upload"),
		"Loaded by the command, if not said otherwise:": append(libraries(t, "cmemprof"), libraries(t, "libcmemprof.so")...),
	} {
		if got, want := sorted(listed[heading]), sorted(want); got != want || want == "" {
			t.Errorf("%s\n%s\nand there is\n%s", heading, got, want)
		}
		delete(listed, heading)
	}
	for heading := range listed {
		t.Errorf("nothing compares what is listed under %q", heading)
	}
}

// TestLicenceTexts: the texts are those of the versions that are used.
func TestLicenceTexts(t *testing.T) {
	text := read(t, "THIRD_PARTY_LICENSES")
	holds := func(path string) {
		t.Helper()
		licence, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(licence), "\n------------------\n") // the others are of folders that are not linked
		if !strings.Contains(text, strings.TrimSpace(first)+"\n") {
			t.Errorf("the text of %s is not in THIRD_PARTY_LICENSES", path)
		}
	}
	c := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/klauspost/compress")
	c.Dir = filepath.Join("..", "..")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	compress := strings.TrimSpace(string(out))
	holds(filepath.Join(compress, "LICENSE"))
	holds(filepath.Join(compress, "internal", "snapref", "LICENSE"))
	holds(filepath.Join(compress, "zstd", "internal", "xxhash", "LICENSE.txt"))
}
