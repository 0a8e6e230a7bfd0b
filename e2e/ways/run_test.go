package ways

import (
	"bufio"
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/loader"
	"github.com/cmemprof/cmemprof/e2e/profiles"
	"github.com/google/pprof/profile"
)

// runCommand is `cmemprof run` in a new folder, where default output files go.
func runCommand(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(built(t, "cmemprof"), append([]string{"run"}, arguments...)...)
	c.Dir = t.TempDir()
	temporary := t.TempDir()
	c.Env = append(os.Environ(), "TMPDIR="+temporary)
	t.Cleanup(func() {
		if left := glob(t, temporary, "*"); len(left) > 0 && !t.Failed() {
			t.Errorf("left behind: %v", left)
		}
	})
	return c
}

func onlyProfile(t *testing.T, c *exec.Cmd) *profile.Profile {
	t.Helper()
	return profiles.Read(t, readOnly(t, c.Dir, "*.pprof"))
}

func TestRunWritesAProfile(t *testing.T) {
	sites := compileSites(t)
	c := runCommand(t, "--rate", "1", "--", sites, "exit")
	output, status := run(t, c)
	if status != 5 || !strings.Contains(output, "5.00 MB in use at the end") {
		t.Errorf("status %d, output %s", status, output)
	}
	if !regexp.MustCompile(`/cmemprof\.sites\.\d+\.pprof$`).MatchString(readOnly(t, c.Dir, "*.pprof")) {
		t.Errorf("its name is %s", readOnly(t, c.Dir, "*.pprof"))
	}
	checkSites(t, onlyProfile(t, c), 1)

	c = runCommand(t, "-o", "named.pprof", "--rate", "1", sites, "_exit")
	if _, status := run(t, c); status != 5 {
		t.Errorf("status %d", status)
	}
	checkSites(t, profiles.Read(t, filepath.Join(c.Dir, "named.pprof")), 1)
}

// TestRunNamesThePeak: the peak of a program that has freed everything by its end.
func TestRunNamesThePeak(t *testing.T) {
	program := compile(t, "gcc", filepath.Join("programs", "peak.c"), "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g")
	c := runCommand(t, "-o", "out.pprof", "--rate", "1", "--signal", "USR2", "--", program, "out.pprof.1")
	output, status := run(t, c)
	if status != 0 || !strings.Contains(output, "out.pprof: 0 B in use at the end") ||
		!regexp.MustCompile(`out\.pprof\.peak: peak of 30\.0 MB in use after [0-9.]+ s: 20\.0 MB build_table, 10\.0 MB read_input`).MatchString(output) {
		t.Errorf("status %d, output %s", status, output)
	}
	peak := profiles.Read(t, filepath.Join(c.Dir, "out.pprof.peak"))
	sums := map[string]int64{}
	for _, s := range peak.Sample {
		sums[s.Location[0].Line[0].Function.Name] += s.Value[3]
	}
	if sums["build_table"] != 20000000 || sums["read_input"] != 10000000 || peak.SampleType[3].Type != "peak_space" {
		t.Errorf("%v, types %v", sums, peak.SampleType)
	}
}

// TestRunTellsWhereMemoryIs: the memory profile of a program at its end, as a file and in a line.
func TestRunTellsWhereMemoryIs(t *testing.T) {
	program := compile(t, "gcc", filepath.Join("programs", "resident.c"), "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-pthread")
	c := runCommand(t, "-o", "out.pprof", "--", program)
	output, status := run(t, c)
	if status != 0 || !regexp.MustCompile(`out\.pprof\.memory: [0-9.]+ MB resident: 31\.[0-9]+ MB C heap, live, 2[01]\.[0-9]+ MB memory mapped by C, `).MatchString(output) {
		t.Errorf("status %d, output %s", status, output)
	}
	sums, threads := map[string]int64{}, int64(0)
	for _, s := range profiles.Read(t, filepath.Join(c.Dir, "out.pprof.memory")).Sample {
		for _, function := range []string{"map_memory", "make_threads"} {
			if hasFunction(s, function) {
				sums[function] += s.Value[0]
			}
		}
		if n := s.NumLabel["threads"]; hasFunction(s, "make_threads") && len(n) == 1 {
			threads += n[0]
		}
	}
	if mapped, stacks := sums["map_memory"], sums["make_threads"]; mapped != 20<<20 || threads != 20 || stacks < 20*200000 || stacks > 20*240000 {
		t.Errorf("%v, %d threads", sums, threads)
	}
}

