// Package jfr compares what the receiver reads of Java's recordings with what the JDK's own reader and async-profiler's converter read of them.
//
// The recordings are made when the tests run (package java): always with one JDK and one agent, with CMEMPROF_JFR=full (make test-jfr) with all that
// docs/jfr.md lists. CMEMPROF_COMMAND is the program under test (default ../../build/cmemprof).
package jfr

// Every event of every type, with all its fields, as the receiver lists them and as the JDK's reader (../java/program/Dump.java) does.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/java"
)

// The one that is always tested, as in make test-jfr.
func TestJDK(t *testing.T) {
	t.Parallel()
	j := java.AnyJDK(t)
	for _, settings := range []string{"default", "all"} {
		t.Run(settings, func(t *testing.T) {
			t.Parallel()
			compareWithJDK(t, j, java.Recorded(t, j, settings, 2, java.Works...))
		})
	}
}

func TestAllJDKs(t *testing.T) {
	onlyInFull(t)
	for _, version := range []string{"11", "17", "21", "25"} {
		for _, settings := range []string{"default", "profile", "all"} {
			t.Run(version+" "+settings, func(t *testing.T) {
				j := java.TheJDK(t, version)
				compareWithJDK(t, j, java.Recorded(t, j, settings, 3, java.Works...))
			})
		}
	}
}

const newestAgent = "1.68.1"

func TestAgent(t *testing.T) {
	t.Parallel()
	j := java.AnyJDK(t)
	for _, recording := range java.ByAgent(t, j, newestAgent, true) {
		compareWithJDK(t, j, recording)
	}
}

func TestAllAgents(t *testing.T) {
	onlyInFull(t)
	for _, version := range []string{"1.34.0", "1.40.0", newestAgent} {
		for _, native := range []bool{true, false} {
			for _, release := range []string{"11", "17", "21", "25"} {
				t.Run(fmt.Sprintf("%s native %v JDK %s", version, native, release), func(t *testing.T) {
					if release == "25" && version != newestAgent {
						t.Skip("it is older than this JDK")
					}
					j := java.TheJDK(t, release)
					reader := j
					// JDK 17 and later read no chunk of the native profiler of these (findings/dd-java-agent-recording.sh), JDK 11 does.
					if native && version != newestAgent {
						reader = java.TheJDK(t, "11")
					}
					for _, recording := range java.ByAgent(t, j, version, native) {
						compareWithJDK(t, reader, recording)
					}
				})
			}
		}
	}
}

const newestAsyncProfiler = "4.6"

func TestAsyncProfiler(t *testing.T) {
	onlyInFull(t)
	for i, options := range asyncProfilers {
		t.Run(fmt.Sprint(i), func(t *testing.T) { // it takes a comma in the name of its file for the end of it
			t.Log(options)
			j := java.AnyJDK(t)
			compareWithJDK(t, j, java.ByAsyncProfiler(t, j, newestAsyncProfiler, options, 3))
		})
	}
}

var asyncProfilers = []string{"event=cpu,interval=10ms", "event=wall,interval=20ms", "alloc=100k,live", "lock=1ms", "nativemem=1k",
	"event=cpu,wall=20ms,alloc=100k,lock=1ms,nativemem=1k"}

func onlyInFull(t *testing.T) {
	t.Helper()
	if os.Getenv("CMEMPROF_JFR") != "full" {
		t.Skip("only in make test-jfr")
	}
}

// ---- Events ----

type event struct {
	Type   string
	Chunk  int
	Fields map[string]any
}

// compareWithJDK gives the JDK each chunk as a file of its own, since it takes the types of the first for those of all.
func compareWithJDK(t *testing.T, j java.JDK, recording []byte) {
	t.Helper()
	ours := listed(t, java.Import(t, built.Receiver(t), recording))
	counts := map[string]int{}
	all := java.Chunks(t, recording)
	for number, chunk := range all {
		file := filepath.Join(t.TempDir(), "chunk.jfr")
		if err := os.WriteFile(file, chunk, 0o644); err != nil {
			t.Fatal(err)
		}
		next := ours.of(number)
		dump := j.Command("-cp", java.Classes(t), "Dump", file)
		var log bytes.Buffer
		dump.Stderr = &log
		output, err := dump.StdoutPipe()
		if err == nil {
			err = dump.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		differences := compareEvents(output, next, counts)
		_, _ = io.Copy(io.Discard, output)
		if err := dump.Wait(); err != nil {
			t.Fatalf("Dump: %v\n%s", err, &log)
		}
		if len(differences) > 0 {
			t.Errorf("chunk %d of %d:\n%s", number, len(all), strings.Join(differences, "\n"))
		}
	}
	if len(counts) < 8 {
		t.Errorf("only these were compared: %v", counts)
	}
	compareCounts(t, ours.address, ours.counts)
	var text []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		text = append(text, fmt.Sprintf("%s %d", name, counts[name]))
	}
	t.Logf("%d chunks; equal: %s", len(all), strings.Join(text, ", "))
}

