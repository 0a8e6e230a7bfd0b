// Package peer builds the programs in v1/ for dd-trace-go v1.43.1, for dd-trace-go v2 and for cmemprof, from the same source, and runs them.
package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Variant is the profiler that a program is built with.
type Variant string

const (
	V1   Variant = "gopkg.in/DataDog/dd-trace-go.v1/profiler"
	V2   Variant = "github.com/DataDog/dd-trace-go/v2/profiler"
	Ours Variant = "github.com/cmemprof/cmemprof/goshim/profiler"
)

// Patience is the longest that any step may take on a busy machine.
const Patience = 60 * time.Second

// Build builds the program. Only the import path of the source differs; for v2 options_v1.go is left out.
func Build(directory string, v Variant) (string, error) {
	root, err := filepath.Abs("..") // tests run in their package's folder
	if err != nil {
		return "", err
	}
	// The same name for all, since it is the default name of the service.
	directory = filepath.Join(directory, map[Variant]string{V1: "v1", V2: "v2", Ours: "ours"}[v])
	if err := os.Mkdir(directory, 0o755); err != nil {
		return "", err
	}
	program := filepath.Join(directory, "program")
	command := exec.Command("go", "build", "-o", program, ".")
	command.Dir = filepath.Join(root, "v1")
	if v != V1 {
		overlay, err := replaced(directory, root, v)
		if err != nil {
			return "", err
		}
		command = exec.Command("go", "build", "-overlay", overlay, "-o", program, "./generated")
		command.Dir = root
	}
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %v\n%s", v, err, out)
	}
	return program, nil
}

// Main builds the programs of these variants, runs the tests and returns the exit status. More tests than usual run in parallel, since they
// mostly wait for the end of a period.
func Main(m *testing.M, programs map[Variant]string, variants ...Variant) int {
	flag.Parse()
	flag.Set("test.parallel", "10")
	directory, err := os.MkdirTemp("", "peer")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(directory)
	for _, v := range variants {
		if programs[v], err = Build(directory, v); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// replaced writes the source with the other import path, and the overlay that makes it Go's package ./generated.
func replaced(directory, root string, v Variant) (string, error) {
	sources, err := filepath.Glob(filepath.Join(root, "v1", "*.go"))
	if err != nil || len(sources) == 0 {
		return "", fmt.Errorf("no source in v1: %v", err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, source := range sources {
		name := filepath.Base(source)
		if v == V2 && name == "options_v1.go" {
			continue
		}
		text, err := os.ReadFile(source)
		if err != nil {
			return "", err
		}
		text = bytes.ReplaceAll(text, []byte(`"`+string(V1)+`"`), []byte(`"`+string(v)+`"`))
		copied := filepath.Join(directory, name)
		if err := os.WriteFile(copied, text, 0o644); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(root, "generated", name)] = copied
	}
	path := filepath.Join(directory, "overlay.json")
	text, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, text, 0o644)
}

// Seen is a program's final output.
type Seen struct {
	StartError    string   `json:"start_error"`
	MutexFraction int      `json:"mutex_fraction"`
	Statsd        []string `json:"statsd"`
	Notes         []string `json:"notes"`
}

// Running is a program that runs until End.
type Running struct {
	command *exec.Cmd
	stdin   io.Closer
	stdout  bytes.Buffer
	stderr  bytes.Buffer
	err     error         // after Done
	Done    chan struct{} // closed when the program has ended, which without End it does only after an error of Start
}

// Start runs one of the programs without this process's DD_ variables.
func Start(t testing.TB, ctx context.Context, program string, environment []string, arguments ...string) *Running {
	t.Helper()
	r := &Running{command: exec.CommandContext(ctx, program, arguments...), Done: make(chan struct{})}
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "DD_") && !strings.Contains(strings.ToUpper(pair[:strings.Index(pair, "=")]), "PROXY") {
			r.command.Env = append(r.command.Env, pair)
		}
	}
	// v2 reports on itself to the Agent unless told not to.
	r.command.Env = append(append(r.command.Env, "DD_INSTRUMENTATION_TELEMETRY_ENABLED=false"), environment...)
	r.command.Stdout, r.command.Stderr = &r.stdout, &r.stderr
	stdin, err := r.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.stdin = stdin
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		r.err = r.command.Wait()
		close(r.Done)
	}()
	return r
}

// Contained returns a command line that runs the program with this file as /proc/self/cgroup, as in a container. It skips the test if
// a process may not have mounts of its own.
func Contained(t testing.TB, cgroups, program string) []string {
	t.Helper()
	if out, err := exec.Command("unshare", "-rm", "true").CombinedOutput(); err != nil {
		t.Skipf("unshare is not permitted here: %s", out)
	}
	file := filepath.Join(t.TempDir(), "cgroup")
	if err := os.WriteFile(file, []byte(cgroups), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{"unshare", "-rm", "sh", "-c", `mount --bind "$0" /proc/$$/cgroup && exec "$@"`, file, program}
}

// End makes the program stop its profiler, waits for it, and returns what it saw and logged.
func (r *Running) End(t testing.TB) (seen Seen, log string) {
	t.Helper()
	r.stdin.Close()
	<-r.Done
	if r.err != nil {
		t.Fatalf("%s: %v\n%s", r.command, r.err, &r.stderr)
	}
	if err := json.Unmarshal(r.stdout.Bytes(), &seen); err != nil {
		t.Fatalf("%s prints %q: %v", r.command, r.stdout.String(), err)
	}
	return seen, r.stderr.String()
}
