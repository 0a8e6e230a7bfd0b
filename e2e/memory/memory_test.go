// Package memory tests `cmemprof memory` on programs that know what they have mapped.
package memory

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

const mib = 1 << 20

type entry struct {
	Name        string
	Areas       int
	RSSBytes    int64 `json:"rss_bytes"`
	MappedBytes int64 `json:"mapped_bytes"`
}

type answer struct {
	PID              int
	Program          string
	RSSBytes         int64 `json:"rss_bytes"`
	UnexplainedBytes int64 `json:"unexplained_bytes"`
	Threads          int
	LostThreads      int `json:"lost_threads"`
	Parts            []struct {
		Part     string
		RSSBytes int64 `json:"rss_bytes"`
		Entries  []entry
	}
	ReadsMemory  bool `json:"reads_memory"`
	ReadsPages   bool `json:"reads_pages"`
	Go           bool
	GoHeapByList bool `json:"go_heap_by_list"`
	Complete     bool
}

func (a answer) part(name string) int64 {
	for _, part := range a.Parts {
		if part.Part == name {
			return part.RSSBytes
		}
	}
	return -1
}

// started runs a program until the test ends, and returns when it has said "ready".
func started(t *testing.T, program string, arguments ...string) (pid int, end func()) {
	t.Helper()
	command := exec.Command(program, arguments...)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func() {
		if !ended {
			ended = true
			in.Close()
			command.Process.Kill()
			command.Wait()
		}
	}
	t.Cleanup(end)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return command.Process.Pid, end
}

func cmemprof(t *testing.T, arguments ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, complaints strings.Builder
	command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), arguments...)
	command.Stdout, command.Stderr = &out, &complaints
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), complaints.String(), command.ProcessState.ExitCode()
}

func ask(t *testing.T, pid int) answer {
	t.Helper()
	out, complaints, status := cmemprof(t, "memory", "--json", strconv.Itoa(pid))
	if status != 0 {
		t.Fatalf("status %d: %s", status, complaints)
	}
	var a answer
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	var parts int64
	for _, part := range a.Parts {
		var entries int64
		for _, entry := range part.Entries {
			entries += entry.RSSBytes
		}
		if entries != part.RSSBytes {
			t.Errorf("%s: %d bytes, its entries %d", part.Part, part.RSSBytes, entries)
		}
		parts += part.RSSBytes
	}
	if rollup := rss(t, pid); parts != a.RSSBytes || !within(a.RSSBytes, rollup, 0.01, mib) {
		t.Errorf("parts %d, rss_bytes %d, smaps_rollup %d", parts, a.RSSBytes, rollup)
	}
	if !a.Complete || !a.ReadsMemory || !a.ReadsPages || a.UnexplainedBytes != a.part("unexplained") {
		t.Errorf("not all was looked at: %s", out)
	}
	t.Logf("%s", out)
	return a
}

// rss returns the kernel's own sum.
func rss(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\nRss:")
	var kib int64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

func within(got, want int64, share float64, bytes int64) bool {
	return max(got-want, want-got) <= int64(share*float64(want))+bytes
}

func build(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command.Args, err, out)
	}
	return ""
}

// Each kind alone, and all together. A malloc block has a header, and a size that is a multiple of 16 bytes.
func TestParts(t *testing.T) {
	directory := t.TempDir()
	program := filepath.Join(directory, "parts")
	build(t, "gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program, "program/parts.c")
	kinds := []string{"malloc", "malloc", "malloc", "unexplained", "files", "shared_memory", "thread_stacks"}
	amounts := [][]int64{
		{0, 0, 0, 0, 0, 0, 0}, {60, 0, 0, 0, 0, 0, 0}, {0, 64, 0, 0, 0, 0, 0}, {0, 0, 60, 0, 0, 0, 0}, {0, 0, 0, 60, 0, 0, 0},
		{0, 0, 0, 0, 30, 0, 0}, {0, 0, 0, 0, 0, 60, 0}, {0, 0, 0, 0, 0, 0, 32}, {40, 48, 30, 35, 20, 25, 24},
	}
	for _, amount := range amounts {
		t.Run(strings.Trim(fmt.Sprint(amount), "[]"), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "mapped")
			var arguments []string
			want := map[string]int64{}
			for i, n := range amount {
				arguments = append(arguments, strconv.FormatInt(n, 10))
				want[kinds[i]] += n * mib
			}
			pid, end := started(t, program, append(arguments, file)...)
			a := ask(t, pid)
			end()
			for kind, bytes := range want {
				if got := a.part(kind); !within(got, bytes, 0.02, 5*mib/4) {
					t.Errorf("%s: %d bytes, the program has %d", kind, got, bytes)
				}
			}
			if a.Go || a.part("go_heap") != 0 || a.LostThreads != 0 || a.Program != "parts" {
				t.Errorf("go %v, %d bytes, %d threads lost, %s", a.Go, a.part("go_heap"), a.LostThreads, a.Program)
			}
		})
	}
}