// compareEvents compares the JDK's events with ours, in the order of the chunk.
func compareEvents(theirs io.Reader, next func() *event, counts map[string]int) (differences []string) {
	const most = 5
	lines := bufio.NewReaderSize(theirs, 1<<20)
	for number := 0; len(differences) < most; number++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var want event
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&want); err != nil {
			return append(differences, fmt.Sprintf("event %d: %v in %.200s", number, err, line))
		}
		got := next()
		if got == nil {
			return append(differences, fmt.Sprintf("event %d, %s, is missing", number, want.Type))
		}
		if got.Type != want.Type {
			return append(differences, fmt.Sprintf("event %d is %s, the JDK says %s", number, got.Type, want.Type))
		}
		counts[want.Type]++
		if at := difference("", got.Fields, want.Fields); at != "" {
			differences = append(differences, fmt.Sprintf("event %d, %s: %s", number, want.Type, at))
		}
	}
	if len(differences) == 0 {
		if got := next(); got != nil {
			differences = append(differences, "the JDK does not have "+got.Type)
		}
	}
	return differences
}

// difference is where two values differ, "" if nowhere. The JDK's arrays and structs may be null where ours are empty.
func difference(path string, got, want any) string {
	differs := func() string { return fmt.Sprintf("%s is %.300v, the JDK says %.300v", path, got, want) }
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return differs()
		}
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
			return differs()
		}
		for name, value := range want {
			if at := difference(path+"."+name, got[name], value); at != "" {
				return at
			}
		}
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return differs()
		}
		for i, value := range want {
			if at := difference(fmt.Sprintf("%s[%d]", path, i), got[i], value); at != "" {
				return at
			}
		}
	case json.Number:
		got, ok := got.(json.Number)
		if !ok || !sameNumber(got, want) {
			return differs()
		}
	case string:
		if text, ok := got.(string); !ok || text != want {
			return differs()
		}
	default: // null, true, false
		if got != want {
			return differs()
		}
	}
	return ""
}

// The JDK prints a float in the digits that it needs, we print the double that it is.
func sameNumber(got, want json.Number) bool {
	if got == want {
		return true
	}
	a, errA := got.Float64()
	b, errB := want.Float64()
	isReal := strings.ContainsAny(string(want), ".eE")
	return errA == nil && errB == nil && isReal && math.Abs(a-b) <= 1e-6*math.Max(math.Abs(a), math.Abs(b))
}

// ---- The receiver's ----

type listing struct {
	t       *testing.T
	address string
	page    []event
	after   uint64
	more    bool
	counts  map[string]int64
	pending *event
}

// listed pages through all events of an attachment.
func listed(t *testing.T, address string) *listing {
	return &listing{t: t, address: address, more: true, counts: map[string]int64{}}
}

func (l *listing) next() *event {
	if len(l.page) == 0 && l.more {
		var answer struct {
			Events []struct {
				event
				Offset uint64
			}
			More    bool
			Damaged int
		}
		java.GetJSON(l.t, fmt.Sprintf("%s/events?limit=5000&after=%d", l.address, l.after), &answer)
		if answer.Damaged > 0 {
			l.t.Errorf("%d events are damaged", answer.Damaged)
		}
		l.more = answer.More && len(answer.Events) > 0
		for _, one := range answer.Events {
			l.page, l.after = append(l.page, one.event), one.Offset
		}
	}
	if len(l.page) == 0 {
		return nil
	}
	one := l.page[0]
	l.page = l.page[1:]
	l.counts[one.Type]++
	return &one
}

// of returns a function that returns the events of a chunk, then nil.
func (l *listing) of(chunk int) func() *event {
	return func() *event {
		for {
			if l.pending == nil {
				l.pending = l.next()
			}
			if l.pending == nil || l.pending.Chunk > chunk {
				return nil
			}
			one := l.pending
			l.pending = nil
			if one.Chunk == chunk {
				return one
			}
		}
	}
}

// compareCounts checks the table of types against the events that were listed.
func compareCounts(t *testing.T, address string, listed map[string]int64) {
	t.Helper()
	var answer struct {
		Events []struct {
			Type  string
			Count json.Number
		}
	}
	java.GetJSON(t, address+"/jfr", &answer)
	for _, one := range answer.Events {
		count, err := one.Count.Int64()
		if one.Type == "jdk.Metadata" || one.Type == "jdk.CheckPoint" {
			continue
		}
		if err != nil || count != listed[one.Type] {
			t.Errorf("%s events %s in the table, %d are listed", one.Count, one.Type, listed[one.Type])
		}
		delete(listed, one.Type)
	}
	if len(listed) > 0 {
		t.Errorf("not in the table: %v", listed)
	}
}
