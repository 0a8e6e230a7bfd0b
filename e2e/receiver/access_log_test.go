package receiver

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lines waits until a log has as many lines, and parses them.
func lines(t *testing.T, read func() string, count int) []map[string]any {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		text := read()
		if strings.Count(text, "\n") < count {
			if time.Now().After(end) {
				t.Fatalf("fewer than %d lines: %s", count, text)
			}
			continue
		}
		var all []map[string]any
		for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			var one map[string]any
			if err := json.Unmarshal([]byte(line), &one); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			all = append(all, one)
		}
		return all
	}
}

// Confined, as by default: the receiver makes the file anew after a rename.
func TestAccessLog(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "access.log")
	r := startWith(t, t.TempDir(), []string{"--access-log", path}, plain(t))
	defer r.stop(t)
	read := func() string { text, _ := os.ReadFile(path); return string(text) }
	contentType, upload := form("service:shop", attachment{"a.bin", []byte("content")})
	if status, text, err := r.post(http.DefaultClient, contentType, upload); err != nil || status != 200 {
		t.Fatal(status, text, err)
	}
	r.get(t, "/api/uploads?limit=3")
	of := map[string]map[string]any{} // by path: two connections may end in any order
	for _, one := range lines(t, read, 2) {
		of[one["path"].(string)] = one
	}
	if one := of["/profiling/v1/input"]; one["method"] != "POST" || one["status"] != 200.0 || one["body_bytes"] != float64(len(upload)) {
		t.Errorf("the upload: %v", one)
	}
	if one := of["/api/uploads"]; one == nil || one["query"] != "limit=3" || one["client"] != "127.0.0.1" || one["ms"].(float64) < 0 {
		t.Errorf("the list: %v", one)
	}
	if at, err := time.Parse(time.RFC3339, of["/profiling/v1/input"]["time"].(string)); err != nil || time.Since(at) > time.Hour || time.Since(at) < -time.Hour {
		t.Errorf("time: %v %v", of["/profiling/v1/input"]["time"], err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	_ = r.command.Process.Signal(syscall.SIGHUP)
	for end := time.Now().Add(patience); read() == "" && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		r.get(t, "/healthz")
	}
	if one := lines(t, read, 1)[0]; one["path"] != "/healthz" {
		t.Errorf("in the new file: %v", one)
	}
	standard := startWith(t, t.TempDir(), []string{"--access-log", "-"}, plain(t))
	standard.get(t, "/healthz")
	standard.says(t, `"path":"/healthz","status":200`)
	standard.stop(t)
}
