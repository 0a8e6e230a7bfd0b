package receiver

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServiceManager does as systemd does: it listens itself, starts the receiver with that socket, and is told when it is ready and when it ends. A
// request that comes before waits.
func TestServiceManager(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "notify")
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notify.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	told := func() string {
		t.Helper()
		var state [500]byte
		_ = notify.SetReadDeadline(time.Now().Add(patience))
		n, err := notify.Read(state[:])
		if err != nil {
			t.Fatal(err)
		}
		return string(state[:n])
	}
	for range 2 { // the socket outlives a receiver, and a request that comes between two waits for the next
		early, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(early, "GET /api/uploads HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		var said bytes.Buffer
		// LISTEN_PID is the process itself: the shell, which becomes the receiver.
		command := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" receiver --data "$1" --webhook "$2" --forward "otlp:$2"`, plain(t),
			filepath.Join(folder, "data"), "http://127.0.0.1:9/")
		command.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=x", "NOTIFY_SOCKET="+path)
		command.ExtraFiles = []*os.File{file}
		command.Stdout, command.Stderr = &said, &said
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if state := told(); state != "READY=1\nSTATUS="+url+"/" {
			_ = command.Process.Kill()
			_ = command.Wait()
			t.Fatalf("told %q: %s", state, said.String())
		}
		_ = early.SetReadDeadline(time.Now().Add(patience))
		if answer, err := io.ReadAll(early); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") {
			t.Errorf("%v %s", err, answer)
		}
		early.Close()
		expectNoneShared(t, command.Process.Pid)
		response, err := http.Get(url + "/api/uploads")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		_ = command.Process.Signal(syscall.SIGTERM)
		if state := told(); state != "STOPPING=1" {
			t.Errorf("told %q", state)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("%v %s", err, said.String())
		}
		if !strings.Contains(said.String(), "cmemprof receiver: "+url+"/ (uploads in ") {
			t.Error(said.String())
		}
	}
	listener.Close()
	file.Close()
}

// expectNoneShared checks that the processes that send have no socket of the receiver: one that listens would take clients that nobody answers.
func expectNoneShared(t *testing.T, receiver int) {
	t.Helper()
	sockets := func(pid int) (names []string) {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, file := range files {
			if name, _ := os.Readlink(file); strings.HasPrefix(name, "socket:") {
				names = append(names, name)
			}
		}
		return names
	}
	own, keepers := sockets(receiver), childrenOf(t, receiver)
	if len(own) < 4 || len(keepers) != 2 { // that listens, to tell, and for each process
		t.Fatalf("sockets %v, processes %v", own, keepers)
	}
	for _, keeper := range keepers {
		for _, process := range append(childrenOf(t, keeper), keeper) {
			for _, name := range sockets(process) {
				if slices.Contains(own, name) {
					t.Errorf("a process that sends has the receiver's %s", name)
				}
			}
		}
	}
}
