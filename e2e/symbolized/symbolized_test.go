// Package symbolized gives every kind of profile that this project writes to google/pprof, together with the programs, so that pprof names
// addresses itself. It numbers added functions from the number of functions on: if ids are not 1..n, two functions get the same id ("multiple
// functions with same id"), and the profile cannot be shown.
package symbolized

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

const patience = 60 * time.Second

// environment makes pprof find the unstripped programs in a folder.
func environment(t *testing.T, programs string) []string {
	return append(os.Environ(), "PPROF_BINARY_PATH="+programs, "PPROF_TMPDIR="+t.TempDir())
}

func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	c := exec.Command(name, arguments...)
	c.Env = environment(t, "/nonexistent")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, out)
	}
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", url, answer.Status, err, body)
	}
	return body
}

// folders of the test: programs with symbols, stripped programs, which run, and profiles.
type folders struct{ full, bare, profiles string }

func makeFolders(t *testing.T) folders {
	f := folders{t.TempDir(), t.TempDir(), t.TempDir()}
	run(t, "go", "build", "-o", filepath.Join(f.full, "service"), "./service")
	run(t, "gcc", "-g", "-O1", "-o", filepath.Join(f.full, "held"), "programs/held.c")
	for _, name := range []string{"service", "held"} {
		run(t, "strip", "-o", filepath.Join(f.bare, name), filepath.Join(f.full, name))
	}
	return f
}

func (f folders) at(name string) string { return filepath.Join(f.profiles, name) }

func (f folders) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(f.at(name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// download takes the profiles of all uploads, the largest of each name, and each name of all uploads merged.
func (f folders) download(t *testing.T, address string) {
	t.Helper()
	var list struct {
		Uploads []struct {
			ID          int
			Attachments []struct{ Name string }
		}
	}
	if err := json.Unmarshal(get(t, address+"/api/uploads?limit=1000&sort=received&order=asc"), &list); err != nil {
		t.Fatal(err)
	}
	most := map[string]int{}
	for _, upload := range list.Uploads {
		for _, a := range upload.Attachments {
			if !strings.HasSuffix(a.Name, ".pprof") {
				continue
			}
			content := get(t, fmt.Sprintf("%s/api/uploads/%d/attachments/%s", address, upload.ID, a.Name))
			if len(content) > most[a.Name] {
				most[a.Name] = len(content)
				f.write(t, "sent-"+a.Name, content)
				f.write(t, "merged-"+a.Name, get(t, address+"/api/profile?service=symbolized&attachment="+url.QueryEscape(a.Name)))
			}
		}
	}
}

// makeProfiles makes every kind of profile.
func makeProfiles(t *testing.T, f folders) {
	t.Helper()
	command, address := built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), built.Receiver(t)
	for _, kind := range []string{"deltas", "totals"} {
		run(t, filepath.Join(f.bare, "service"), strings.TrimPrefix(address, "http://"), f.profiles, kind)
	}
	f.download(t, address)
	run(t, command, "run", "--rate", "1", "-o", f.at("run"), filepath.Join(f.bare, "held"))
	run(t, command, "run", "--rate", "1", "--follow-children", "-o", f.at("run-children"), filepath.Join(f.bare, "held"))
	run(t, command, "merge", "-o", f.at("merge"), f.at("page-heap-deltas"), f.at("page-heap-totals"), f.at("sent-heap.pprof"))
	run(t, command, "merge", "--union", "-o", f.at("union"), f.at("sent-heap.pprof"), f.at("run"))
	run(t, command, "delta", "-o", f.at("delta"), f.at("sent-heap.pprof"), f.at("page-heap-totals"))
	run(t, command, "delta", "--compat", "pprof", "-o", f.at("delta-pprof"), f.at("sent-heap.pprof"), f.at("page-heap-totals"))
	run(t, command, "diff", "-o", f.at("diff"), f.at("run"), f.at("page-heap-totals"))
	run(t, command, "symbolize", "--binary", filepath.Join(f.full, "service"), "-o", f.at("symbolize"), f.at("sent-heap.pprof"))
}

// ---- pprof ----

// pprofs are both versions of pprof, which read programs in different ways.
func pprofs(t *testing.T) (ofGo, ofGoogle string) {
	t.Helper()
	ofGoogle = filepath.Join(t.TempDir(), "pprof")
	run(t, "go", "build", "-o", ofGoogle, "./pprof")
	path, err := exec.Command("go", "tool", "-n", "pprof").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(path)), ofGoogle
}

func (f folders) pprof(t *testing.T, program string, arguments ...string) (string, error) {
	t.Helper()
	c := exec.Command(program, arguments...)
	c.Env = environment(t, f.full)
	out, err := c.CombinedOutput()
	return string(out), err
}

// program returns the program of the profile. Go's pprof does not find it by PPROF_BINARY_PATH, since it reads no build IDs of C.
func (f folders) program(name string) string {
	if strings.HasPrefix(name, "run") {
		return filepath.Join(f.full, "held")
	}
	return filepath.Join(f.full, "service")
}

func parse(t *testing.T, file string) *profile.Profile {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(content)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return p
}

