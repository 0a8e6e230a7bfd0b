package receiver

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A receiver that reads its index, which takes minutes of a large store, ends when it is told to.
func TestStoppedWhileItStarts(t *testing.T) {
	data := t.TempDir()
	start(t, data, plain(t)).stop(t)
	index, err := os.OpenFile(filepath.Join(data, "index.sqlite"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	// It waits for who has the database locked (its bytes at 1 GiB), but not for ever: on a slow machine it may have ended before the signal comes.
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: 1 << 30, Len: 512}
	if err := syscall.FcntlFlock(index.Fd(), syscall.F_SETLK, &lock); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, sent := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for attempt := 1; ; attempt++ {
			var said bytes.Buffer
			command := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" receiver --data "$1"`, plain(t), data)
			command.Env = append(os.Environ(), "LISTEN_FDS=1")
			command.ExtraFiles = []*os.File{file}
			command.Stdout, command.Stderr = &said, &said
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			response, err := (&http.Client{Timeout: patience}).Get("http://" + listener.Addr().String() + "/readyz") // it has begun
			if err == nil {
				response.Body.Close()
				if response.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("status %d", response.StatusCode)
				}
			}
			_ = command.Process.Signal(sent)
			_ = command.Wait()
			status := command.ProcessState.Sys().(syscall.WaitStatus)
			if status.Signaled() && status.Signal() == sent && said.String() == "cmemprof receiver: stopped while it started\n" {
				break
			}
			if attempt == 3 {
				t.Errorf("%v: %v %s", sent, command.ProcessState, said.String())
				break
			}
		}
	}
}

// Who changed a file and has it reloaded does not believe that it counts from now on.
func TestNothingToReload(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	_ = r.command.Process.Signal(syscall.SIGHUP)
	r.says(t, "SIGHUP: there is neither a certificate nor an access log; options, the files that hold them and tokens are read at the start: restart it\n")
	r.stop(t)
}

// While the last answers are sent, nobody new is let in, who would only have it wait longer.
func TestNobodyNewAtTheEnd(t *testing.T) {
	for range 5 {
		if askAtTheEnd(t) {
			return
		}
	}
	t.Skip("the machine is too slow to ask in the second of the last answers")
}

// askAtTheEnd returns false if the receiver had ended before it was asked.
func askAtTheEnd(t *testing.T) bool {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	contentType, body := form("service:shop", attachment{"big.bin", bytes.Repeat([]byte("x"), 40<<20)})
	if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != 200 {
		t.Fatal(status, text, err)
	}
	dial := func() net.Conn {
		connection, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			return nil
		}
		t.Cleanup(func() { connection.Close() })
		_ = connection.SetDeadline(time.Now().Add(patience))
		return connection
	}
	slow, kept := dial(), dial()
	if slow == nil || kept == nil {
		t.Fatal("it does not listen")
	}
	fmt.Fprint(slow, "GET /api/uploads/1/attachments/big.bin/raw HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if _, err := io.ReadFull(slow, make([]byte, 100)); err != nil { // its answer is being sent, and it takes no more
		t.Fatal(err)
	}
	_ = r.command.Process.Signal(syscall.SIGTERM)
	// Whoever is in hears that it ends.
	for answers := bufio.NewReader(kept); ; {
		fmt.Fprint(kept, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, response.Body)
		if response.StatusCode == http.StatusServiceUnavailable {
			break
		}
	}
	if late := dial(); late != nil {
		fmt.Fprint(late, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if answer, _ := io.ReadAll(late); len(answer) > 0 {
			t.Errorf("one that came late got %s", answer)
		}
	}
	return true
}