func TestRunTellsWhyNot(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sites := compileSites(t)
	static := compile(t, "gcc", filepath.Join("programs", "sites.c"), "-std=gnu11", "-D_GNU_SOURCE", "-pthread", "-static")
	elf32 := write("elf32", "\x7fELF\x01\x01\x01"+strings.Repeat("\x00", 100), 0o755)
	own, other := "amd64", elf.EM_AARCH64
	if openELF(t, sites).Machine == other {
		own, other = "arm64", elf.EM_X86_64
	}
	another := write("another", "\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 9)+"\x02\x00"+string([]byte{byte(other), 0})+strings.Repeat("\x00", 100), 0o755)
	data, err := os.ReadFile(sites)
	if err != nil {
		t.Fatal(err)
	}
	foreign := write("foreign", string(data), 0o755|os.ModeSetuid)
	if err := os.Chown(foreign, 65534, -1); err == nil { // only root can; chown takes the bit away
		_ = os.Chmod(foreign, 0o755|os.ModeSetuid)
	} else {
		foreign = ""
	}
	for _, c := range []struct {
		what, program, text string
		status              int
	}{
		{"static", static, "statically linked", 125},
		{"setuid", foreign, "runs with another user's rights (setuid)", 125},
		{"32 bit", elf32, "is a 32-bit program", 125},
		{"another machine", another, "is not for " + own, 125},
		{"damaged", write("damaged", string(data[:80]), 0o755), "damaged", 125},
		{"no format", write("text", "echo hello\n", 0o755), "neither a program (ELF) nor a script", 125},
		{"not executable", write("plain", string(data), 0o644), "not an executable file", 126},
		{"missing", filepath.Join(folder, "missing"), "No such file", 127},
		{"not on the PATH", "no-such-program-anywhere", "on the PATH", 127},
	} {
		t.Run(c.what, func(t *testing.T) {
			if c.program == "" {
				t.Skip("only root can make a program of another user")
			}
			command := runCommand(t, c.program, "exit")
			output, status := run(t, command)
			if status != c.status || !strings.Contains(output, c.text) || strings.Count(output, "\n") != 1 {
				t.Errorf("status %d, output %q", status, output)
			}
			if files := glob(t, command.Dir, "*"); len(files) > 0 {
				t.Errorf("it ran: %v", files)
			}
		})
	}
}

// TestRunLoader: a program that is started through the loader is profiled like any other; the loader is not mistaken for a static program.
func TestRunLoader(t *testing.T) {
	sites := compileSites(t)
	loader := loaderOf(t, sites)
	for _, arguments := range [][]string{{}, {"--inhibit-cache", "--argv0", "another-name"}} {
		c := runCommand(t, append(append([]string{"--rate", "1", loader}, arguments...), sites, "exit")...)
		if output, status := run(t, c); status != 5 || !strings.Contains(output, "5.00 MB in use at the end") {
			t.Errorf("%v: status %d, output %s", arguments, status, output)
		}
		if name := filepath.Base(readOnly(t, c.Dir, "*.pprof")); !strings.HasPrefix(name, "cmemprof.sites.") {
			t.Errorf("%v: the profile is %s", arguments, name)
		}
		checkSites(t, onlyProfile(t, c), 1)
	}
	static := compile(t, "gcc", filepath.Join("programs", "sites.c"), "-std=gnu11", "-D_GNU_SOURCE", "-pthread", "-static")
	for _, c := range []struct {
		arguments []string
		text      string
		status    int
	}{
		{[]string{static}, static + " is statically linked", 125},
		{[]string{"/dev/null"}, "/dev/null is not a program", 125},
		{[]string{"/nonexistent/program"}, "/nonexistent/program: No such file", 127},
		{[]string{"--list", sites}, "is the loader, and its arguments name no program", 125},
		{[]string{"--argv0"}, "is the loader, and its arguments name no program", 125},
		{nil, "is the loader, and its arguments name no program", 125},
	} {
		output, status := run(t, runCommand(t, append([]string{loader}, c.arguments...)...))
		if status != c.status || !strings.Contains(output, c.text) || strings.Count(output, "\n") != 1 {
			t.Errorf("%v: status %d, output %q", c.arguments, status, output)
		}
	}
}

// TestRunBackground: a child that continues is not profiled, which is reported, whether the parent leaves a profile or not.
func TestRunBackground(t *testing.T) {
	sites := compileSites(t)
	for _, c := range []struct {
		way              string
		status, profiles int
	}{{"daemon", 0, 0}, {"background", 5, 1}} {
		command := runCommand(t, "--rate", "1", sites, c.way)
		output, status := runWithInput(t, command)
		if status != c.status || !regexp.MustCompile(`sites: continues in the background as process \d+, which is not profiled`).MatchString(output) ||
			strings.Contains(output, "wrote no profile") {
			t.Errorf("%s: status %d\n%s", c.way, status, output)
		}
		if files := glob(t, command.Dir, "*.pprof"); len(files) != c.profiles {
			t.Errorf("%s: profiles %v", c.way, files)
		}
	}
	command := runCommand(t, "--rate", "1", "--follow-children", sites, "background")
	output, status := runUntil(t, command, "it started", func() bool { return true })
	if status != 5 || strings.Contains(output, "background as process") || !strings.Contains(output, "of 2 processes") {
		t.Errorf("followed: status %d\n%s", status, output)
	}
}

// TestRunOwnMalloc: nothing can be sampled, which is reported; the program is not affected, and its status is kept.
func TestRunOwnMalloc(t *testing.T) {
	program := compile(t, "gcc", filepath.Join("programs", "own_malloc.c"), "-std=gnu11", "-fno-builtin")
	command := runCommand(t, program)
	output, status := run(t, command)
	if status != 0 || !strings.Contains(output, "ran\n") || strings.Count(output, "\n") != 2 ||
		!regexp.MustCompile(`own_malloc: nothing of process \d+ was sampled: .*it has one of its own`).MatchString(output) {
		t.Errorf("status %d\n%s", status, output)
	}
	if files := glob(t, command.Dir, "*"); len(files) > 0 {
		t.Errorf("profiles of nothing: %v", files)
	}
	// Without space for the reason, it is still not reported as a missing profile.
	c := runCommand(t, program)
	c.Args = append([]string{"sh", "-c", `{ (ulimit -f 0; exec "$@") 2>&1; } | cat`, "sh"}, c.Args...)
	c.Path = "/bin/sh"
	if output, _ := run(t, c); !strings.Contains(output, "was sampled: no space for the reason in the temporary directory") {
		t.Errorf("without room: %s", output)
	}
}

func TestRunUsage(t *testing.T) {
	for _, c := range []struct{ arguments, text string }{
		{"", "which program?"},
		{"--rate 0 true", "--rate takes"},
		{"--rate 1X true", "--rate takes"},
		{"--period 1ms true", "--period takes"},
		{"--signal KILL true", "--signal takes"},
		{"--signal NOSUCH true", "--signal takes"},
		{"--agent ftp://x true", "--agent takes"},
		{"--agent http://x -o y true", "exclude each other"},
		{"-o /no/such/folder/x true", "No such file or directory"},
		{"-o - true", "standard output is the program's"},
	} {
		output, status := run(t, runCommand(t, strings.Fields(c.arguments)...))
		if status != 125 || !strings.Contains(output, c.text) {
			t.Errorf("%s: status %d, output %q", c.arguments, status, output)
		}
	}
	if output, status := run(t, runCommand(t, "--help")); status != 0 || !strings.Contains(output, "--follow-children") {
		t.Errorf("--help: status %d\n%s", status, output)
	}
}

// started runs the command until the program is ready for signals.
func started(t *testing.T, c *exec.Cmd) *strings.Builder {
	t.Helper()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	c.Stderr = &text
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q, %v\n%s", line, err, text.String())
	}
	return &text
}

