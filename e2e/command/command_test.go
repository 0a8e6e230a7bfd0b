// Package command tests the built program cmemprof: its tables against those of `go tool pprof`, its profiles against google/pprof.
package command

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/profiles"
	"github.com/google/pprof/profile"
)

func program(t *testing.T) string { return built.Program(t, "CMEMPROF_COMMAND", "cmemprof") }

// run runs cmemprof and returns its output and exit status.
func run(t *testing.T, arguments ...string) (out, complaint string, status int) {
	t.Helper()
	command := exec.Command(program(t), arguments...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

// succeed is run for a command that must not fail.
func succeed(t *testing.T, arguments ...string) string {
	t.Helper()
	out, complaint, status := run(t, arguments...)
	if status != 0 || complaint != "" {
		t.Fatalf("cmemprof %s: status %d: %s", strings.Join(arguments, " "), status, complaint)
	}
	return out
}

// goPprof returns the complete output of `go tool pprof -top` in the samples' unit.
func goPprof(t *testing.T, sampleType *profile.ValueType, arguments ...string) string {
	t.Helper()
	unit := map[string]string{"bytes": "B", "nanoseconds": "ns"}[sampleType.Unit]
	if unit == "" {
		unit = "minimum"
	}
	all := append([]string{"tool", "pprof", "-top", "-trim=false", "-symbolize=none", "-unit=" + unit, "-sample_index=" + sampleType.Type}, arguments...)
	command := exec.Command("go", all...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("go %s: %v: %s", strings.Join(all, " "), err, stderr.String())
	}
	return stdout.String()
}

// write writes a profile, not compressed, to a file of the test.
func write(t *testing.T, p *profile.Profile) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "*.pprof")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := p.WriteUncompressed(file); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// captured returns the profiles of captured uploads, inflated.
func captured(t *testing.T) map[string]*profile.Profile {
	t.Helper()
	files, err := profiles.Captures("../..")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*profile.Profile{}
	for _, file := range files {
		p, err := profile.ParseData(file.Raw)
		if err != nil {
			t.Fatalf("%s: %v", file.Name, err)
		}
		found[file.Name] = p
	}
	if len(found) < 8 {
		t.Fatalf("%d profiles in the captures", len(found))
	}
	return found
}

// service makes profiles like those of one process: the same stacks, and counters that only grow.
type service struct {
	*rand.Rand
	p *profile.Profile
}

func newService(seed int64) *service {
	s := &service{rand.New(rand.NewSource(seed)), &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "alloc_objects", Unit: "count"}, {Type: "alloc_space", Unit: "bytes"},
			{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}},
		PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: 512 << 10, TimeNanos: 1700000000e9,
		Mapping: []*profile.Mapping{{ID: 1, Start: 0x400000, Limit: 0x800000, File: "/bin/service", BuildID: "feed", HasFunctions: true},
			{ID: 2, Start: 0x7f0000000000, Limit: 0x7f0000100000, File: "/lib/libsqlite3.so.0", HasFunctions: true}}}}
	for i := range 30 {
		name, file := fmt.Sprintf("example.com/shop/part%d.(*T).f%d", i%4, i%20), fmt.Sprintf("/src/shop/part%d/t%d.go", i%4, i%3)
		if i%5 == 4 {
			name, file = fmt.Sprintf("sqlite3Step%d", i%7), "/src/sqlite3.c"
		}
		s.p.Function = append(s.p.Function, &profile.Function{ID: uint64(i + 1), Name: name, SystemName: name, Filename: file})
	}
	for i := range 80 {
		inSQLite := i % 5 / 4 // every fifth function is, and every fifth location
		m := s.p.Mapping[inSQLite]
		l := &profile.Location{ID: uint64(i + 1), Mapping: m, Address: m.Start + uint64(i)*16}
		for range 1 + s.Intn(3)/2 {
			l.Line = append(l.Line, profile.Line{Function: s.p.Function[5*s.Intn(6)+(1-inSQLite)*s.Intn(4)+4*inSQLite], Line: int64(s.Intn(9))})
		}
		s.p.Location = append(s.p.Location, l)
	}
	for range 200 {
		sample := &profile.Sample{Value: make([]int64, 4)}
		for range 1 + s.Intn(12) { // recursion is likely
			sample.Location = append(sample.Location, s.p.Location[s.Intn(80)])
		}
		if s.Intn(3) == 0 {
			sample.Label = map[string][]string{"memory": {"C"}}
		}
		s.p.Sample = append(s.p.Sample, sample)
	}
	return s
}

// next returns the profile a minute later.
func (s *service) next() *profile.Profile {
	s.p.TimeNanos += 60e9
	for _, sample := range s.p.Sample {
		objects, size := s.Int63n(100), s.Int63n(1e6)
		sample.Value[0] += objects
		sample.Value[1] += objects * size
		sample.Value[2], sample.Value[3] = s.Int63n(100), s.Int63n(1e9)
	}
	return s.p.Copy()
}