// dense reports whether ids are 1..n, in any order. google/pprof has checked that none is duplicate.
func dense(t *testing.T, name string, p *profile.Profile) {
	t.Helper()
	check := func(what string, count int, id func(int) uint64) {
		for i := range count {
			if id(i) > uint64(count) {
				t.Errorf("%s: one of %d %ss has the id %d", name, count, what, id(i))
				return
			}
		}
	}
	check("function", len(p.Function), func(i int) uint64 { return p.Function[i].ID })
	check("location", len(p.Location), func(i int) uint64 { return p.Location[i].ID })
	check("mapping", len(p.Mapping), func(i int) uint64 { return p.Mapping[i].ID })
}

// sparse returns the profile with a gap in its functions' ids, so that the first id that pprof adds already exists.
func (f folders) sparse(t *testing.T, name string) string {
	t.Helper()
	p := parse(t, f.at(name))
	p.Function[0].ID = uint64(len(p.Function) + 1)
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	f.write(t, "sparse", out.Bytes())
	return f.at("sparse")
}

// hasC: the profile has C code, without symbols in the profiled program.
func hasC(name string) bool {
	return !slices.ContainsFunc([]string{"cpu", "mutex", "block", "goroutines", "difference"}, func(kind string) bool { return strings.Contains(name, kind) })
}

func TestPprofNamesEveryKindOfProfile(t *testing.T) {
	f := makeFolders(t)
	makeProfiles(t, f)
	entries, err := os.ReadDir(f.profiles)
	if err != nil {
		t.Fatal(err)
	}
	ofGo, ofGoogle := pprofs(t)
	kinds := 0
	for _, entry := range entries {
		name := entry.Name()
		kinds++
		dense(t, name, parse(t, f.at(name)))
		named := func(program string, arguments ...string) {
			t.Helper()
			if out, err := f.pprof(t, program, arguments...); err != nil || (hasC(name) && !strings.Contains(out, "hold_blocks")) {
				t.Errorf("%s %v: %v\n%.2000s", filepath.Base(program), arguments, err, out)
			}
		}
		named(ofGoogle, "-top", "-nodecount=0", "-trim=false", f.at(name)) // as people call it: what has no name gets one
		named(ofGo, "-top", "-nodecount=0", "-trim=false", f.program(name), f.at(name))
		named(ofGo, "-symbolize=local:force", "-raw", f.program(name), f.at(name)) // all names anew, those of Go's code too
		named(ofGoogle, "-symbolize=local:force", "-raw", f.at(name))
		if out, err := f.pprof(t, ofGoogle, "-symbolize=local:force", "-raw", f.sparse(t, name)); err == nil || !strings.Contains(out, "multiple functions with same id") {
			t.Errorf("pprof does not mind ids with a hole in %s, so it adds no names: %v\n%.2000s", name, err, out)
		}
	}
	if kinds < 25 {
		t.Errorf("only %d kinds: %v", kinds, entries)
	}
	t.Run("go's pages", func(t *testing.T) { checkPages(t, f, ofGo, f.program(""), f.at("sent-delta-heap.pprof")) })
	t.Run("google's pages", func(t *testing.T) { checkPages(t, f, ofGoogle, f.at("sent-delta-heap.pprof")) })
	t.Run("binutils", func(t *testing.T) { checkBinutils(t, f, ofGoogle) })
}

// With addr2line and nm only: pprof prefers llvm-symbolizer if it is installed.
func checkBinutils(t *testing.T, f folders, program string) {
	t.Helper()
	tools := t.TempDir()
	for _, name := range []string{"addr2line", "nm", "objdump"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(tools, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", tools)
	for _, name := range []string{"sent-heap.pprof", "merged-delta-heap.pprof", "run"} {
		if out, err := f.pprof(t, program, "-raw", f.at(name)); err != nil || !strings.Contains(out, "hold_blocks") {
			t.Errorf("%s: %v\n%.3000s", name, err, out)
		}
	}
}

// ---- Its pages ----

// serve starts pprof's web interface and returns its address, or "" if another program took the free port that it chose.
func serve(t *testing.T, f folders, program string, files ...string) (address string, stop func()) {
	t.Helper()
	c := exec.Command(program, append([]string{"-no_browser", "-http=127.0.0.1:"}, files...)...)
	c.Env = environment(t, f.full)
	said, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	lines, text := bufio.NewScanner(said), ""
	for lines.Scan() {
		if _, address, found := strings.Cut(lines.Text(), "Serving web UI on "); found {
			return address, stop
		}
		text += lines.Text() + "\n"
	}
	stop()
	t.Logf("pprof said: %s", text)
	return "", func() {}
}

// listens waits until it listens; it prints the address before that.
func listens(address string) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if answer, err := http.Get(address); err == nil {
			answer.Body.Close()
			return true
		}
	}
	return false
}

func checkPages(t *testing.T, f folders, program string, files ...string) {
	t.Helper()
	address, stop := "", func() {}
	for try := 0; try < 3 && address == ""; try++ {
		address, stop = serve(t, f, program, files...)
	}
	defer stop()
	if address == "" || !listens(address+"/top") {
		t.Fatal("it serves no pages")
	}
	for _, path := range []string{"/top?", "/flamegraph?", "/peek?f=hold_blocks&", "/source?f=hold_blocks&"} {
		if page := string(get(t, address+path+"si=inuse_space")); !strings.Contains(page, "hold_blocks") {
			t.Errorf("%s has no hold_blocks\n%.3000s", path, page)
		}
	}
}
