package command

// The data of a report against google/pprof's reading of the same files. What the page makes of it is tested in e2e/page.

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

type reported struct {
	Address, Title string
	Functions      []struct{ Name, File string }
	Nodes          []int64 // parent, function and line of node 1, of node 2, ...
	Sides          []struct {
		Upload   struct{ Service string }
		Profiles []struct {
			Name  string
			Types struct {
				Types []struct {
					Type, Unit string
					Total      int64
				}
			}
			Samples [][]any
		}
	}
}

func readReport(t *testing.T, html string) reported {
	t.Helper()
	m := regexp.MustCompile(`id="report">([A-Za-z0-9+/=]*)</script>`).FindStringSubmatch(html)
	if m == nil {
		t.Fatal("no data in the report")
	}
	if page := len(html) - len(m[1]); page > 400e3 {
		t.Errorf("without its data, the page has %d bytes", page)
	}
	text, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(m[1])))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	var data reported
	if err := json.Unmarshal(all, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

// stacks has the values of each stack with its labels, root first, of one side; nodes are of functions, with one of their lines.
func (data reported) stacks(side int) map[string][]int64 {
	found := map[string][]int64{}
	for _, sample := range data.Sides[side].Profiles[0].Samples {
		var names []string
		for node := int64(sample[0].(float64)); node > 0; node = data.Nodes[3*(node-1)] {
			function := data.Functions[data.Nodes[3*(node-1)+1]]
			names = append([]string{function.Name + " " + function.File}, names...)
		}
		types := len(data.Sides[side].Profiles[0].Types.Types)
		var labels []string
		for at := 1 + types; at < len(sample); at += 3 {
			labels = append(labels, fmt.Sprintf("%v=%v %v", sample[at], sample[at+1], sample[at+2]))
		}
		slices.Sort(labels)
		stack := strings.Join(append(names, labels...), ";")
		if found[stack] == nil {
			found[stack] = make([]int64, types)
		}
		for i := range types {
			found[stack][i] += int64(sample[1+i].(float64))
		}
	}
	return found
}

func stacksOf(p *profile.Profile) map[string][]int64 {
	found := map[string][]int64{}
	for _, sample := range p.Sample {
		var names []string
		for _, location := range sample.Location {
			for _, line := range location.Line {
				names = append([]string{line.Function.Name + " " + line.Function.Filename}, names...)
			}
		}
		var labels []string
		for key, values := range sample.Label {
			for _, value := range values {
				labels = append(labels, fmt.Sprintf("%s=%s ", key, value))
			}
		}
		for key, values := range sample.NumLabel {
			for i, value := range values {
				unit := ""
				if units := sample.NumUnit[key]; i < len(units) {
					unit = units[i]
				}
				labels = append(labels, fmt.Sprintf("%s=%d %s", key, value, unit))
			}
		}
		slices.Sort(labels)
		stack := strings.Join(append(names, labels...), ";")
		for i, value := range sample.Value {
			if value != 0 && found[stack] == nil {
				found[stack] = make([]int64, len(sample.Value))
			}
			if value != 0 {
				found[stack][i] += value
			}
		}
	}
	return found
}

// Files, a URL and standard output, of several forms of compression; all samples are in the report, and nodes are shared.
func TestReportHasAllSamples(t *testing.T) {
	t.Parallel()
	p := newService(1).next()
	path := write(t, p)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }))
	defer server.Close()
	data := readReport(t, succeed(t, "report", path, server.URL+"/heap?service=db&sig=secret-word"))
	want := stacksOf(p)
	for side := range 2 {
		got := data.stacks(side)
		if len(got) != len(want) {
			t.Errorf("side %d: %d stacks, google/pprof reads %d", side, len(got), len(want))
		}
		for stack, values := range want {
			for i, value := range values {
				if got[stack] == nil || got[stack][i] != value {
					t.Fatalf("side %d: %s has %v, google/pprof reads %v", side, stack, got[stack], values)
				}
			}
		}
	}
	nodes := map[[2]int64]bool{}
	for i := 0; i < len(data.Nodes); i += 3 {
		nodes[[2]int64{data.Nodes[i], data.Nodes[i+1]}] = true
	}
	if len(nodes) != len(data.Nodes)/3 {
		t.Errorf("%d nodes, of which %d differ", len(data.Nodes)/3, len(nodes))
	}
	if got := data.Sides[1].Upload.Service; got != "heap" || strings.Contains(data.Title, "secret-word") {
		t.Errorf("names of files %q, %q", data.Title, got)
	}
}

// Every file that top reads has the same totals in a report.
func TestReportOfForeignFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/foreign/*")
	if err != nil {
		t.Fatal(err)
	}
	recordings, err := filepath.Glob("../../testdata/jfr/*.jfr.gz")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, file := range append(files, recordings...) {
		if filepath.Ext(file) == ".sh" {
			continue
		}
		converted := filepath.Join(t.TempDir(), "pprof")
		if _, _, status := run(t, "convert", "-o", converted, file); status != 0 {
			if output, _, status := run(t, "report", "-o", converted, file); status == 0 {
				t.Errorf("%s: convert refuses what report takes: %s", file, output)
			}
			continue // said to be of no profile
		}
		page := filepath.Join(t.TempDir(), "report.html")
		succeed(t, "report", "-o", page, file)
		html, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		data := readReport(t, string(html))
		if len(data.Sides) != 1 || data.Sides[0].Upload.Service != filepath.Base(file) || data.Address != "/profile?ids=1" {
			t.Errorf("%s: %d sides, %q", file, len(data.Sides), data.Address)
		}
		totals := map[string]int64{}
		for _, one := range data.Sides[0].Profiles[0].Types.Types {
			totals[one.Type] = one.Total
		}
		if strings.HasSuffix(file, ".jfr.gz") {
			if len(totals) == 0 || data.Sides[0].Profiles[0].Name != "recording.pprof" {
				t.Errorf("%s: %q of no sample types", file, data.Sides[0].Profiles[0].Name)
			}
			read++
			continue // of all kinds, with names of their own
		}
		content, err := os.Open(converted)
		if err != nil {
			t.Fatal(err)
		}
		p, err := profile.Parse(content)
		content.Close()
		if err != nil {
			t.Fatal(err)
		}
		for i, kind := range p.SampleType {
			sum := int64(0)
			for _, sample := range p.Sample {
				sum += sample.Value[i]
			}
			if totals[kind.Type] != sum {
				t.Errorf("%s: %s is %d, converted it has %d", file, kind.Type, totals[kind.Type], sum)
			}
		}
		read++
	}
	if read < 8 {
		t.Errorf("only %d files were read", read)
	}
}