// runUntil ends the program's standard input once the condition is true, and returns the result of run.
func runUntil(t *testing.T, c *exec.Cmd, what string, done func() bool) (output string, status int) {
	t.Helper()
	input, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	c.Stdout, c.Stderr = &text, &text
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	waitUntil(t, what, done)
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	return text.String(), c.ProcessState.ExitCode()
}

// runWithInput is run with a standard input that ends after the command, for processes that outlive it.
func runWithInput(t *testing.T, c *exec.Cmd) (output string, status int) {
	t.Helper()
	if _, err := c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	return run(t, c)
}

// heeded restores the signal's default disposition for started programs, also if nohup or a shell's & made the test ignore it.
func heeded(t *testing.T, s syscall.Signal) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, s)
	t.Cleanup(func() { signal.Stop(caught) })
}

// TestRunHandsSignalsOn: a signal whose default ends the program ends it by that signal, with a profile; the program handles others itself.
func TestRunHandsSignalsOn(t *testing.T) {
	sites := compileSites(t)
	for _, c := range []struct {
		name, way string
		signal    syscall.Signal
		status    int
	}{
		{"TERM", "wait", syscall.SIGTERM, 128 + 15},
		{"INT", "wait", syscall.SIGINT, 128 + 2},
		{"HUP", "wait", syscall.SIGHUP, 128 + 1},
		{"handled", "handle", syscall.SIGTERM, 6},
		{"handled if nobody else does", "handle-politely", syscall.SIGTERM, 6},
		{"in a system call", "interrupted", syscall.SIGTERM, 128 + 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			command := runCommand(t, "--rate", "1", sites, c.way)
			heeded(t, c.signal)
			text := started(t, command)
			_ = command.Process.Signal(c.signal)
			_ = command.Wait()
			if status := command.ProcessState.ExitCode(); status != c.status {
				t.Errorf("status %d, not %d\n%s", status, c.status, text.String())
			}
			if _, err := os.Stat(filepath.Join(command.Dir, "went-on")); err == nil {
				t.Error("the program went on after the signal that ended it")
			}
			checkSites(t, onlyProfile(t, command), 1)
		})
	}
}

