package receiver

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/profiles"
)

// Each attachment, as read by Go's multipart reader, is returned unchanged, alone and in the archive.
func TestCapturesAreKeptByteForByte(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	for _, c := range captures(t) {
		status, text, err := r.post(http.DefaultClient, c.contentType, c.body)
		if err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s %v", c.name, status, text, err)
		}
		var answer struct{ ID int64 }
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		archive := readArchive(t, r, answer.ID)
		_, parameters, _ := mime.ParseMediaType(c.contentType)
		parts, count := multipart.NewReader(bytes.NewReader(c.body), parameters["boundary"]), 0
		for {
			part, err := parts.NextPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			content, _ := io.ReadAll(part)
			path, name := fmt.Sprintf("/api/uploads/%d/event", answer.ID), "event.json"
			if part.FormName() != "event" && part.FileName() != "event.json" {
				name = part.FileName()
				path = fmt.Sprintf("/api/uploads/%d/attachments/%s", answer.ID, url.PathEscape(name)) + "/raw"
			}
			if status, got := r.get(t, path); status != http.StatusOK || !bytes.Equal(got, content) {
				t.Errorf("%s: %s: %d, %d bytes of %d", c.name, name, status, len(got), len(content))
			}
			if !bytes.Equal(archive[name], content) {
				t.Errorf("%s: %s differs in the archive", c.name, name)
			}
			count++
		}
		delete(archive, "meta.json") // where the event does not say all
		if count != len(archive) {
			t.Errorf("%s: %d parts, %d files in the archive", c.name, count, len(archive))
		}
	}
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	facets := map[string][6]string{
		"go-v1-svc": {"study", "1.2.3", "vm", "go", "go"}, "go-v2-svc": {"study", "1.2.3", "vm", "go", "go"},
		"java-svc": {"study", "1.2.3", "vm", "JVM", "jvm"}, "node-svc": {"study", "1.2.3", own, "nodejs", "javascript"},
		"py-svc": {"study", "1.2.3", own, "CPython", "python"},
	}
	for service, want := range facets {
		rows := r.list(t, "&service="+service)
		if len(rows) != 1 {
			t.Fatalf("%s: %d uploads", service, len(rows))
		}
		got := [6]string{text(rows[0].Env), text(rows[0].Version), text(rows[0].Host), text(rows[0].Runtime), text(rows[0].Language)}
		if got != want {
			t.Errorf("%s: %q, not %q", service, got, want)
		}
	}
}

// Older clients use other compressions and sample types; their uploads have trees and measures as well.
func TestOldClientsAreRead(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	for _, c := range captures(t) {
		if status, text, err := r.post(http.DefaultClient, c.contentType, c.body); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s %v", c.name, status, text, err)
		}
	}
	for service, want := range map[string]struct{ attachment, sampleType, measure string }{
		"python-old-svc": {"auto.pprof", "", "cpu_cores"}, "node-old-svc": {"space.pprof", "space", "heap_live_bytes"},
	} {
		rows := r.list(t, "&service="+service)
		if len(rows) == 0 {
			t.Fatalf("%s: no upload", service)
		}
		for _, row := range rows {
			var tree struct {
				Type  string
				Total int64
			}
			status, body := r.get(t, fmt.Sprintf("/api/uploads/%d/attachments/%s/tree", row.ID, want.attachment))
			if err := json.Unmarshal(body, &tree); err != nil || status != http.StatusOK || tree.Total == 0 || want.sampleType != "" && tree.Type != want.sampleType {
				t.Errorf("%s: %d %v %.200s", service, status, err, body)
			}
			var upload struct{ Measures map[string]*float64 }
			for end := time.Now().Add(patience); upload.Measures == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
				_, body := r.get(t, fmt.Sprintf("/api/uploads/%d", row.ID))
				if err := json.Unmarshal(body, &upload); err != nil {
					t.Fatal(err)
				}
			}
			if upload.Measures[want.measure] == nil {
				t.Errorf("%s: no %s in %v", service, want.measure, upload.Measures)
			}
		}
	}
}

