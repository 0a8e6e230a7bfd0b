package ways

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// What a program's service is can be read from outside, with the id that its batches have; also when another program takes its place.
func TestRunPublishesTheService(t *testing.T) {
	a := &agent{t: t}
	server := httptest.NewServer(http.HandlerFunc(a.ServeHTTP))
	defer server.Close()
	// sh becomes the program by exec.
	c := runCommand(t, "--rate", "1", "--period", "200ms", "--agent", server.URL, "--service", "a,b", "sh", "-c", `exec "$0" wait`, compileSites(t))
	c.Env = append(c.Env, "DD_ENV=test", "DD_VERSION=7")
	started(t, c)
	waitUntil(t, "a batch came", func() bool { return a.count() >= 1 })
	pid := 0
	a.Lock()
	for _, tag := range strings.Split(a.batches[len(a.batches)-1].event.Tags, ",") {
		_, _ = fmt.Sscanf(tag, "process_id:%d", &pid)
	}
	a.Unlock()
	output, err := exec.Command(built(t, "cmemprof"), "memory", fmt.Sprint(pid)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	_ = c.Process.Signal(syscall.SIGTERM)
	_ = c.Wait()
	a.Lock()
	defer a.Unlock()
	id := ""
	for _, b := range a.batches {
		for _, tag := range strings.Split(b.event.Tags, ",") {
			if value, ok := strings.CutPrefix(tag, "runtime-id:"); ok && strings.Contains(string(output), value) {
				id = value
			}
		}
	}
	for _, want := range []string{"a,b", "test", "7"} {
		if !strings.Contains(string(output), want) {
			t.Errorf("no %s in\n%s", want, output)
		}
	}
	if id == "" {
		t.Errorf("no id of a batch in\n%s", output)
	}
}

// A child of fork has no context; with the switch there is none at all, and no variable is left in the program's environment.
func TestRunContextIsTheProcesssOwn(t *testing.T) {
	script := `grep -c OTEL_CTX /proc/$$/maps; (sh -c 'grep -c OTEL_CTX /proc/$$/maps; env | grep -c ^CMEMPROF_'; true)`
	for _, c := range []struct{ variable, want string }{{"X=1", "1 0 0"}, {"DD_PROFILING_CMEMPROF_PROCESS_CONTEXT=false", "0 0 0"}} {
		command := runCommand(t, "-o", t.TempDir()+"/x.pprof", "sh", "-c", script)
		command.Env = append(command.Env, c.variable)
		output, _ := command.Output()
		if got := strings.Join(strings.Fields(string(output)), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.variable, got, c.want)
		}
	}
}
