package page

// The receiver's values of every client's profiles equal google/pprof's: every sample type of every capture, and the counts of the Java
// recording.

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/e2e/profiles"
)

func (r *receiver) tree(t *testing.T, path string) profiles.Tree {
	t.Helper()
	var answer profiles.Tree
	if err := json.Unmarshal(r.get(t, path), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// compareSums compares a tree with pprof's values of the file.
func compareSums(t *testing.T, what string, answer *profiles.Tree, file string, kind *profile.ValueType) {
	t.Helper()
	want, err := profiles.Top(file, kind)
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range profiles.Differences(answer.Sums(), want) {
		t.Errorf("%s: %s", what, difference)
	}
}

func inflated(t *testing.T, data []byte) []byte {
	t.Helper()
	raw, err := profiles.Inflate(data)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAnswersAreThoseOfPprof(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	compared := 0
	for i, client := range []string{"go-v1", "go-v2-all", "node-default", "python-auto"} {
		receiver.uploadCapture(t, client)
		var upload struct {
			Attachments []struct {
				Name  string
				Pprof bool
			}
		}
		if err := json.Unmarshal(receiver.get(t, fmt.Sprintf("/api/uploads/%d", i+1)), &upload); err != nil {
			t.Fatal(err)
		}
		for _, attachment := range upload.Attachments {
			if !attachment.Pprof {
				continue
			}
			base := fmt.Sprintf("/api/uploads/%d/attachments/%s", i+1, attachment.Name)
			data := inflated(t, receiver.get(t, base))
			parsed, err := profile.ParseData(data)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), attachment.Name)
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			for index, kind := range parsed.SampleType {
				what := client + " " + attachment.Name + " " + kind.Type
				var total int64
				for _, sample := range parsed.Sample {
					total += sample.Value[index]
				}
				answer := receiver.tree(t, base+"/tree?type="+url.QueryEscape(kind.Type))
				if answer.Total != float64(total) || answer.Unit != kind.Unit {
					t.Errorf("%s: total %v %s, expected %d %s", what, answer.Total, answer.Unit, total, kind.Unit)
				}
				merged := receiver.tree(t, fmt.Sprintf("/api/tree?ids=%d&attachment=%s&type=%s", i+1, attachment.Name, url.QueryEscape(kind.Type)))
				if merged.Total != float64(total) || merged.Uploads != 1 || len(merged.Nodes) != len(answer.Nodes) {
					t.Errorf("%s: as a selection of one, %v of %d uploads in %d nodes", what, merged.Total, merged.Uploads, len(merged.Nodes))
				}
				if attachment.Name == "events.pprof" { // labels and no functions: frames are made of them, in what is merged as well
					for _, tree := range []profiles.Tree{answer, merged} {
						names := fmt.Sprint(tree.Functions)
						if !strings.Contains(names, "readFile") || !strings.Contains(names, "node_runtime") || strings.Contains(names, "0x0") {
							t.Errorf("%s: functions %s", what, names)
						}
					}
				}
				// Python sends sample types without values.
				if total != 0 && attachment.Name != "events.pprof" {
					compareSums(t, what, &answer, file, kind)
					compared++
				}
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d sample types were compared", compared)
	}
}

// Several uploads: compared with google/pprof's Merge of the same files.
func TestMergedAnswersAreThoseOfPprof(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	var parts []*profile.Profile
	for i, client := range []string{"go-v1", "go-v2-all", "go-v1", "go-v1", "go-v2-all"} {
		receiver.uploadCapture(t, client)
		parsed, err := profile.ParseData(inflated(t, receiver.get(t, fmt.Sprintf("/api/uploads/%d/attachments/delta-heap.pprof", i+1))))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, parsed)
	}
	merged, err := profile.Merge(parts)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "merged.pprof")
	if err := os.WriteFile(file, encode(t, merged), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, kind := range merged.SampleType {
		answer := receiver.tree(t, "/api/tree?attachment=delta-heap.pprof&type="+kind.Type)
		if answer.Uploads != 5 {
			t.Errorf("%d uploads", answer.Uploads)
		}
		compareSums(t, "merged "+kind.Type, &answer, file, kind)
	}
}

// The recording of dd-java-agent: two chunks with types of their own, one for each encoding of strings.
func TestRecordingIsCountedAsTheJDKDoes(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	receiver.uploadCapture(t, "java-gzip")
	var answer struct {
		Chunks    int
		Truncated bool
		Events    []struct {
			Type      string
			Count     int64
			SizeBytes int64 `json:"size_bytes"`
		}
	}
	if err := json.Unmarshal(receiver.get(t, "/api/uploads/1/attachments/main.jfr/jfr"), &answer); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, event := range answer.Events {
		got[event.Type] = fmt.Sprintf("%d\t%d", event.Count, event.SizeBytes)
	}
	expected, err := os.ReadFile(filepath.Join("..", "..", "testdata", "captures", "java-gzip-events.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, line := range strings.Split(strings.TrimSpace(string(expected)), "\n") {
		name, counts, found := strings.Cut(line, "\t")
		if strings.HasPrefix(line, "#") || !found {
			continue
		}
		lines++
		if got[name] != counts {
			t.Errorf("%s: %q, the JDK counts %q", name, got[name], counts)
		}
	}
	if answer.Chunks != 2 || answer.Truncated || len(got) != lines {
		t.Errorf("%d chunks, truncated %v, %d types of events, the JDK knows %d", answer.Chunks, answer.Truncated, len(got), lines)
	}
}
