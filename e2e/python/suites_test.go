package python

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// CPython's own tests of what a profiler could harm give the same results under it as without: forks, threads, the event loop, the collector,
// memory that is shared, callbacks of SQLite's. Samples are dense, of memory and of time.
var suites = []string{"test_fork1", "test_threading", "test_asyncio", "test_gc", "test_memoryview", "test_sqlite3"}

// With -v each test has a line "name (where) ... ok". What it prints may stand between, also lines of it, so that the result is at the end of a
// later one. Those of subtests begin with a blank.
var (
	begins = regexp.MustCompile(`^(test\w* \([\w.<>]+\)).* \.\.\. ?`)
	result = regexp.MustCompile(`(?:^|\b)(ok|FAIL|ERROR|skipped '.*|skipped ".*|expected failure)$`)
)

// resultsIn returns the tests of what a suite has printed, and how they ended.
func resultsIn(out []byte) map[string]string {
	found := map[string]string{}
	test := ""
	for line := range bytes.Lines(out) {
		text := strings.TrimSpace(string(line))
		if begin := begins.FindStringSubmatch(text); begin != nil {
			test, text = begin[1], text[len(begin[0]):]
		}
		if end := result.FindStringSubmatch(text); end != nil && test != "" {
			found[test], _, _ = strings.Cut(end[1], " ")
			test = ""
		}
	}
	return found
}

func TestResultsOfASuite(t *testing.T) {
	const out = `test_a (test.x.T.test_a) ... ok
test_b (test.x.T.test_b) ... Executing <Task finished name='Task-1'> took 0.1 seconds
Executing <Task two>
ok
test_c (test.x.T.test_c) ... noise ok
test_d (test.x.T.test_d) ... skipped 'no reason'
test_e (test.x.T.test_e) ...   test_e (test.x.T.test_e) (i=1) ... FAIL
FAIL
test_f (test.x.T.test_f) ... it is not
test_g (test.x.T.test_g) ... ERROR
`
	want := map[string]string{}
	for name, how := range map[string]string{"a": "ok", "b": "ok", "c": "ok", "d": "skipped", "e": "FAIL", "g": "ERROR"} {
		want["test_"+name+" (test.x.T.test_"+name+")"] = how
	}
	if found := resultsIn([]byte(out)); !maps.Equal(found, want) {
		t.Errorf("%v", found)
	}
}

// resultsOf returns the tests of a suite and how they ended.
func resultsOf(t *testing.T, suite string, words ...string) (map[string]string, string) {
	t.Helper()
	folder := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	command := exec.CommandContext(ctx, words[0], append(words[1:], "-m", "test", "-v", "--timeout", "3000", suite)...)
	command.Dir = folder
	command.Env = built.Environment("PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8", "TMPDIR="+folder)
	command.WaitDelay = 10 * time.Second
	out, err := command.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%s does not end\n%s", suite, out[max(0, len(out)-3000):])
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return resultsIn(out), fmt.Sprintf("%v\n%s", err, out)
}

// What is known to differ: from 3.12 on fork warns (DeprecationWarning) of any thread in the process, which the profiler has (docs/python.md), and
// this test wants nothing on standard error.
var warnsOfThreads = []string{"test_main_thread_after_fork (test.test_threading.ThreadTests.test_main_thread_after_fork)"}

func TestSuitesOfCPython(t *testing.T) {
	if os.Getenv("CMEMPROF_PYTHON_SUITES") == "" {
		t.Skip("make test-python-suites")
	}
	for _, python := range interpreters(t) {
		if !python.known() {
			continue
		}
		for _, suite := range suites {
			t.Run(suite+"/"+python.name, func(t *testing.T) {
				if err := exec.Command(python.path, "-c", "import test.libregrtest, test."+suite).Run(); err != nil {
					t.Skip("it is not installed (libpython3-testsuite)")
				}
				without, _ := resultsOf(t, suite, python.path)
				profile := filepath.Join(t.TempDir(), "profile.pprof")
				with, said := resultsOf(t, suite, built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "--cpu", "--follow-children", "--rate", "1K", "-o", profile, "--", python.path)
				var differ []string
				for name, how := range without {
					if with[name] != how && (python.version == "3.11" || !slices.Contains(warnsOfThreads, name)) {
						differ = append(differ, fmt.Sprintf("%s: %q without, %q with", name, how, with[name]))
					}
				}
				slices.Sort(differ)
				if len(differ) > 0 {
					file := filepath.Join("..", "..", "build", suite+"-"+python.version+".txt")
					_ = os.WriteFile(file, []byte(said), 0o644)
					t.Errorf("%s\n(%s has all that was printed)", strings.Join(differ, "\n"), file)
				}
				if len(without) < 2 { // test_fork1 has two
					t.Errorf("only %d tests ran", len(without))
				}
				if _, err := os.Stat(profile); err != nil {
					t.Errorf("nothing was profiled: %v", err)
				}
				t.Logf("%d tests, %d of them differ", len(without), len(differ))
			})
		}
	}
}
