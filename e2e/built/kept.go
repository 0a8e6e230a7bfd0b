package built

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Kept is a receiver that is killed and started again with the same address and directory.
type Kept struct {
	URL     string
	t       testing.TB
	folder  string
	options []string
	command *exec.Cmd
	output  bytes.Buffer
}

// FreeAddress is one of loopback where nothing listened a moment ago.
func FreeAddress(t testing.TB) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = free.Close()
	return free.Addr().String()
}

// Keep starts one with further options. It ends with the test.
func Keep(t testing.TB, options ...string) *Kept {
	t.Helper()
	address := FreeAddress(t)
	k := &Kept{URL: "http://" + address, t: t, folder: t.TempDir()}
	k.options = append([]string{"receiver", "--listen", address, "--data", filepath.Join(k.folder, "data"), "--port-file", filepath.Join(k.folder, "port")}, options...)
	k.start()
	t.Cleanup(func() {
		_ = k.command.Process.Signal(syscall.SIGTERM)
		if err := k.command.Wait(); err != nil {
			t.Errorf("receiver: %v\n%s", err, k.output.String())
		}
		if t.Failed() {
			t.Logf("receiver:\n%s", k.output.String())
		}
	})
	return k
}

func (k *Kept) start() {
	k.t.Helper()
	_ = os.Remove(filepath.Join(k.folder, "port"))
	k.command = exec.Command(Program(k.t, "CMEMPROF_COMMAND", "cmemprof"), k.options...)
	k.command.Stdout, k.command.Stderr = &k.output, &k.output
	if err := k.command.Start(); err != nil {
		k.t.Fatal(err)
	}
	if Address(filepath.Join(k.folder, "port"), time.Minute) == "" {
		k.t.Fatal("the receiver does not listen")
	}
}

// Restart kills it, and starts it again.
func (k *Kept) Restart() {
	k.t.Helper()
	_ = k.command.Process.Kill()
	_ = k.command.Wait()
	k.start()
}

// Import stores a file as an upload, with parameters of /api/import ("service=shop&name=heap.pprof").
func (k *Kept) Import(parameters string, file []byte) {
	k.t.Helper()
	response, err := http.Post(k.URL+"/api/import?"+parameters, "application/octet-stream", bytes.NewReader(file))
	if err != nil {
		k.t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		k.t.Fatalf("import: %s", response.Status)
	}
}
