package python

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// The package cmemprof.profiling (../../python), in a program that was started without the library.

const patience = 60 * time.Second

// allocated sums alloc_space of the stacks through the function.
func allocated(t *testing.T, heap *profile.Profile, function string) int64 {
	t.Helper()
	return through(t, heap, function, 1)
}

func valueOf(t *testing.T, of *profile.Profile, name string) int {
	t.Helper()
	if of == nil {
		t.Fatal("a batch lacks its profile")
	}
	value := slices.IndexFunc(of.SampleType, func(one *profile.ValueType) bool { return one.Type == name })
	if value < 0 {
		t.Fatalf("%s is not among %v", name, of.SampleType)
	}
	return value
}

func through(t *testing.T, heap *profile.Profile, function string, value int) (sum int64) {
	t.Helper()
	if heap == nil {
		t.Fatal("a batch lacks its profile")
	}
	for _, sample := range heap.Sample {
		if slices.ContainsFunc(sample.Location, func(l *profile.Location) bool {
			return slices.ContainsFunc(l.Line, func(line profile.Line) bool { return line.Function.Name == function })
		}) {
			sum += sample.Value[value]
		}
	}
	return sum
}

func total(heap *profile.Profile) (sum int64) {
	for _, sample := range heap.Sample {
		sum += sample.Value[1]
	}
	return sum
}

// inBounds: what CPython tells, and its lists and numbers beside (package.py).
func inBounds(t *testing.T, what string, have, told int64) {
	t.Helper()
	if have < told || have > told+told/20+200_000 {
		t.Errorf("%s: %d bytes in the profile, and Python tells of %d", what, have, told)
	}
}

// program runs package.py, or what `before` puts in front of it.
type program struct {
	t       *testing.T
	command *exec.Cmd
	folder  string // of private directories
	errors  bytes.Buffer
	lines   []map[string]any
	output  *bufio.Scanner
}

