//go:build linux && amd64

// Package filtered holds the tests of processes that are killed when they make a system call that is not in a set: systemd's
// SystemCallFilter=@system-service, which many units of services have.
package filtered

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
)

const patience = 2 * time.Minute // matters only if something is broken

// build runs a compiler. The source is the last of the arguments.
func build(t *testing.T, name, compiler string, arguments ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	arguments = slices.Insert(arguments, len(arguments)-1, "-o", program)
	if out, err := exec.Command(compiler, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func launcher(t *testing.T) string {
	return build(t, "launcher", "gcc", "-Wall", "-Wextra", "-Werror", "launcher/launcher.c")
}

// metrics returns the upload's metrics; nil: it has none.
func metrics(r *http.Request) map[string]float64 {
	_, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	parts := multipart.NewReader(r.Body, parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil
		}
		if part.FileName() == "metrics.json" {
			var pairs [][2]any
			if json.NewDecoder(part).Decode(&pairs) != nil {
				return nil
			}
			values := map[string]float64{}
			for _, pair := range pairs {
				name, _ := pair[0].(string)
				values[name], _ = pair[1].(float64)
			}
			return values
		}
	}
}

// What a forbidden call does to a process, so that the other tests can fail.
func TestForbiddenCallKills(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "mincore.c")
	if err := os.WriteFile(calls, []byte("#include <sys/mman.h>\nint main(void) { unsigned char page; return mincore((void *)4096, 4096, &page) == 7; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program := build(t, "mincore", "gcc", "-D_GNU_SOURCE", calls)
	if out, err := exec.Command(launcher(t), program).CombinedOutput(); err == nil || !strings.Contains(err.Error(), "bad system call") {
		t.Errorf("%v\n%s", err, out)
	}
}

// The whole profiler, with where memory is.
func TestService(t *testing.T) {
	batches := make(chan map[string]float64, 1000)
	agent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { batches <- metrics(r) }))
	defer agent.Close()
	service := exec.Command(launcher(t), build(t, "service", "go", "build", "./program"))
	service.Env = built.Environment("DD_TRACE_AGENT_URL="+agent.URL, "DD_PROFILING_SPOOL_DIR="+t.TempDir(), "DD_TRACE_STARTUP_LOGS=false")
	var out bytes.Buffer
	service.Stdout, service.Stderr = &out, &out
	input, err := service.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- service.Wait() }()
	for range 3 {
		select {
		case values := <-batches:
			if values["memory_rss_bytes"] == 0 || values["memory_incomplete"] != 0 || values["memory_malloc_live_bytes"] == 0 || values["memory_mapped_bytes"] == 0 {
				t.Errorf("%v", values)
			}
		case err := <-ended:
			t.Fatalf("%v\n%s", err, out.String())
		case <-time.After(patience):
			_ = service.Process.Kill()
			t.Fatal("no batch came")
		}
	}
	_ = input.Close()
	if err := <-ended; err != nil || !strings.HasSuffix(out.String(), "done\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// The command and the library that it preloads, with where the program's memory was.
func TestRun(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "profile")
	run := exec.Command(launcher(t), built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "-o", profile, "--", "/bin/sh", "-c", "echo from the program")
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "from the program") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(profile); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A receiver takes an upload, answers questions and ends.
func TestReceiver(t *testing.T) {
	folder := t.TempDir()
	receiver := exec.Command(launcher(t), built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "receiver", "--listen", "127.0.0.1:0",
		"--data", filepath.Join(folder, "data"), "--port-file", filepath.Join(folder, "port"))
	var log bytes.Buffer
	receiver.Stdout, receiver.Stderr = &log, &log
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	address := built.Address(filepath.Join(folder, "port"), patience)
	for _, path := range []string{"/", "/api/uploads", "/api/analysis", "/info"} {
		answer, err := http.Get(address + path)
		if err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
	_ = receiver.Process.Signal(os.Interrupt)
	if err := receiver.Wait(); err != nil {
		t.Errorf("%v\n%s", err, log.String())
	}
}
