package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

type mcpAnswer struct {
	Tool    string
	IsError bool `json:"is_error"`
	Text    string
	Answer  struct {
		Services []struct {
			Service string
			Uploads int
		}
		Profiles []struct {
			Profile string
			Types   []struct {
				Type  string
				Total float64
			}
		}
		Headline      string
		NotLookedAt   []string `json:"not_looked_at"`
		Warnings      []string
		FailedCount   int `json:"failed_count"`
		BaseFailed    int `json:"base_failed_count"`
		Type, URL     string
		Total         int64
		Before, After float64
		Rows, Lines   []struct {
			Function, File string
			Line           int64
			Stack          []string
			Self, Total    int64
			Change         float64
		}
	}
}

// mcpClient makes the protocol's reference client and returns the words that run it.
func mcpClient(t *testing.T) []string {
	t.Helper()
	folder := t.TempDir()
	python := filepath.Join(folder, "venv", "bin", "python")
	for _, words := range [][]string{{"/usr/bin/python3", "-m", "venv", filepath.Join(folder, "venv")}, {python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "mcp==2.3.0", "jsonschema==4.26.0"}} {
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", words, err, out)
		}
	}
	return []string{python, "testdata/mcp_client.py"}
}

// putCalls puts calls, "[NAME, {ARGUMENTS}]", through the client, to a server that says hello with this version. It returns a line for each.
func putCalls(t *testing.T, words []string, version string, calls ...string) [][]byte {
	t.Helper()
	client := exec.Command(words[0], words[1:]...)
	client.Stdin = strings.NewReader(strings.Join(calls, "\n"))
	var complaint bytes.Buffer
	client.Stderr = &complaint
	out, err := client.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, complaint.String())
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	want := `"cmemprof ` + version + ` diff,export,findings,growth,list_profiles,list_services,owners,source,top"`
	if len(lines) != len(calls)+1 || !bytes.Contains(lines[0], []byte(want)) {
		t.Fatalf("%d answers for %d calls: %s\n%s", len(lines)-1, len(calls), lines[0], complaint.String())
	}
	return lines[1:]
}

// askMCP puts calls to `cmemprof mcp`, and to the receiver's /mcp in its newest version and in one with initialize: all say the same.
func askMCP(t *testing.T, receiver string, calls ...string) []mcpAnswer {
	t.Helper()
	client := mcpClient(t)
	lines := putCalls(t, append(client, program(t), "mcp", receiver), "2025-11-25", calls...)
	for _, way := range []struct{ mode, version string }{{"auto", "2026-07-28"}, {"legacy", "2025-11-25"}} {
		for i, line := range putCalls(t, append(client, receiver+"/mcp", way.mode), way.version, calls...) {
			// Inside of the receiver there is no status.
			if want := bytes.Replace(lines[i], []byte(": HTTP 422: "), []byte(": "), 1); !bytes.Equal(line, want) {
				t.Errorf("%s: /mcp says\n%s\nnot\n%s", calls[i], line, want)
			}
		}
	}
	answers := make([]mcpAnswer, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal(line, &answers[i]); err != nil {
			t.Fatal(err)
		}
	}
	return answers
}

// uploadAsClient sends one attachment as Datadog's clients do, which the receiver stores whatever it is.
func uploadAsClient(t *testing.T, receiver, service string, attachment []byte) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, part := range []struct {
		name, file string
		content    []byte
	}{
		{"event", "event.json", fmt.Appendf(nil, `{"start": "2026-01-02T03:04:05Z", "end": "2026-01-02T03:05:05Z", "family": "go", "version": "4", "tags_profiler": "service:%s"}`, service)},
		{"heap.pprof", "heap.pprof", attachment},
	} {
		out, err := form.CreateFormFile(part.name, part.file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(part.content); err != nil {
			t.Fatal(err)
		}
	}
	form.Close()
	answer, err := http.Post(receiver+"/profiling/v1/input", form.FormDataContentType(), &body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", err, answer)
	}
	answer.Body.Close()
}