func environment(t *testing.T, folder string, variables ...string) []string {
	t.Helper()
	packages, err := filepath.Abs("../../python")
	if err != nil {
		t.Fatal(err)
	}
	commands := filepath.Dir(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"))
	return built.Environment(append([]string{"PYTHONPATH=" + packages, "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore", "TMPDIR=" + folder,
		"PATH=" + commands + ":" + os.Getenv("PATH"), "DD_PROFILING_CMEMPROF_SAMPLING_RATE=1"}, variables...)...)
}

func begin(t *testing.T, python string, variables, before []string, arguments ...string) *program {
	t.Helper()
	p := &program{t: t, folder: t.TempDir()}
	words := append(append(slices.Clone(before), python, "package.py"), arguments...)
	p.command = exec.Command(words[0], words[1:]...)
	p.command.Env = environment(t, p.folder, variables...)
	p.command.Stderr = &p.errors
	out, err := p.command.StdoutPipe()
	if err == nil {
		err = p.command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.output = bufio.NewScanner(out)
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	return p
}

// next returns the next line; nil: there is none.
func (p *program) next() (line map[string]any) {
	p.t.Helper()
	if p.output.Scan() {
		if err := json.Unmarshal(p.output.Bytes(), &line); err != nil {
			p.t.Errorf("%q: %v", p.output.Text(), err)
		}
		p.lines = append(p.lines, line)
	}
	return line
}

// end waits for the program and its sender, and returns the status. Nothing of the profiler is left.
func (p *program) end() int {
	p.t.Helper()
	for p.next() != nil {
	}
	_ = p.command.Wait()
	soon(p.t, "the sender has not removed its directory\n"+p.errors.String(), func() bool {
		left, err := os.ReadDir(p.folder)
		return err == nil && len(left) == 0
	})
	return p.command.ProcessState.ExitCode()
}

func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func number(value any) int64 {
	if number, ok := value.(float64); ok {
		return int64(number)
	}
	return -1
}

func pid(value any) string { return strings.TrimSuffix(jsonOf(value), "\n") }

func jsonOf(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

// logged fails if the program's log has not the text so often.
func (p *program) logged(text string, times int) {
	p.t.Helper()
	if have := strings.Count(p.errors.String(), text); have != times {
		p.t.Errorf("%q is logged %d times, not %d:\n%s", text, have, times, p.errors.String())
	}
}

// known returns one interpreter whose frames are read, the newest.
func known(t *testing.T) interpreter {
	t.Helper()
	all := slices.DeleteFunc(interpreters(t), func(i interpreter) bool { return !i.known() })
	return slices.MaxFunc(all, func(a, b interpreter) int { return strings.Compare(a.version, b.version) })
}

func tooOld(python interpreter) bool { return python.version == "3.6" || python.version == "3.7" }

const notSeen = "memory of C is not seen, only Python's own blocks"

func TestPackageLateStart(t *testing.T) {
	for _, python := range interpreters(t) {
		t.Run(python.name, func(t *testing.T) {
			agent := newAgent(t)
			if tooOld(python) {
				p := begin(t, python.path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, nil, "auto")
				if line := p.next(); p.end() != 0 || line["loaded"] != false {
					t.Error(p.errors.String())
				}
				p.logged("nothing is profiled: Python "+python.version+" is not supported", 1)
				return
			}
			p := begin(t, python.path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, nil, "whole")
			first := p.next()
			process := pid(first["pid"])
			if uploads := agent.of(process); len(uploads) != 1 { // stop has waited until it was sent
				t.Fatalf("%d batches after stop\n%s", len(uploads), p.errors.String())
			}
			second := p.next()
			if status := p.end(); status != 0 {
				t.Fatalf("exit status %d\n%s", status, p.errors.String())
			}
			uploads := agent.of("")
			if len(uploads) != 2 {
				t.Fatalf("%d batches\n%s", len(uploads), p.errors.String())
			}
			for _, one := range uploads {
				if one.tags["service"] != "shop" || one.tags["env"] != "test" || one.tags["version"] != "7" || one.tags["team"] != "core_ one" || one.tags["process_id"] != process {
					t.Errorf("tags: %v", one.tags)
				}
				taggedAsPython(t, one, python.version)
				if !strings.Contains(one.comments, notSeen) {
					t.Errorf("comments: %s", one.comments)
				}
			}
			if first["child"] != false || second["child"] != false {
				t.Error("the program has a child that is not its own")
			}
			p.logged(notSeen, 1)
			p.logged("a profiler is running already", 1)
			p.logged("functions of Python", map[bool]int{false: 1, true: 0}[python.known()])
			inBounds(t, "all", total(uploads[0].heap), number(first["kept"])*3/2)
			inBounds(t, "all after the second start", total(uploads[1].heap), number(second["more"]))
			if python.known() {
				inBounds(t, "keep_bytes", allocated(t, uploads[0].heap, "keep_bytes"), number(first["kept"])*3/2)
				// Its samples stand for 10 ms of the thread's CPU time.
				if ns := through(t, uploads[0].cpu, "burn", valueOf(t, uploads[0].cpu, "cpu-time")); ns < number(first["burnt"])*4/5 || ns > number(first["burnt"])+50e6 {
					t.Errorf("%d ns of CPU time of burn, which has taken %d", ns, number(first["burnt"]))
				}
				inBounds(t, "in_thread", allocated(t, uploads[0].heap, "in_thread"), number(first["kept"])/2)
				inBounds(t, "keep_more", allocated(t, uploads[1].heap, "keep_more"), number(second["more"]))
				inBounds(t, "keep_bytes after the second start", allocated(t, uploads[1].heap, "keep_bytes"), number(second["more"])) // not while it was stopped
				if bytes := allocated(t, uploads[0].heap, "before_the_start"); bytes != 0 {
					t.Errorf("%d bytes from before the start", bytes)
				}
			}
		})
	}
}

func TestPackageForks(t *testing.T) {
	python := known(t)
	for _, mode := range []struct {
		arguments []string
		status    int64
		child     bool
	}{{[]string{"fork", "follow"}, 3, true}, {[]string{"fork", "alone"}, 3, false}, {[]string{"fork_and_start"}, -1, true}, {[]string{"pool"}, 0, true}} {
		t.Run(strings.Join(mode.arguments, " "), func(t *testing.T) {
			agent := newAgent(t)
			p := begin(t, python.path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, nil, mode.arguments...)
			line := p.next()
			if status := p.end(); status != 0 || number(line["status"]) != mode.status {
				t.Fatalf("exit status %d, %v\n%s", status, line, p.errors.String())
			}
			if parents := agent.of(pid(line["pid"])); len(parents) != 1 || allocated(t, parents[0].heap, "in_child") != 0 {
				t.Errorf("%d batches of the parent", len(parents))
			}
			children := agent.of(pid(line["forked"]))
			if len(children) != map[bool]int{false: 0, true: 1}[mode.child] {
				t.Fatalf("%d batches of the child\n%s", len(children), p.errors.String())
			}
			if mode.child {
				inBounds(t, "in_child", allocated(t, children[0].heap, "in_child"), number(line["kept"]))
			}
		})
	}
}

// Of an agent that fails until the program was killed, what it has written comes afterwards.
func TestPackageKilled(t *testing.T) {
	agent := newAgent(t)
	agent.refuse = true
	p := begin(t, known(t).path, []string{"DD_TRACE_AGENT_URL=" + agent.URL, "DD_PROFILING_UPLOAD_INTERVAL=0.2"}, nil, "wait")
	line := p.next()
	written := map[time.Time]bool{} // .peak is written anew with each profile, just before it
	look := func() {
		files, _ := filepath.Glob(filepath.Join(p.folder, "*", pid(line["pid"])+"-*.peak"))
		for _, file := range files {
			if status, err := os.Stat(file); err == nil {
				written[status.ModTime()] = true
			}
		}
	}
	soon(t, "no profiles are written", func() bool { look(); return len(written) > 3 }) // the first may be from before the line
	agent.mu.Lock()                                                                     // whoever asks now waits for the answer, so that what is written next is not yet refused
	answer := sync.OnceFunc(agent.mu.Unlock)
	defer answer()
	before := len(written)
	soon(t, "no more profiles are written", func() bool { look(); return len(written) > before+1 })
	_ = p.command.Process.Signal(syscall.SIGKILL)
	_ = p.command.Wait()
	agent.refuse = false
	answer()
	p.end()
	uploads := agent.of(pid(line["pid"]))
	if len(uploads) == 0 || agent.refused == 0 {
		t.Fatalf("%d batches, %d refused\n%s", len(uploads), agent.refused, p.errors.String())
	}
	inBounds(t, "keep_bytes", through(t, uploads[len(uploads)-1].heap, "keep_bytes", 3), number(line["kept"]))
}

// senders counts the processes that send from the program's folder.
func (p *program) senders() (count int) {
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, process := range processes {
		words, _ := os.ReadFile(process)
		if bytes.Contains(words, []byte("--attach\x00")) && bytes.Contains(words, []byte(p.folder)) {
			count++
		}
	}
	return count
}

// A program that becomes itself again leaves no senders behind.
func TestPackageReplaced(t *testing.T) {
	agent := newAgent(t)
	p := begin(t, known(t).path, []string{"DD_TRACE_AGENT_URL=" + agent.URL, "DD_PROFILING_UPLOAD_INTERVAL=0.2"}, nil, "replaced", "3")
	p.next()
	soon(t, "senders are left of what the program was before", func() bool { return p.senders() == 1 })
	_ = p.command.Process.Kill()
	p.end()
}

// A child is still followed when its parent has ended.
func TestPackageDaemon(t *testing.T) {
	agent := newAgent(t)
	p := begin(t, known(t).path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, nil, "orphan")
	soon(t, "the parent has not ended", func() bool {
		var status syscall.WaitStatus
		pid, _ := syscall.Wait4(p.command.Process.Pid, &status, syscall.WNOHANG, nil)
		return pid == p.command.Process.Pid
	})
	if err := os.WriteFile(filepath.Join(p.folder, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	line := p.next()
	soon(t, "the daemon's profile does not come", func() bool { return len(agent.of(pid(line["pid"]))) == 1 })
	inBounds(t, "in_child", allocated(t, agent.of(pid(line["pid"]))[0].heap, "in_child"), number(line["kept"]))
	_ = os.Remove(filepath.Join(p.folder, "go"))
	soon(t, "the sender is left", func() bool { return p.senders() == 0 })
}

// Before SIGTERM ends the program a profile is written, unless the program handles it itself.
func TestPackageTerminated(t *testing.T) {
	for _, mode := range []struct {
		argument string
		status   int
	}{{"wait", -1}, {"handled", 5}} {
		t.Run(mode.argument, func(t *testing.T) {
			agent := newAgent(t)
			p := begin(t, known(t).path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, nil, mode.argument)
			line := p.next()
			_ = p.command.Process.Signal(syscall.SIGTERM)
			if status := p.end(); status != mode.status {
				t.Errorf("exit status %d\n%s", status, p.errors.String())
			}
			uploads := agent.of(pid(line["pid"]))
			if len(uploads) != 1 {
				t.Fatalf("%d batches", len(uploads))
			}
			inBounds(t, "keep_bytes", allocated(t, uploads[0].heap, "keep_bytes"), number(line["kept"]))
		})
	}
}

func TestPackageSwitchedOff(t *testing.T) {
	agent := newAgent(t)
	p := begin(t, known(t).path, []string{"DD_TRACE_AGENT_URL=" + agent.URL, "DD_PROFILING_ENABLED=false"}, nil, "auto")
	line := p.next()
	if status := p.end(); status != 0 || line["loaded"] != false || len(agent.of("")) != 0 {
		t.Errorf("exit status %d, %v, %d batches", status, line, len(agent.of("")))
	}
	p.logged("DD_PROFILING_ENABLED=false: nothing is profiled", 1)
}

func TestPackageAuto(t *testing.T) {
	agent, python := newAgent(t), known(t)
	p := begin(t, python.path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, nil, "auto")
	line := p.next()
	if status := p.end(); status != 0 || len(agent.of("")) != 1 {
		t.Fatalf("exit status %d, %d batches\n%s", status, len(agent.of("")), p.errors.String())
	}
	if one := agent.of("")[0]; one.tags["service"] != "package" {
		t.Errorf("tags: %v", one.tags)
	} else {
		taggedAsPython(t, one, python.version)
		inBounds(t, "keep_bytes", allocated(t, one.heap, "keep_bytes"), number(line["kept"]))
	}
}

func TestPackageDrops(t *testing.T) {
	agent := newAgent(t)
	p := begin(t, known(t).path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, nil, "drop")
	if status := p.end(); status != 0 || len(p.lines) != 1 || len(agent.of("")) != 0 {
		t.Errorf("exit status %d, %d batches\n%s", status, len(agent.of("")), p.errors.String())
	}
}

// What is wrong is logged, and the program runs as ever.
func TestPackageFails(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	folder := t.TempDir()
	broken := filepath.Join(folder, "a folder") // whose program lacks a library
	library := filepath.Join(filepath.Dir(built.Program(t, "CMEMPROF_COMMAND", "cmemprof")), "libcmemprof.so")
	if err := errors.Join(os.Mkdir(broken, 0o755), os.Symlink(library, filepath.Join(broken, "libcmemprof.so")),
		os.WriteFile(filepath.Join(broken, "cmemprof"), []byte("#!/bin/sh\necho 'cannot open shared object file' >&2\nexit 127\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]struct {
		variables []string
		argument  string
		logged    string
	}{
		"no Agent":         {[]string{"DD_TRACE_AGENT_URL=" + closed.URL}, "whole", "a batch could not be sent, and waits: no connection"},
		"no command":       {[]string{"PATH=/usr/bin:/bin"}, "auto", "start: Missing: the program cmemprof is neither in"},
		"a broken command": {[]string{"PATH=" + broken + ":/usr/bin:/bin"}, "whole", "cmemprof WARNING cannot open shared object file"},
		"no directory":     {[]string{"TMPDIR=" + filepath.Join(folder, "none")}, "auto", "start: FileNotFoundError: "},
		"a false spool":    {[]string{"DD_TRACE_AGENT_URL=" + closed.URL, "DD_PROFILING_SPOOL_MAX_BYTES=x"}, "whole", "DD_PROFILING_SPOOL_MAX_BYTES takes a number of bytes from 1, not x"},
		"tracemalloc":      {[]string{"DD_TRACE_AGENT_URL=" + closed.URL}, "traced", "nothing is profiled: tracemalloc has begun before"},
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, known(t).path, mode.variables, nil, mode.argument)
			if status := p.end(); status != 0 {
				t.Errorf("exit status %d", status)
			}
			if len(p.lines) == 0 || !strings.Contains(p.errors.String(), mode.logged) || strings.Contains(p.errors.String(), "Traceback") {
				t.Errorf("%v\n%s", p.lines, p.errors.String())
			}
		})
	}
}

// The tags are those of ddtrace, by which pages tell services of Python.
func taggedAsPython(t *testing.T, one upload, version string) {
	t.Helper()
	release, isKnown := one.tags["runtime_version"]
	if one.tags["language"] != "python" || one.tags["runtime"] != "CPython" || one.family != "python" || isKnown && !strings.HasPrefix(release, version+".") {
		t.Errorf("%s: tags %v, family %s", version, one.tags, one.family)
	}
}

// Under cmemprof-run C is seen as well, and what the program starts itself does nothing.
func TestPackageRun(t *testing.T) {
	python := known(t)
	agent := newAgent(t)
	p := begin(t, python.path, []string{"DD_TRACE_AGENT_URL=" + agent.URL}, []string{python.path, "-m", "cmemprof.run"}, "auto")
	line := p.next()
	if status := p.end(); status != 0 || len(agent.of("")) != 1 {
		t.Fatalf("exit status %d, %d batches\n%s", status, len(agent.of("")), p.errors.String())
	}
	one := agent.of("")[0]
	if one.tags["service"] != "package" || strings.Contains(one.comments, notSeen) {
		t.Errorf("tags: %v, comments: %s", one.tags, one.comments)
	}
	inBounds(t, "keep_bytes", allocated(t, one.heap, "keep_bytes"), number(line["kept"]))
	p.logged("the process is profiled already", 1)
	off := begin(t, python.path, []string{"DD_TRACE_AGENT_URL=" + agent.URL, "DD_PROFILING_ENABLED=false"}, []string{python.path, "-m", "cmemprof.run"}, "auto")
	if status := off.end(); status != 0 || len(off.lines) != 1 || off.lines[0]["loaded"] != false || len(agent.of("")) != 1 {
		t.Errorf("switched off: exit status %d, %v\n%s", status, off.lines, off.errors.String())
	}
}

// The wheel of make wheel, installed.
func TestPackageWheel(t *testing.T) {
	python, folder := known(t), t.TempDir()
	wheel := exec.Command(python.path, "../../packaging/wheel.py", "1.2.3", built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), built.Program(t, "CMEMPROF_PORTABLE_LIBRARY", "portable/libcmemprof.so"), folder)
	out, err := wheel.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	own := filepath.Join(folder, "own")
	for _, words := range [][]string{
		{python.path, "-m", "venv", own},
		{filepath.Join(own, "bin/python"), "-m", "pip", "install", "--no-index", "--no-deps", "--disable-pip-version-check", strings.TrimSpace(string(out))},
		{filepath.Join(own, "bin/python"), "-m", "pip", "check", "--disable-pip-version-check"},
	} {
		command := exec.Command(words[0], words[1:]...)
		command.Env = built.Environment("PYTHONPATH=", "TMPDIR="+folder)
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", words, err, out)
		}
	}
	agent := newAgent(t)
	for count, before := range [][]string{nil, {filepath.Join(own, "bin/cmemprof-run")}} {
		p := begin(t, filepath.Join(own, "bin/python"), []string{"DD_TRACE_AGENT_URL=" + agent.URL, "PYTHONPATH=", "PATH=/usr/bin:/bin"}, before, "auto")
		line := p.next()
		if status := p.end(); status != 0 || len(agent.of("")) != count+1 {
			t.Fatalf("exit status %d, %d batches\n%s", status, len(agent.of("")), p.errors.String())
		}
		one := agent.of("")[count]
		inBounds(t, "keep_bytes", allocated(t, one.heap, "keep_bytes"), number(line["kept"]))
		if seesC := before != nil; seesC == strings.Contains(one.comments, notSeen) {
			t.Errorf("comments: %s", one.comments)
		}
	}
}

// The package's own tests (../../python/tests).
func TestPackageUnits(t *testing.T) {
	for _, python := range interpreters(t) {
		if tooOld(python) {
			continue
		}
		command := exec.Command(python.path, "-m", "unittest", "discover", "-s", "tests")
		command.Dir = "../../python"
		command.Env = environment(t, t.TempDir())
		if out, err := command.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("\nOK")) {
			t.Errorf("%s: %v\n%s", python.name, err, out)
		}
	}
}
