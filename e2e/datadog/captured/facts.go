package captured

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compression detects the format by the first bytes, like the backend.
func (p Part) Compression() string {
	switch {
	case bytes.HasPrefix(p.Data, []byte{0x1f, 0x8b}):
		return "gzip"
	case bytes.HasPrefix(p.Data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd"
	}
	return "none"
}

// Plain returns the data without compression.
func (p Part) Plain(t testing.TB) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(p.Data)
	var err error
	switch p.Compression() {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatalf("%s: %v", p.Filename, err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", p.Filename, err)
	}
	return data
}

// Profile reads a .pprof.
func (p Part) Profile(t testing.TB) *profile.Profile {
	t.Helper()
	parsed, err := profile.ParseUncompressed(p.Plain(t))
	if err != nil {
		t.Fatalf("%s: %v", p.Filename, err)
	}
	return parsed
}

// Sums sums each sample type over the samples with a function of this name on their stack.
func Sums(p *profile.Profile, function string) map[string]int64 {
	sums := map[string]int64{}
	for _, s := range p.Sample {
		if slices.ContainsFunc(s.Location, func(l *profile.Location) bool {
			return slices.ContainsFunc(l.Line, func(line profile.Line) bool { return line.Function != nil && line.Function.Name == function })
		}) {
			for i, v := range s.Value {
				sums[p.SampleType[i].Type] += v
			}
		}
	}
	return sums
}

// BlockSums sums each sample type of a heap profile over the blocks of this size. By size and not by function, since the runtime may allocate
// a little memory of its own on the same stack.
func BlockSums(p *profile.Profile, size int64) map[string]int64 {
	sums := map[string]int64{}
	for _, s := range p.Sample {
		if slices.Equal(s.NumLabel["bytes"], []int64{size}) {
			for i, v := range s.Value {
				sums[p.SampleType[i].Type] += v
			}
		}
	}
	return sums
}

// Tags whose values depend on the process, not on its configuration.
var volatileTags = []string{"process_id", "runtime-id", "profiler_version"}

// Facts returns what must be equal in an upload of two profilers, as sorted lines. The number of waits is among them if everyWait: if the
// rates of the mutex and block profiles are 1.
func (b Batch) Facts(t testing.TB, everyWait bool) []string {
	t.Helper()
	facts := map[string]bool{"request " + b.Method + " " + b.Path: true}
	add := func(format string, a ...any) { facts[fmt.Sprintf(format, a...)] = true }
	b.addHeaders(add)
	event := b.Event(t)
	addKeys(add, "", event)
	add("event family is %v, version %v", event["family"], event["version"])
	var named, sent []string
	attachments, _ := event["attachments"].([]any) // null if there is none
	for _, a := range attachments {
		named = append(named, fmt.Sprint(a))
	}
	for i, p := range b.Parts {
		add("part %s named %s type %q", p.Filename, p.Name, p.ContentType)
		if p.Filename != "event.json" {
			sent = append(sent, p.Filename)
		} else if i == len(b.Parts)-1 {
			add("event comes last")
		}
	}
	add("event names what is sent: %v", slices.Equal(named, sent))
	for _, tag := range b.Tags(t) {
		if key, _, _ := strings.Cut(tag, ":"); slices.Contains(volatileTags, key) {
			tag = key + ":..."
		}
		add("tag %s", tag)
	}
	for name, p := range b.Attachments() {
		switch {
		case strings.HasSuffix(name, ".pprof"):
			addProfile(add, name, p.Profile(t), everyWait)
		case name == "metrics.json":
			var points [][2]any
			if err := json.Unmarshal(p.Plain(t), &points); err != nil {
				t.Fatalf("metrics.json: %v", err)
			}
			for _, point := range points {
				add("metrics.json has %v", point[0])
			}
		}
	}
	return slices.Sorted(maps.Keys(facts))
}

// addKeys adds every key of an object and of nested objects, and the values of the settings.
func addKeys(add func(string, ...any), prefix string, object map[string]any) {
	for key, value := range object {
		add("event has %s%s", prefix, key)
		if inner, ok := value.(map[string]any); ok {
			addKeys(add, prefix+key+".", inner)
		} else if strings.HasPrefix(prefix, "info.") {
			add("event %s%s is %v", prefix, key, value)
		}
	}
}

func (b Batch) addHeaders(add func(string, ...any)) {
	for key, values := range b.Header {
		switch key {
		case "Content-Length":
			add("header %s", key)
		case "Content-Type":
			add("header %s: multipart/form-data", key)
		default:
			add("header %s: %s", key, strings.Join(values, ", "))
		}
	}
}

// RetainedBlock is the size of the large block that the programs keep.
const RetainedBlock = 32 << 20

// addProfile adds the kind of profile, and the exact figures of load.go.
func addProfile(add func(string, ...any), name string, p *profile.Profile, everyWait bool) {
	types := make([]string, len(p.SampleType))
	for i, t := range p.SampleType {
		types[i] = t.Type + "/" + t.Unit
	}
	add("%s has %s", name, strings.Join(types, " "))
	period := "none"
	if p.PeriodType != nil {
		period = p.PeriodType.Type + "/" + p.PeriodType.Unit
	}
	add("%s has period %d of %s", name, p.Period, period)
	if p.DefaultSampleType != "" {
		add("%s shows %s", name, p.DefaultSampleType)
	}
	switch name {
	case "heap.pprof", "delta-heap.pprof":
		for kind, sum := range BlockSums(p, RetainedBlock) {
			add("%s: the large block: %s %d", name, kind, sum)
		}
	case "mutex.pprof", "delta-mutex.pprof", "block.pprof", "delta-block.pprof":
		if everyWait {
			add("%s: main.unlock waits %d times", name, Sums(p, "main.unlock")["contentions"])
			add("%s: main.wait waits %d times", name, Sums(p, "main.wait")["contentions"])
		}
	case "goroutines.pprof", "goroutineswait.pprof":
		add("%s: main.main %v", name, Sums(p, "main.main"))
	}
}