// TestRunPython: Python raises KeyboardInterrupt only if SIGINT had its default disposition at the start.
func TestRunPython(t *testing.T) {
	const script = `
import time
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    raise SystemExit(7)`
	command := runCommand(t, "/usr/bin/python3", "-c", script)
	heeded(t, syscall.SIGINT)
	text := started(t, command)
	_ = command.Process.Signal(syscall.SIGINT)
	_ = command.Wait()
	if status := command.ProcessState.ExitCode(); status != 7 {
		t.Errorf("status %d\n%s", status, text.String())
	}
}

// TestRunKilled: a crash leaves no profile, which is reported.
func TestRunKilled(t *testing.T) {
	command := runCommand(t, "--rate", "1", compileSites(t), "abort")
	output, status := run(t, command)
	if status != 128+6 || !strings.Contains(output, "crashed (Aborted) before it could write a profile") {
		t.Errorf("status %d, output %s", status, output)
	}
}

func TestRunSignalProfiles(t *testing.T) {
	command := runCommand(t, "--rate", "1", "--signal", "usr2", "-o", "x.pprof", compileSites(t), "wait")
	started(t, command)
	for i := 1; i <= 2; i++ {
		_ = command.Process.Signal(syscall.SIGUSR2)
		path := filepath.Join(command.Dir, "x.pprof."+strconv.Itoa(i))
		waitUntil(t, path+" is there", func() bool { _, err := os.Stat(path); return err == nil })
		checkSites(t, profiles.Read(t, path), 1)
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	_ = command.Wait()
	checkSites(t, profiles.Read(t, filepath.Join(command.Dir, "x.pprof")), 1)
}

// TestRunPeriod: the file exists while the program runs, and stays if it is killed.
func TestRunPeriod(t *testing.T) {
	command := runCommand(t, "--rate", "1", "--period", "100ms", "-o", "x.pprof", compileSites(t), "wait")
	text := started(t, command)
	path := filepath.Join(command.Dir, "x.pprof")
	waitUntil(t, path+" is there", func() bool { _, err := os.Stat(path); return err == nil })
	checkSites(t, profiles.Read(t, path), 1)
	children, err := os.ReadFile("/proc/" + strconv.Itoa(command.Process.Pid) + "/task/" + strconv.Itoa(command.Process.Pid) + "/children")
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(child, syscall.SIGKILL)
	_ = command.Wait()
	if status := command.ProcessState.ExitCode(); status != 128+9 {
		t.Errorf("status %d\n%s", status, text.String())
	}
	checkSites(t, profiles.Read(t, path), 1)
}

// TestRunChildren: without --follow-children a child finds nothing in its environment and writes nothing; with it, it is in the profile.
func TestRunChildren(t *testing.T) {
	sites := compileSites(t)
	c := runCommand(t, "--rate", "1", sites, "child")
	c.Env = append(c.Env, "LD_PRELOAD=libdl.so.2") // somebody else's stays
	output, status := run(t, c)
	output = strings.Replace(output, "CMEMPROF_EMULATED=inside\n", "", 1) // whoever runs the test
	if status != 5 || strings.Contains(output, "CMEMPROF_") || !strings.Contains(output, "LD_PRELOAD=libdl.so.2\n") {
		t.Errorf("status %d, or traces in the child's environment: %v", status, regexp.MustCompile("(?m)^(CMEMPROF_|LD_).*").FindAllString(output, -1))
	}
	checkSites(t, onlyProfile(t, c), 1)

	for _, way := range []string{"fork", "fork_"} {
		c = runCommand(t, "--rate", "1", sites, way)
		if output, status := run(t, c); status != 5 {
			t.Errorf("%s: status %d\n%s", way, status, output)
		}
		p := onlyProfile(t, c)
		checkSites(t, p, 1)
		if got := siteOf(p, "site_child"); got != (site{}) {
			t.Errorf("%s: the child's allocations are in the profile: %+v", way, got)
		}
	}

	c = runCommand(t, "--rate", "1", "--follow-children", sites, "fork")
	output, status = run(t, c)
	if status != 5 || !strings.Contains(output, "of 2 processes") {
		t.Errorf("status %d\n%s", status, output)
	}
	p := onlyProfile(t, c)
	if got, want := siteOf(p, "site_child"), (site{1, 77777, 1, 77777}); got != want {
		t.Errorf("site_child: %+v, not %+v", got, want)
	}
	if got, want := siteOf(p, "site_alive").inuseBytes, int64(2*aliveBytes); got != want { // in both
		t.Errorf("site_alive: %d, not %d", got, want)
	}
}

// TestRunGoExits: however a Go program ends, its last profile is of that moment, and its status is its own. Memory of Go's runtime is not C's, even
// if nothing in the program has a name.
func TestRunGoExits(t *testing.T) {
	folder := t.TempDir()
	for _, build := range [][]string{nil, {"-ldflags=-s -w"}, {"-buildmode=pie"}} {
		program := filepath.Join(folder, "goprogram")
		mustRun(t, exec.Command("go", append(append([]string{"build", "-o", program}, build...), "./goprogram")...))
		for way, want := range map[string]int{"return": 0, "exit": 7, "goexit": 7, "panic": 2, "fatal": 2, "many": 7} {
			c := runCommand(t, "--rate", "1", "-o", "x.pprof", program, way)
			output, status := run(t, c)
			if status != want {
				t.Errorf("%v %s: status %d, not %d\n%s", build, way, status, want, output)
				continue
			}
			var inUse int64
			for _, sample := range profiles.Read(t, filepath.Join(c.Dir, "x.pprof")).Sample {
				inUse += sample.Value[3]
			}
			if inUse < aliveBytes || inUse > aliveBytes+10<<20 {
				t.Errorf("%v %s: %d bytes in use, of which the program has %d\n%s", build, way, inUse, aliveBytes, output)
			}
		}
	}
}

// TestRunFollowsExec: a process that execs another program is still profiled.
func TestRunFollowsExec(t *testing.T) {
	sites := compileSites(t)
	for _, way := range []string{"execl", "execle", "execv", "execve", "execvp"} {
		c := runCommand(t, "--rate", "1", sites, way, sites, "exit")
		if output, status := run(t, c); status != 5 {
			t.Errorf("%s: status %d\n%s", way, status, output)
		}
		checkSites(t, onlyProfile(t, c), 1)
	}
	script := filepath.Join(t.TempDir(), "start")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec "+sites+" exit\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := runCommand(t, "--rate", "1", script)
	if output, status := run(t, c); status != 5 || !strings.Contains(output, "a script: /bin/sh is profiled") {
		t.Errorf("status %d\n%s", status, output)
	}
	checkSites(t, onlyProfile(t, c), 1)
}

// TestRunGo: Go's runtime walks past the environment to the auxiliary vector, whose entries are pairs of words, so the number of removed variables
// must not matter: LD_PRELOAD stays if it has other entries, so the number is odd once and even once.
func TestRunGo(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "goprogram")
	mustRun(t, exec.Command("go", "build", "-o", program, "./goprogram"))
	for _, more := range []string{"UNRELATED=1", "LD_PRELOAD=libm.so.6"} {
		c := runCommand(t, "--rate", "1", "-o", "x.pprof", program)
		c.Env = append(c.Env, more)
		output, status := run(t, c)
		if status != 0 || !strings.Contains(output, "stacks end where Go begins") || !strings.Contains(output, "\ndone\n") ||
			regexp.MustCompile("(?m)^(CMEMPROF_|LD_PRELOAD=)").MatchString(output) {
			t.Errorf("%s: status %d\n%s", more, status, output)
		}
		if got, want := siteOf(profiles.Read(t, filepath.Join(c.Dir, "x.pprof")), "site_alive"), (site{500, aliveBytes, 500, aliveBytes}); got != want {
			t.Errorf("%s: %+v, not %+v", more, got, want)
		}
	}
	for _, more := range [][]string{nil, {"CMEMPROF_RATE=1"}} {
		c := exec.Command(program)
		c.Env = append(append(os.Environ(), "CMEMPROF_DIRECTORY="+folder, "LD_PRELOAD="+loader.Preloadable(t, built(t, "libcmemprof.so"))), more...)
		if output, status := run(t, c); status != 0 || output != "done\n" {
			t.Errorf("%v by hand: status %d\n%s", more, status, output)
		}
	}
}

