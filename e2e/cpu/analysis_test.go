package cpu

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// upload sends a CPU profile as a Go client does. A program that uses a tenth of a core is not worth a finding, and how much this one got is a matter
// of the machine's load: the profile says that it had a whole one.
func upload(t *testing.T, address, service string, cpu *profile.Profile) {
	t.Helper()
	cpu.DurationNanos = 0
	for _, s := range cpu.Sample {
		cpu.DurationNanos += s.Value[1]
	}
	event, err := json.Marshal(map[string]any{
		"start": "2026-01-02T09:00:00Z", "end": "2026-01-02T09:01:00Z", "family": "go", "version": "4",
		"tags_profiler": "service:" + service + ",host:db-1,runtime:go,language:go,runtime-id:" + service,
	})
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	var content bytes.Buffer
	if err := cpu.Write(&content); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"event.json": event, "cpu.pprof": content.Bytes()} {
		part, err := form.CreateFormFile(strings.TrimSuffix(name, ".json"), name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(content)
	}
	_ = form.Close()
	answer, err := http.Post(address+"/profiling/v1/input", form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("upload: %s", answer.Status)
	}
}

type finding struct{ Kind, Title, Evidence string }

func analyse(t *testing.T, address, service string) (findings []finding) {
	t.Helper()
	client := http.Client{Timeout: time.Minute}
	answer, err := client.Get(address + "/api/analysis?service=" + service)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var found struct{ Findings []finding }
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	return found.Findings
}

// Calls of known length, in profiles as they are taken: what Analysis says of them is true.
func TestAnalysisTellsShortCalls(t *testing.T) {
	address := built.Receiver(t)
	for _, c := range []struct {
		ns   string
		says map[string][]string // by kind
	}{
		{"0", map[string][]string{"short_cgo_calls": {"of less than a microsecond", "crossing costs more than the work"}}},
		{"100", map[string][]string{"short_cgo_calls": {"crossing costs ", ", the work "}, "cpu_in_c": {": C of main "}}},
		{"10000", map[string][]string{"cpu_in_c": {"of the CPU time is in C: C of main "}}},
	} {
		o := runProgram(t, "program", "calls", c.ns)
		upload(t, address, c.ns, o.cpu)
		said := map[string]finding{}
		for _, f := range analyse(t, address, c.ns) {
			t.Logf("%s ns: %s: %s. %s", c.ns, f.Kind, f.Title, f.Evidence)
			said[f.Kind] = f
		}
		for kind, words := range c.says {
			for _, word := range words {
				if !strings.Contains(said[kind].Title, word) {
					t.Errorf("%q is not said of calls of %s ns", word, c.ns)
				}
			}
		}
		_, expected := c.says["short_cgo_calls"]
		if is := said["short_cgo_calls"]; (is.Kind != "") != expected || expected && !strings.Contains(is.Evidence, "In main._Cfunc_burn_short crossing") {
			t.Errorf("of calls of %s ns: %s %s", c.ns, is.Title, is.Evidence)
		}
	}
}
