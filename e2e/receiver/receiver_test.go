// Package receiver tests the receiver as a program: uploads of real clients, crashes, full disks, damaged files, hostile bodies and slow clients.
//
// CMEMPROF_COMMAND is the program under test (default ../../build/cmemprof), CMEMPROF_SANITIZED_COMMAND the same with the address and
// undefined-behaviour sanitizers (default ../../build/cmemprof-sanitized), which hostile input is given to.
package receiver

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
)

const patience = 2 * time.Minute

func plain(t testing.TB) string { return built.Program(t, "CMEMPROF_COMMAND", "cmemprof") }
func sanitized(t testing.TB) string {
	return built.Program(t, "CMEMPROF_SANITIZED_COMMAND", "cmemprof-sanitized")
}

type receiver struct {
	url, data string
	command   *exec.Cmd
	output    said
}

// said is what a program writes, which may be read meanwhile.
type said struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.String()
}

// says waits until the receiver has said that.
func (r *receiver) says(t testing.TB, text string) {
	t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(r.output.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not say %q: %s", text, r.output.String())
		}
	}
}

// start runs a command line that ends with the receiver's, on a free port. Caller must stop or kill it.
func start(t testing.TB, data string, command ...string) *receiver {
	t.Helper()
	return startWith(t, data, nil, command...)
}

// startWith is start with options for the receiver.
func startWith(t testing.TB, data string, options []string, command ...string) *receiver {
	t.Helper()
	r := &receiver{data: data}
	portFile := filepath.Join(t.TempDir(), "port")
	command = append(command, "receiver", "--listen", "127.0.0.1:0", "--data", data, "--port-file", portFile)
	command = append(command, options...)
	r.command = exec.Command(command[0], command[1:]...)
	r.command.Stdout, r.command.Stderr = &r.output, &r.output
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	if r.url = built.Address(portFile, patience); r.url != "" {
		return r
	}
	r.kill()
	t.Fatalf("the receiver does not listen: %s", r.output.String())
	return nil
}

// stop ends the receiver like a user; it must not report errors.
func (r *receiver) stop(t testing.TB) {
	t.Helper()
	_ = r.command.Process.Signal(syscall.SIGTERM)
	if err := r.command.Wait(); err != nil {
		t.Errorf("receiver: %v\n%s", err, r.output.String())
	}
}

func (r *receiver) kill() {
	_ = r.command.Process.Kill()
	_ = r.command.Wait()
}

func (r *receiver) get(t testing.TB, path string) (int, []byte) {
	t.Helper()
	response, err := http.Get(r.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

type row struct {
	ID                                             int64
	Service, Env, Version, Host, Runtime, Language *string
	Tags                                           []string
	Attachments                                    []struct {
		Name      string
		SizeBytes int64 `json:"size_bytes"`
	}
	Measures map[string]*float64
	Refused  []struct{ Name, Reason string }
}

// list returns all uploads, latest first.
func (r *receiver) list(t testing.TB, parameters string) []row {
	t.Helper()
	var all []row
	for after := ""; ; {
		var page struct {
			Uploads []row
			Next    *string
		}
		status, body := r.get(t, "/api/uploads?limit=1000&sort=received"+after+parameters)
		if err := json.Unmarshal(body, &page); status != http.StatusOK || err != nil {
			t.Fatalf("%d %s %v", status, body, err)
		}
		all = append(all, page.Uploads...)
		if page.Next == nil {
			return all
		}
		after = "&after=" + url.QueryEscape(*page.Next)
	}
}

// form returns an upload of these attachments, sorted by the length of their names to be deterministic.
func form(tags string, attachments ...attachment) (contentType string, body []byte) {
	return formAt(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), tags, attachments...)
}

// formAt is form for a minute that begins then.
func formAt(start time.Time, tags string, attachments ...attachment) (contentType string, body []byte) {
	var out bytes.Buffer
	writer := multipart.NewWriter(&out)
	event, _ := json.Marshal(map[string]any{"start": start.UTC().Format(time.RFC3339), "end": start.Add(time.Minute).UTC().Format(time.RFC3339), "family": "go", "version": "4", "tags_profiler": tags})
	part, _ := writer.CreateFormFile("event", "event.json")
	_, _ = part.Write(event)
	for _, a := range attachments {
		part, _ := writer.CreateFormFile(a.name, a.name)
		_, _ = part.Write(a.content)
	}
	_ = writer.Close()
	return writer.FormDataContentType(), out.Bytes()
}

type attachment struct {
	name    string
	content []byte
}

func (r *receiver) post(client *http.Client, contentType string, body []byte) (status int, text string, err error) {
	response, err := client.Post(r.url+"/profiling/v1/input", contentType, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

// ---- Captures: uploads of real clients ----

type capture struct {
	name, contentType string
	body              []byte
}

func captures(t testing.TB) []capture {
	t.Helper()
	folders, _ := filepath.Glob(filepath.Join("..", "..", "testdata", "captures", "*", "*", "body.bin"))
	if len(folders) < 5 {
		t.Fatalf("%d captures", len(folders))
	}
	var all []capture
	for _, path := range folders {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(filepath.Dir(path), "request.json"))
		if err != nil {
			t.Fatal(err)
		}
		var request struct{ Headers [][2]string }
		if err := json.Unmarshal(text, &request); err != nil {
			t.Fatal(err)
		}
		c := capture{name: filepath.Base(filepath.Dir(filepath.Dir(path))), body: body}
		for _, header := range request.Headers {
			if strings.EqualFold(header[0], "Content-Type") {
				c.contentType = header[1]
			}
		}
		all = append(all, c)
	}
	return all
}
