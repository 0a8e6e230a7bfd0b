package receiver

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// refused sends an upload, which must be answered with 503, Retry-After and the reason.
func (r *receiver) refused(t *testing.T, reason string) {
	t.Helper()
	contentType, body := form("service:shop", attachment{"a.bin", []byte("x")})
	response, err := http.Post(r.url+"/profiling/v1/input", contentType, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text := make([]byte, 200)
	n, _ := response.Body.Read(text)
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" || !strings.Contains(string(text[:n]), reason) {
		t.Errorf("%s %v %s", response.Status, response.Header, text[:n])
	}
}

// taken sends uploads, which must be stored.
func (r *receiver) taken(t *testing.T, uploads int) {
	t.Helper()
	contentType, body := form("service:shop", attachment{"a.bin", []byte("x")})
	for range uploads {
		if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, text, err)
		}
	}
}

// Without uploads/ or incoming/ uploads are refused, lists go on, and a new start makes them again.
func TestDirectoriesRemovedWhileItRuns(t *testing.T) {
	for _, name := range []string{"uploads", "incoming"} {
		data := t.TempDir()
		r := start(t, data, plain(t))
		r.taken(t, 3)
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
			t.Fatal(err)
		}
		r.refused(t, "started again")
		if status, text := r.get(t, "/api/uploads"); status != http.StatusOK || !strings.Contains(string(text), `"total":3`) {
			t.Errorf("%s: %d %s", name, status, text)
		}
		r.stop(t)
		r = start(t, data, plain(t))
		r.taken(t, 1)
		if want, rows := map[string]int{"uploads": 1, "incoming": 4}[name], r.list(t, ""); len(rows) != want {
			t.Errorf("%s: %d uploads", name, len(rows))
		}
		r.stop(t)
	}
}

// An index that is removed is used until the end, and made again from the files at the next start.
func TestIndexRemovedWhileItRuns(t *testing.T) {
	data := t.TempDir()
	r := start(t, data, plain(t))
	r.taken(t, 3)
	for _, name := range []string{"index.sqlite", "index.sqlite-wal", "index.sqlite-shm"} {
		_ = os.Remove(filepath.Join(data, name))
	}
	r.taken(t, 3)
	if rows := r.list(t, ""); len(rows) != 6 {
		t.Errorf("%d uploads", len(rows))
	}
	r.stop(t)
	r = start(t, data, plain(t))
	defer r.stop(t)
	r.taken(t, 1)
	if rows := r.list(t, ""); len(rows) != 7 {
		t.Errorf("%d uploads", len(rows))
	}
}

// What others have put into the data directory is neither taken for an upload nor removed, and a pipe makes nothing wait.
func TestForeignFiles(t *testing.T) {
	data := t.TempDir()
	r := start(t, data, plain(t))
	r.taken(t, 2)
	r.stop(t)
	foreign := []string{"uploads/notes.txt", "uploads/mail/a.eml", "uploads/8/notes.txt", "uploads/9/event.json", "incoming/notes.txt", "notes.txt"}
	for _, name := range foreign {
		path := filepath.Join(data, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if name == "uploads/9/event.json" {
			err = syscall.Mkfifo(path, 0o600)
		} else {
			err = os.WriteFile(path, []byte("foreign"), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// The index is gone too, so that all of uploads/ is read; and a pipe is in the place of an attachment.
	_ = os.Remove(filepath.Join(data, "index.sqlite"))
	stored, err := filepath.Glob(filepath.Join(data, "uploads/1/0-*"))
	if err != nil || len(stored) != 1 {
		t.Fatal(stored, err)
	}
	r = start(t, data, plain(t))
	defer r.stop(t)
	if err := os.Remove(stored[0]); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(stored[0], 0o600); err != nil {
		t.Fatal(err)
	}
	if rows := r.list(t, ""); len(rows) != 2 {
		t.Errorf("%d uploads", len(rows))
	}
	if status, text := r.get(t, "/api/uploads/1/attachments/a.bin"); status != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", status, text)
	}
	r.taken(t, 1)
	for _, name := range foreign {
		if _, err := os.Lstat(filepath.Join(data, name)); err != nil {
			t.Error(err)
		}
	}
}
