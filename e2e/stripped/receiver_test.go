package stripped

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

func ask(t *testing.T, wantStatus int, send func() (*http.Response, error)) string {
	t.Helper()
	r, err := send()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != wantStatus {
		t.Fatalf("%d, want %d: %s %v", r.StatusCode, wantStatus, text, err)
	}
	return string(text)
}

func upload(t *testing.T, url, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	event, _ := form.CreateFormFile("event", "event.json")
	_, _ = event.Write([]byte(`{"start":"2026-11-28T00:00:00Z","end":"2026-11-28T00:01:00Z","tags_profiler":"service:x,runtime-id:1"}`))
	heap, _ := form.CreateFormFile("heap", "heap.pprof")
	_, _ = heap.Write(content)
	form.Close()
	ask(t, 200, func() (*http.Response, error) {
		return http.Post(url+"/profiling/v1/input", form.FormDataContentType(), &body)
	})
}

// stripped builds the program and its debug file, runs it stripped, and starts a receiver that has two of its profiles.
func stripped(t *testing.T) (folder, url string) {
	folder = t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	run(t, "go", "build", "-o", at("full"), "./program")
	run(t, "strip", "-o", at("app"), at("full"))
	run(t, "objcopy", "--only-keep-debug", at("full"), at("full.debug"))
	run(t, at("app"), at("heap"))
	url = built.Receiver(t, "--symbols", filepath.Join(folder, "debug"))
	upload(t, url, at("heap"))
	upload(t, url, at("heap"))
	return folder, url
}

const oneTree, manyTree = "/api/uploads/1/attachments/heap.pprof/tree?type=inuse_space&memory=C", "/api/tree?attachment=heap.pprof&type=inuse_space&memory=C"

func expectNames(t *testing.T, url, has, lacks string, views ...string) {
	t.Helper()
	for _, view := range views {
		if got := ask(t, 200, func() (*http.Response, error) { return http.Get(url + view) }); !strings.Contains(got, has) || strings.Contains(got, lacks) {
			t.Errorf("%s has no %s or has %s: %s", view, has, lacks, got)
		}
	}
}

// A symbol file that arrives after the profile names it, in views of one upload and of many, also those that were answered before.
func TestReceiverNamesLater(t *testing.T) {
	folder, url := stripped(t)
	post := func(status int, content []byte) string {
		t.Helper()
		return ask(t, status, func() (*http.Response, error) {
			return http.Post(url+"/api/symbols", "application/octet-stream", bytes.NewReader(content))
		})
	}
	expectNames(t, url, `"name":"app+0x`, `"name":"hold_blocks"`, manyTree, oneTree)
	post(400, []byte("no ELF file"))
	expectNames(t, url, `"name":"app+0x`, `"name":"hold_blocks"`, manyTree, oneTree)
	symbols, err := os.ReadFile(filepath.Join(folder, "full.debug"))
	if err != nil {
		t.Fatal(err)
	}
	if said := post(200, symbols); !strings.Contains(said, `"build_id":"`) {
		t.Errorf("said %s", said)
	}
	for _, name := range []string{`"name":"hold_blocks"`, `"name":"inlined_allocate"`} {
		expectNames(t, url, name, "app+0x", oneTree, manyTree) // that of one first: it looks for new files by itself
	}
	ask(t, 405, func() (*http.Response, error) { return http.Get(url + "/api/symbols") })
}

// Files put into the directory by hand: below an existing folder, or written over another file.
func TestReceiverFindsFilesOfOthers(t *testing.T) {
	folder, url := stripped(t)
	symbols, err := os.ReadFile(filepath.Join(folder, "full.debug"))
	if err != nil {
		t.Fatal(err)
	}
	nameless, err := os.ReadFile(filepath.Join(folder, "app")) // of the same build, without symbols
	if err != nil {
		t.Fatal(err)
	}
	app, err := elf.NewFile(bytes.NewReader(nameless))
	if err != nil {
		t.Fatal(err)
	}
	note, err := app.Section(".note.gnu.build-id").Data()
	if err != nil {
		t.Fatal(err)
	}
	id := hex.EncodeToString(note[16:])
	below := filepath.Join(folder, "debug", ".build-id", id[:2], id[2:]+".debug")
	if err := os.MkdirAll(filepath.Dir(below), 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(path string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expectNames(t, url, `"name":"app+0x`, `"name":"hold_blocks"`, manyTree, oneTree)
	put(below, symbols)
	expectNames(t, url, `"name":"hold_blocks"`, "app+0x", oneTree, manyTree)
	put(below, nameless)
	expectNames(t, url, `"name":"app+0x`, `"name":"hold_blocks"`, oneTree, manyTree)
	put(below, symbols)
	expectNames(t, url, `"name":"hold_blocks"`, "app+0x", manyTree, oneTree)
}