// What the tools say is what google/pprof adds up, and what cmemprof top shows.
func TestMCP(t *testing.T) {
	receiver := built.Receiver(t)
	s := newService(1)
	profiles := []*profile.Profile{s.next(), s.next()}
	for i, p := range profiles {
		var body bytes.Buffer
		if err := p.Write(&body); err != nil {
			t.Fatal(err)
		}
		answer, err := http.Post(fmt.Sprintf("%s/api/import?service=a%%26b&version=%d&name=heap.pprof", receiver, i+1), "application/octet-stream", &body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", err, answer)
		}
		answer.Body.Close()
	}
	index := len(profiles[0].SampleType) - 1
	sampleType := profiles[0].SampleType[index].Type
	var totals [2]int64
	self, selfOfFile := map[string]int64{}, map[string]int64{}
	for i, p := range profiles {
		for _, sample := range p.Sample {
			totals[i] += sample.Value[index]
			if i == 1 && len(sample.Location) > 0 {
				leaf := sample.Location[0].Line[0].Function
				self[leaf.Name] += sample.Value[index]
				selfOfFile[leaf.Name+" "+leaf.Filename] += sample.Value[index]
			}
		}
	}
	second := fmt.Sprintf(`{"service": "a&b", "version": "2", "type": %q, "profile": "heap.pprof"`, sampleType)
	function := ""
	for name := range self {
		if self[name] > self[function] {
			function = name
		}
	}
	var good bytes.Buffer
	if err := profiles[0].Write(&good); err != nil {
		t.Fatal(err)
	}
	uploadAsClient(t, receiver, "broken", good.Bytes())
	uploadAsClient(t, receiver, "broken", []byte("not a profile"))
	answers := askMCP(t, receiver, `["list_services", {}]`, `["list_profiles", {"service": "a&b", "version": "2"}]`, `["top", `+second+`, "limit": 200}]`,
		`["top", `+second+`, "by": "stack"}]`, `["diff", `+second+`, "limit": 200, "base": {"service": "a&b", "version": "1"}}]`,
		`["source", `+second+fmt.Sprintf(`, "function": %q}]`, function), `["findings", {"service": "a&b"}]`, `["export", {"service": "a&b", "profile": "heap.pprof", "format": "pprof"}]`,
		`["top", {"service": "none"}]`, `["top", {"service": "a&b", "type": "no_such_type", "profile": "heap.pprof"}]`, `["growth", {"service": "a&b", "profile": "heap.pprof", "type": "no_such_type"}]`,
		`["top", {"service": "broken", "profile": "heap.pprof"}]`, `["diff", {"service": "a&b", "profile": "heap.pprof", "base": {"service": "broken"}}]`, `["owners", {"service": "a&b", "profile": "heap.pprof"}]`)
	for i, answer := range answers {
		if fails := i >= 8 && i < 11; answer.IsError != fails || answer.Text == "" {
			t.Errorf("%+v", answer)
		}
	}
	if got := answers[0].Answer.Services; len(got) != 2 || got[0].Service != "a&b" || got[0].Uploads != 2 {
		t.Errorf("%+v", got)
	}
	if got := answers[1].Answer.Profiles; len(got) != 1 || got[0].Profile != "heap.pprof" || len(got[0].Types) != len(profiles[1].SampleType) {
		t.Errorf("%+v", got)
	}
	top := answers[2].Answer
	if top.Type != sampleType || top.Total != totals[1] || len(top.Rows) == 0 {
		t.Errorf("%s %d, not %s %d; %d rows", top.Type, top.Total, sampleType, totals[1], len(top.Rows))
	}
	for _, row := range top.Rows {
		if want := selfOfFile[row.Function+" "+row.File]; row.Self != want {
			t.Errorf("%s %s: %d, not %d", row.Function, row.File, row.Self, want)
		}
	}
	if stacks := answers[3].Answer.Rows; len(stacks) == 0 || len(stacks[0].Stack) == 0 || stacks[0].Self == 0 {
		t.Errorf("%+v", stacks)
	}
	if diff := answers[4].Answer; len(diff.Rows) == 0 || diff.After-diff.Before == 0 {
		t.Errorf("%+v", diff)
	}
	var lines int64
	for _, line := range answers[5].Answer.Lines {
		lines += line.Self
	}
	if lines != self[function] {
		t.Errorf("the lines of %s have %d, not %d", function, lines, self[function])
	}
	if findings := answers[6].Answer; findings.Headline == "" || len(findings.NotLookedAt) == 0 {
		t.Errorf("%+v", findings)
	}
	if out := succeed(t, "top", "--type", sampleType, answers[7].Answer.URL); !strings.Contains(out, sampleType) {
		t.Errorf("%s", out)
	}
	const warning = "figures are too low: 1 of 2 uploads could not be read: not a readable profile"
	if got := answers[11].Answer.Warnings; len(got) != 1 || !strings.HasPrefix(got[0], warning) {
		t.Errorf("%q", got)
	}
	if got := answers[12].Answer; got.FailedCount != 0 || got.BaseFailed != 1 {
		t.Errorf("%+v", got)
	}
	if got := answers[2].Answer.Warnings; len(got) != 0 {
		t.Errorf("%q", got)
	}
	// A limit that the figures keep is not kept for certain.
	_, complaint, status := run(t, "top", "--fail-if", sampleType+">1000000GB", receiver+"/api/profile?service=broken&attachment=heap.pprof")
	if status != 3 || !strings.Contains(complaint, "warning: "+warning) || !strings.Contains(complaint, "not known: "+warning) {
		t.Errorf("status %d: %s", status, complaint)
	}
}