// go tool pprof reads each profile of each client by its URL, for one upload and merged for the service.
func TestGoToolPprofReadsFromTheReceiver(t *testing.T) {
	pprof, err := profiles.PprofProgram()
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	for _, c := range captures(t) {
		if status, text, err := r.post(http.DefaultClient, c.contentType, c.body); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s %v", c.name, status, text, err)
		}
	}
	read := 0
	for _, upload := range r.list(t, "") {
		for _, attachment := range upload.Attachments {
			if !strings.HasSuffix(attachment.Name, ".pprof") || attachment.SizeBytes == 0 {
				continue
			}
			for _, path := range []string{
				fmt.Sprintf("/api/uploads/%d/attachments/%s", upload.ID, url.PathEscape(attachment.Name)),
				fmt.Sprintf("/api/profile?service=%s&attachment=%s", url.QueryEscape(text(upload.Service)), url.QueryEscape(attachment.Name)),
			} {
				command := exec.Command(pprof, "-symbolize=none", "-top", r.url+path)
				command.Env = append(os.Environ(), "PPROF_TMPDIR="+t.TempDir(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
				if out, err := command.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("flat%")) {
					t.Errorf("%s: %v\n%s", path, err, out)
				}
				read++
			}
		}
	}
	if read < 20 {
		t.Errorf("only %d profiles were read", read)
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func readArchive(t *testing.T, r *receiver, id int64) map[string][]byte {
	t.Helper()
	_, body := r.get(t, fmt.Sprintf("/api/uploads/%d/archive", id))
	files := map[string][]byte{}
	for archive := tar.NewReader(bytes.NewReader(body)); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(header.Name, fmt.Sprintf("upload-%d/", id))] = content
	}
}

// Markup in every field is returned unchanged inside JSON, never as a page.
func TestMarkupStaysText(t *testing.T) {
	const evil = `<img src=x onerror=alert(1)>"'&</script>`
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	tags := ""
	for _, key := range []string{"service", "env", "version", "host", "runtime", "language", evil} {
		tags += "," + key + ":" + evil
	}
	contentType, body := form(tags, attachment{"<b>.pprof", []byte("x")})
	if status, text, err := r.post(http.DefaultClient, contentType, body); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, text, err)
	}
	row := r.list(t, "")[0]
	for _, value := range []*string{row.Service, row.Env, row.Version, row.Host, row.Runtime, row.Language} {
		if text(value) != evil {
			t.Errorf("%q", text(value))
		}
	}
	q := "?service=" + url.QueryEscape(evil) + "&from=" + url.QueryEscape(evil) + "&tag=" + url.QueryEscape(evil)
	for _, path := range []string{"/api/uploads", "/api/uploads/1", "/api/facets", "/api/histogram", "/api/storage", "/api/suspects", "/api/uploads" + q, "/api/tree" + q, "/api/uploads/1/attachments/%3Cb%3E.pprof",
		"/api/uploads/1/attachments/%3Cb%3E.pprof/tree", "/api/uploads/1/event", "/api/report?ids=1&address=/profile%3Fids%3D1", "/" + url.PathEscape(evil)} {
		response, err := http.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		header := response.Header
		if strings.Contains(header.Get("Content-Type"), "html") || header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: %v", path, header)
		}
	}
}

// The refused attachment is named, the others are stored.
func TestOneBadPartDoesNotLoseTheOthers(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	contentType, body := form("service:shop", attachment{"a.pprof", []byte("1")}, attachment{"a.pprof", []byte("2")},
		attachment{strings.Repeat("n", 201), []byte("3")}, attachment{"b.pprof", []byte("4")})
	status, answer, err := r.post(http.DefaultClient, contentType, body)
	if err != nil || status != http.StatusOK || strings.Count(answer, `"reason"`) != 2 {
		t.Fatalf("%d %s %v", status, answer, err)
	}
	row := r.list(t, "")[0]
	if len(row.Attachments) != 2 || len(row.Refused) != 2 {
		t.Errorf("%+v", row)
	}
	if _, content := r.get(t, "/api/uploads/1/attachments/b.pprof"); string(content) != "4" {
		t.Errorf("b.pprof: %s", content)
	}
}
