package receiver

// What users change: who may, and that it outlives a kill right behind the answer.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// change sends a request without a form, with a token or without.
func (r *receiver) change(t testing.TB, method, path, token, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

const (
	uploadToken = "upload-token-0000"
	readToken   = "reading-token-000"
	adminToken  = "admin-token-00000"
)

// roles is a file of tokens for --token-file.
func roles(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens")
	text := "upload " + uploadToken + "\nread " + readToken + "\nadmin " + adminToken + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRolesOfChanges(t *testing.T) {
	r := startWith(t, t.TempDir(), []string{"--token-file", roles(t)}, plain(t))
	defer r.stop(t)
	if status, text := r.change(t, "POST", "/api/import?service=shop&name=a.bin", uploadToken, "some bytes"); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	changes := []struct{ method, path, body string }{
		{"PUT", "/api/uploads/1/pin", ""}, {"PUT", "/api/uploads/1/note", "a note"}, {"DELETE", "/api/uploads/1/note", ""},
		{"DELETE", "/api/uploads/1/pin", ""}, {"DELETE", "/api/uploads/1", ""},
		{"POST", "/api/views", `{"name": "a leak", "address": "/profile?ids=7"}`}, {"DELETE", "/api/views/1", ""},
	}
	for _, c := range changes {
		for token, want := range map[string]int{"": http.StatusUnauthorized, "wrong-token-00000": http.StatusUnauthorized, uploadToken: http.StatusForbidden, readToken: http.StatusForbidden} {
			if status, text := r.change(t, c.method, c.path, token, c.body); status != want || (want == http.StatusForbidden && !strings.Contains(text, "admin")) {
				t.Errorf("%s %s with %q: %d %s", c.method, c.path, token, status, text)
			}
		}
	}
	if status, text := r.change(t, "GET", "/api/views", readToken, ""); status != http.StatusOK || !strings.Contains(text, `"views":[]`) {
		t.Errorf("views: %d %s", status, text)
	}
	// A deploy is marked by who may upload, seen by who may read, and taken away by who manages.
	const deploy = `{"text": "deploy 1.4", "service": "shop"}`
	for token, want := range map[string]int{"": http.StatusUnauthorized, readToken: http.StatusForbidden, uploadToken: http.StatusOK, adminToken: http.StatusOK} {
		if status, text := r.change(t, "POST", "/api/annotations", token, deploy); status != want {
			t.Errorf("an annotation with %q: %d %s", token, status, text)
		}
	}
	for token, want := range map[string]int{uploadToken: http.StatusForbidden, readToken: http.StatusOK} {
		if status, text := r.change(t, "GET", "/api/annotations", token, ""); status != want || (want == http.StatusOK && !strings.Contains(text, "deploy 1.4")) {
			t.Errorf("annotations with %q: %d %s", token, status, text)
		}
		if status, text := r.change(t, "DELETE", "/api/annotations/1", token, ""); status != http.StatusForbidden {
			t.Errorf("removing an annotation with %q: %d %s", token, status, text)
		}
	}
	changes = append(changes, struct{ method, path, body string }{"DELETE", "/api/annotations/1", ""})
	for _, c := range changes {
		if status, text := r.change(t, c.method, c.path, adminToken, c.body); status != http.StatusOK {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, text)
		}
	}
}

// What was removed is in no view any more, and what is pinned stays, also behind a kill that follows the answer at once.
func TestChangesOutliveKills(t *testing.T) {
	data := t.TempDir()
	options := []string{"--pack-after", "0"}
	r := startWith(t, data, options, plain(t))
	sent := time.Now().Add(-2 * time.Hour).Truncate(time.Hour)
	for i := range 12 {
		// Each has a stack of its own: whatever a view shows tells which uploads it has.
		function := &profile.Function{ID: 1, Name: fmt.Sprintf("main.of%d", i+1)}
		location := &profile.Location{ID: 1, Line: []profile.Line{{Function: function}}}
		p := &profile.Profile{
			SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}},
			Function:   []*profile.Function{function}, Location: []*profile.Location{location},
			Sample: []*profile.Sample{{Location: []*profile.Location{location}, Value: []int64{1000}}},
		}
		var content bytes.Buffer
		if err := p.Write(&content); err != nil {
			t.Fatal(err)
		}
		contentType, body := formAt(sent.Add(time.Duration(i)*time.Minute), "service:shop,host:a,runtime-id:x", attachment{"cpu.pprof", content.Bytes()})
		if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
			t.Fatal(status, text, err)
		}
	}
	gone := map[int]bool{}
	expect := func() {
		t.Helper()
		status, body := r.get(t, "/api/tree?service=shop&attachment=cpu.pprof")
		var tree struct {
			Uploads   int
			Functions []struct{ Name string }
		}
		if err := json.Unmarshal(body, &tree); status != http.StatusOK || err != nil {
			t.Fatalf("%d %s %v", status, body, err)
		}
		shown := map[string]bool{}
		for _, f := range tree.Functions {
			shown[f.Name] = true
		}
		for i := 1; i <= 12; i++ {
			if shown[fmt.Sprintf("main.of%d", i)] == gone[i] {
				t.Errorf("upload %d: shown %v, removed %v", i, !gone[i], gone[i])
			}
		}
		if tree.Uploads != 12-len(gone) {
			t.Errorf("%d uploads, %d were removed", tree.Uploads, len(gone))
		}
	}
	expect()
	for _, id := range []int{3, 12, 1, 7} {
		if status, text := r.change(t, "DELETE", fmt.Sprint("/api/uploads/", id), "", ""); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		gone[id] = true
		expect()
		if status, text := r.change(t, "PUT", fmt.Sprint("/api/uploads/", id+1, "/pin"), "", ""); (status == http.StatusOK) != (id < 12) {
			t.Fatalf("%d %s", status, text)
		}
		r.kill()
		r = startWith(t, data, options, plain(t))
		expect()
	}
	if pinned := r.list(t, "&pinned=1"); len(pinned) != 3 {
		t.Errorf("%d uploads are pinned", len(pinned))
	}
	r.stop(t)
	// With a retention that leaves nothing else.
	r = startWith(t, data, []string{"--retention", "1kB", "--pack-after", "0"}, plain(t))
	defer r.stop(t)
	for end := time.Now().Add(patience); len(r.list(t, "")) != 4; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("retention leaves more than what is pinned and the newest: ", len(r.list(t, "")))
		}
	}
	var ids []int64
	for _, upload := range r.list(t, "") {
		ids = append(ids, upload.ID)
	}
	if fmt.Sprint(ids) != "[11 8 4 2]" {
		t.Errorf("%v are left", ids)
	}
}