// Who may read the page may ask at /mcp, below the base path too; a page of another site may not.
func TestMCPByHTTP(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("read read-token-0123456789\nupload send-token-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	receiver := built.Receiver(t, "--token-file", tokens, "--base-path", "/profiles")
	const list = `{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}`
	type request struct {
		method, path, body, kind string
		header                   map[string]string
	}
	read := map[string]string{"Authorization": "Bearer read-token-0123456789"}
	with := func(more ...string) map[string]string {
		header := map[string]string{"Authorization": "Bearer read-token-0123456789"}
		for i := 0; i < len(more); i += 2 {
			header[more[i]] = more[i+1]
		}
		return header
	}
	for _, one := range []struct {
		request request
		status  int
		says    string
	}{
		{request{"POST", "/mcp", list, "application/json", read}, 200, `"list_services"`},
		{request{"POST", "/profiles/mcp", list, "application/json; charset=utf-8", read}, 200, `"list_services"`},
		{request{"POST", "/mcp", `{"jsonrpc": "2.0", "method": "notifications/initialized"}`, "application/json", read}, 202, ""},
		{request{"POST", "/mcp", list, "application/json", nil}, 401, "a token is needed"},
		{request{"POST", "/mcp", list, "application/json", map[string]string{"Authorization": "Bearer send-token-0123456789"}}, 403, "may not read"},
		{request{"POST", "/mcp", list, "application/json", with("Origin", "https://evil.example")}, 403, "other sites"},
		{request{"POST", "/mcp", list, "application/json", with("Origin", "null")}, 403, "other sites"},
		{request{"POST", "/mcp", list, "application/json", with("Origin", receiver)}, 200, `"list_services"`},
		{request{"POST", "/mcp", list, "application/json", with("MCP-Protocol-Version", "1999-01-01")}, 400, "-32022"},
		{request{"POST", "/mcp", list, "text/plain", read}, 415, "application/json"},
		{request{"POST", "/mcp", list + "\x00", "application/json", read}, 400, "-32700"},
		{request{"POST", "/mcp", "", "application/json", read}, 400, "-32700"},
		{request{"POST", "/mcp", strings.Repeat(" ", 64<<10) + list, "application/json", read}, 413, ""},
		// The C library's compiler of expressions would end the process.
		{request{"POST", "/mcp", `{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "top", "arguments": {"focus": "` + strings.Repeat("(", 60000) + `"}}}`, "application/json", read}, 200, "longer than 200 bytes"},
		{request{"GET", "/mcp", "", "", read}, 405, "with POST"},
		{request{"DELETE", "/mcp", "", "", read}, 405, "with POST"},
		{request{"POST", "/mcp", `{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "export", "arguments": {"profile": "heap.pprof"}}}`, "application/json", read}, 200,
			receiver + `/profiles/api/profile?attachment=heap.pprof\",\"needs_token\":true`},
	} {
		to, err := http.NewRequest(one.request.method, receiver+one.request.path, strings.NewReader(one.request.body))
		if err != nil {
			t.Fatal(err)
		}
		if one.request.kind != "" {
			to.Header.Set("Content-Type", one.request.kind)
		}
		for name, value := range one.request.header {
			to.Header.Set(name, value)
		}
		answer, err := http.DefaultClient.Do(to)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != one.status || !strings.Contains(string(body), one.says) || (one.status == 202 && len(body) > 0) {
			t.Errorf("%.200v: %d %.200s %v, not %d %s", one.request, answer.StatusCode, body, err, one.status, one.says)
		}
	}
	putCalls(t, append(mcpClient(t), receiver+"/profiles/mcp", "auto", "read-token-0123456789"), "2026-07-28", `["list_services", {}]`)
}
