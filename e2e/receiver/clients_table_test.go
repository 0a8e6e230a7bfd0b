package receiver

// docs/compatibility.md lists each client and the form of its uploads; the tests run these clients and compare.

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const tableFile = "../../docs/compatibility.md"

var versions = map[string][]string{"dd-trace-go": goVersions, "ddtrace": pythonVersions, "dd-trace": nodeVersions, "dd-java-agent": javaVersions}

// row returns the row of docs/compatibility.md for a client's uploads.
func (f *facts) row(client, version string) string {
	byCompression := map[string][]string{}
	for name, compression := range f.attachments {
		byCompression[compression] = append(byCompression[compression], name)
	}
	var attachments []string
	for _, compression := range slices.Sorted(maps.Keys(byCompression)) {
		slices.Sort(byCompression[compression])
		attachments = append(attachments, compression+": "+strings.Join(byCompression[compression], " "))
	}
	live := words(f.live)
	if live == "" {
		live = "no pprof"
	}
	return fmt.Sprintf("| %s %s | %s | %s | %s | %s | %s | %s |", client, version, f.event, f.framing, strings.Join(attachments, "; "), live, f.host, f.token)
}

// commonTags are tags that every client sends, and the one of DD_TAGS.
var commonTags = []string{"env", "rack", "runtime-id", "runtime_version", "profiler_version", "service", "version"}

func (f *facts) tagsRow(t *testing.T, client, version string) string {
	t.Helper()
	others := maps.Clone(f.tags)
	for _, key := range commonTags {
		if !others[key] {
			t.Errorf("%s %s sends no tag %s", client, version, key)
		}
		delete(others, key)
	}
	return fmt.Sprintf("| %s %s | %s |", client, version, words(others))
}

func table(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(tableFile))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

func (f *facts) compareWithTable(t *testing.T, client, version string) {
	t.Helper()
	lines := table(t)
	for _, want := range []string{f.row(client, version), f.tagsRow(t, client, version)} {
		if !slices.Contains(lines, want) {
			t.Errorf("%s has not the row\n%s", tableFile, want)
		}
	}
}

// Each client of the matrix has its two rows, and there are no others.
func TestClientsTable(t *testing.T) {
	got := map[string]int{}
	for _, line := range table(t) {
		client, _, isVersion := strings.Cut(strings.TrimPrefix(line, "| "), " ")
		if strings.HasPrefix(line, "| ") && isVersion && versions[client] != nil {
			version, _, _ := strings.Cut(strings.TrimPrefix(line, "| "+client+" "), " ")
			got[client+" "+version]++
		}
	}
	want := map[string]int{}
	for client, all := range versions {
		for _, version := range all {
			want[client+" "+version] = 2
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s has the rows %v, not %v", tableFile, got, want)
	}
}
