package command

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/cmemprof/cmemprof/e2e/profiles"
)

type junit struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Suites   []struct {
		Name  string `xml:"name,attr"`
		Cases []struct {
			Name    string `xml:"name,attr"`
			Failure *struct {
				Message string `xml:"message,attr"`
			} `xml:"failure"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func readJUnit(t *testing.T, path string) (result junit) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(text, &result); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return result
}

// A rule's verdict is that of google/pprof's sums, and each summary is what its readers want.
func TestGateOfDiff(t *testing.T) {
	s := newService(1)
	base, next := s.next(), s.next()
	total := func(p *profile.Profile, index int) (sum int64) {
		for _, sample := range p.Sample {
			sum += sample.Value[index]
		}
		return sum
	}
	paths := []string{write(t, base), write(t, next)}
	folder := t.TempDir()
	for index, sampleType := range base.SampleType {
		before, after := total(base, index), total(next, index)
		percent := 100 * float64(after-before) / float64(before)
		junitFile, sarifFile := filepath.Join(folder, sampleType.Type+".xml"), filepath.Join(folder, sampleType.Type+".sarif")
		keeps, breaks := sampleType.Type+":+"+format(percent+1)+"%", sampleType.Type+":+"+format(percent-1)+"%"
		if percent-1 < 0 {
			breaks = sampleType.Type + ">0"
		}
		if percent+1 < 0 {
			keeps = sampleType.Type + ":+0"
		}
		_, complaint, status := run(t, append([]string{"diff", "--fail-if", keeps, "--fail-if", breaks, "--summary", "junit:" + junitFile, "--summary", "sarif:" + sarifFile}, paths...)...)
		if status != 3 || !strings.Contains(complaint, "passed "+keeps+": ") || !strings.Contains(complaint, "FAILED "+breaks+": ") {
			t.Errorf("%s: status %d\n%s", sampleType.Type, status, complaint)
		}
		got := readJUnit(t, junitFile)
		if got.Tests != 2 || got.Failures != 1 || len(got.Suites) != 1 || len(got.Suites[0].Cases) != 2 || got.Suites[0].Cases[0].Failure != nil || got.Suites[0].Cases[1].Failure == nil || got.Suites[0].Cases[1].Name != breaks {
			t.Errorf("%+v", got)
		}
		results, err := sarif.Open(sarifFile)
		if err != nil {
			t.Fatal(err)
		}
		// The reader leaves these empty where a file does not have them; the standard's defaults are:
		results.Runs[0].Language, results.Runs[0].Tool.Driver.Language, results.Runs[0].NewlineSequences = "en-US", "en-US", []string{"\n"}
		if err := results.Validate(); err != nil {
			t.Error(err)
		}
		if found := results.Runs[0].Results; len(found) != 1 || *found[0].RuleID != breaks || found[0].Level != "error" {
			t.Errorf("%+v", found)
		}
	}
	if _, complaint, status := run(t, "diff", "--fail-if", "no_such_type:+5%", paths[0], paths[1]); status != 3 || !strings.Contains(complaint, "not known: no sample type no_such_type") {
		t.Errorf("status %d\n%s", status, complaint)
	}
	if _, complaint, status := run(t, "top", "--fail-if", base.SampleType[0].Type+">0", "--tags", paths[0]); status != 2 || !strings.Contains(complaint, "--fail-if does not apply to --tags") {
		t.Errorf("status %d\n%s", status, complaint)
	}
}

func format(number float64) string { return strconv.FormatFloat(number, 'f', 6, 64) }

// `cmemprof run -- go test` measures each test binary, with names, and fails those that do not keep a limit; other failures stay what they are.
func TestGateOfGoTest(t *testing.T) {
	module := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.com/gate\n\ngo 1.24\n",
		"leaks/leaks.go": `package leaks

/*
#include <stdlib.h>
#include <string.h>
static void *table[1000];
__attribute__((noinline)) static void build_table(void) {
	for (int i = 0; i < 300; i++) {
		memset(table[i] = malloc(100000), 1, 100000);
	}
}
*/
import "C"

func Leak() { C.build_table() }
`,
		"leaks/leaks_test.go": "package leaks\n\nimport \"testing\"\n\nfunc TestLeak(*testing.T) { Leak() }\n",
		"keeps/keeps.go":      "package keeps\n\n// #include <stdlib.h>\nimport \"C\"\n\nfunc Keep() { C.free(C.malloc(3000000)) }\n",
		"keeps/keeps_test.go": "package keeps\n\nimport \"testing\"\n\nfunc TestKeep(*testing.T) { Keep() }\n",
	} {
		path := filepath.Join(module, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	results := t.TempDir()
	test := func(more ...string) (string, error) {
		command := exec.Command(program(t), append([]string{"run", "--rate", "4K", "-o", filepath.Join(results, "%e.%p.pprof"), "--fail-if", "leaked>10MB", "--fail-if", "allocated>1MB", "--summary", "junit:" + filepath.Join(results, "%e.%p.xml"), "--"}, more...)...)
		command.Dir = module
		out, err := command.CombinedOutput()
		return string(out), err
	}
	out, err := test("go", "test", "./...")
	if err == nil || strings.Count(out, "FAIL\texample.com/gate/") != 2 || !regexp.MustCompile(`FAILED leaked>10MB: 30\.[01] MB .* most at build_table \(leaks\.go:\d+\): 30\.\d MB`).MatchString(out) ||
		!strings.Contains(out, "passed leaked>10MB: ") || strings.Count(out, "FAILED allocated>1MB") != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(results, "leaks.test.*.pprof"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v\n%s", files, err, out)
	}
	var inUse int64
	for _, sample := range profiles.Read(t, files[0]).Sample {
		if sample.Location[0].Line[0].Function.Name == "build_table" {
			inUse += sample.Value[3]
		}
	}
	if inUse != 30000000 {
		t.Errorf("%d bytes of build_table, not 30000000", inUse)
	}
	summaries, err := filepath.Glob(filepath.Join(results, "keeps.test.*.xml"))
	if err != nil || len(summaries) != 1 {
		t.Fatalf("%v %v", summaries, err)
	}
	if got := readJUnit(t, summaries[0]); got.Tests != 2 || got.Failures != 1 || got.Suites[0].Cases[0].Failure != nil {
		t.Errorf("%+v", got)
	}
	for _, wrong := range []struct{ words, complaint string }{
		{"go test -exec=x ./...", "go test has a -exec already"},
		{"go test --exec x ./...", "go test has a -exec already"},
	} {
		if out, err := test(strings.Fields(wrong.words)...); err == nil || !strings.Contains(out, wrong.complaint) {
			t.Errorf("%s: %v\n%s", wrong.words, err, out)
		}
	}
	if out, err := test("go", "test", "-C", "keeps", "-run", "None", "-args", "word", "-exec"); err != nil || !strings.Contains(out, "ok  \texample.com/gate/keeps") {
		t.Errorf("%v\n%s", err, out)
	}
}