// Go's heap, by its list of arenas or, without a symbol table, by address; with cgo and without; as PIE and not.
func TestGoParts(t *testing.T) {
	builds := map[string]struct {
		environment, arguments []string
		c                      int64
		byList                 bool
	}{
		"cgo":                {nil, nil, 50, true},
		"cgo, stripped":      {nil, []string{"-ldflags=-s -w"}, 50, false},
		"cgo, PIE":           {nil, []string{"-buildmode=pie"}, 50, true},
		"pure":               {[]string{"CGO_ENABLED=0"}, nil, 0, true},
		"pure, stripped":     {[]string{"CGO_ENABLED=0"}, []string{"-ldflags=-s -w"}, 0, false},
		"cgo, oldest Go":     {[]string{"GOTOOLCHAIN=go1.25.0"}, nil, 50, true},
		"stripped oldest Go": {[]string{"GOTOOLCHAIN=go1.25.0"}, []string{"-ldflags=-s -w"}, 50, false},
	}
	for name, b := range builds {
		t.Run(name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "goprogram")
			command := exec.Command("go", append(append([]string{"build", "-o", program}, b.arguments...), "./goprogram")...)
			command.Env = append(os.Environ(), b.environment...)
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			pid, end := started(t, program, "80", "30", strconv.FormatInt(b.c, 10))
			a := ask(t, pid)
			end()
			// Objects, and the used part of goroutine stacks.
			if got, want := a.part("go_heap"), int64(80*mib+30*900*1024); got < want || !within(got, want, 0.1, 0) {
				t.Errorf("Go's heap: %d bytes, the program has %d", got, want)
			}
			if got := a.part("malloc"); b.c != 0 && !within(got, b.c*mib, 0.03, mib) {
				t.Errorf("malloc: %d bytes", got)
			}
			if !a.Go || a.GoHeapByList != b.byList || a.UnexplainedBytes > 12*mib {
				t.Errorf("go %v, by its list %v, unexplained %d", a.Go, a.GoHeapByList, a.UnexplainedBytes)
			}
		})
	}
}

func TestTableAndWatch(t *testing.T) {
	program := filepath.Join(t.TempDir(), "parts")
	build(t, "gcc", "-O1", "-pthread", "-o", program, "program/parts.c")
	pid, end := started(t, program, "20", "0", "0", "0", "0", "30", "8", filepath.Join(t.TempDir(), "mapped"))
	out, complaints, status := cmemprof(t, "memory", strconv.Itoa(pid))
	for _, want := range []string{"parts (PID " + strconv.Itoa(pid) + "): ", "C heap (glibc's malloc)", "heap (break)", "shared memory",
		"/memfd:segment (deleted)", "worker (8 areas", "unexplained"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	if status != 0 || complaints != "" {
		t.Errorf("status %d: %s", status, complaints)
	}
	t.Log(out)

	watch := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "memory", "--watch", "20ms", "--json", strconv.Itoa(pid))
	lines, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(lines)
	for range 3 {
		if line, err := reader.ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"pid":`) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	end()
	if _, err := io.Copy(io.Discard, reader); err != nil {
		t.Fatal(err)
	}
	if err := watch.Wait(); err != nil { // the process's end is not a failure
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		arguments []string
		status    int
		says      string
	}{
		{[]string{}, 2, "which process?"},
		{[]string{"1", "2"}, 2, "one PID at a time"},
		{[]string{"nginx"}, 2, "nginx is not a PID"},
		{[]string{"-1"}, 2, "-1"},
		{[]string{"--watch", "soon", "1"}, 2, "not a time like 2s"},
		{[]string{"--watch", "1e9", "1"}, 2, "not a time like 2s"},
		{[]string{"--names", "0", "1"}, 2, "--names 0"},
		{[]string{"--jsn", "1"}, 2, "jsn"},
		{[]string{"2147483646"}, 1, "no such process"},
	} {
		out, complaints, status := cmemprof(t, append([]string{"memory"}, c.arguments...)...)
		if status != c.status || out != "" || !strings.Contains(complaints, c.says) {
			t.Errorf("%v: status %d, %q, %q", c.arguments, status, out, complaints)
		}
	}
	// Another user's process.
	if os.Getuid() != 0 {
		return
	}
	command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "memory", strconv.Itoa(os.Getpid()))
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := command.CombinedOutput()
	if errors.Is(err, syscall.EACCES) || errors.Is(err, os.ErrPermission) {
		t.Skip("the tree is not readable for others")
	}
	if err == nil || !strings.Contains(string(out), "not permitted: it is another user's process") {
		t.Errorf("%v: %s", err, out)
	}
}