// TestRunDiskFull: the program runs on, the failure is reported, and nothing is lost.
func TestRunDiskFull(t *testing.T) {
	c := runCommand(t, "--rate", "1", "-o", "/dev/full", "sh", "-c", "exit 0")
	temporary := t.TempDir()
	c.Env = append(c.Env, "TMPDIR="+temporary)
	output, status := run(t, c)
	if status != 125 || !strings.Contains(output, "No space left on device") || !strings.Contains(output, "are still in "+temporary) {
		t.Errorf("status %d\n%s", status, output)
	}
	if kept := glob(t, temporary, "*/*.pb"); len(kept) != 1 {
		t.Errorf("kept %v", kept)
	}
}

// TestRunNoRoomForTheProfile: the program can write neither its profile nor the reason.
func TestRunNoRoomForTheProfile(t *testing.T) {
	c := runCommand(t, "sh", "-c", "exit 0")
	// Its output goes through a pipe, since there is no space for that either.
	c.Args = append([]string{"sh", "-c", `{ (ulimit -f 0; exec "$@") 2>&1; echo "status $?"; } | cat`, "sh"}, c.Args...)
	c.Path = "/bin/sh"
	output, status := run(t, c)
	if !strings.Contains(output, "status 125\n") || !strings.Contains(output, "no space for its profile") || strings.Contains(output, "direct system call") {
		t.Errorf("status %d\n%s", status, output)
	}
}

// TestRunFromAPathWithSpaces: the loader treats spaces in LD_PRELOAD as separators.
func TestRunFromAPathWithSpaces(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a folder: with spaces")
	for _, name := range []string{"cmemprof", "libcmemprof.so"} {
		data, err := os.ReadFile(built(t, name))
		if err == nil {
			_ = os.MkdirAll(folder, 0o755)
			err = os.WriteFile(filepath.Join(folder, name), data, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c := runCommand(t, "--rate", "1", compileSites(t), "exit")
	c.Path = filepath.Join(folder, "cmemprof")
	if output, status := run(t, c); status != 5 {
		t.Errorf("status %d\n%s", status, output)
	}
	checkSites(t, onlyProfile(t, c), 1)
}
