//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/upload"
)

// version is sent as profiler_version and DD-EVP-ORIGIN-VERSION.
const version = "v" + merge.Version

// batch is the result of one period.
type batch struct {
	seq         uint64 // counts from 0 after each Start; a gap means a lost batch
	start, end  time.Time
	attachments []upload.Attachment
	endpoints   map[string]uint64 // requests by endpoint
	trigger     string            // why it was taken before its time; "": it was not
	leftOut     bool              // memory was short: it has C's live heap at most, and metrics
	cInterval   int64             // of sampling C allocations at its end
}

func (b batch) has(attachment string) bool {
	return slices.ContainsFunc(b.attachments, func(a upload.Attachment) bool { return a.Name == attachment })
}

// event is event.json, which describes the batch to the backend. Its keys are those of dd-trace-go, v1 and v2.
type event struct {
	Start            string            `json:"start"`
	End              string            `json:"end"`
	Attachments      []string          `json:"attachments"`
	Tags             string            `json:"tags_profiler"`
	Family           string            `json:"family"`
	Version          string            `json:"version"`
	EndpointCounts   map[string]uint64 `json:"endpoint_counts,omitempty"`
	CustomAttributes []string          `json:"custom_attributes,omitempty"`
	Info             eventInfo         `json:"info"`
	ProcessTags      string            `json:"process_tags,omitempty"`
	Resource         [][2]string       `json:"otlp_resource,omitempty"` // only for otlpBody: attributes that go before the tags
}

type eventInfo struct {
	Profiler struct {
		SSI struct { // single-step instrumentation: how the profiler got into the program
			Mechanism string `json:"mechanism"`
		} `json:"ssi"`
		Activation string         `json:"activation"` // who enabled it
		Settings   map[string]any `json:"settings"`
	} `json:"profiler"`
}

func (c *config) event(b batch) ([]byte, error) {
	e := event{
		Start:            b.start.UTC().Format(time.RFC3339Nano), // with fractions, as v2: the last period may be shorter than a second
		End:              b.end.UTC().Format(time.RFC3339Nano),
		Tags:             strings.Join(c.batchTags(b), ","),
		Family:           "go",
		Version:          "4",
		EndpointCounts:   c.reportedEndpoints(b.endpoints),
		CustomAttributes: c.labelKeys,
	}
	if c.otlp != nil {
		e.Resource = c.otlp.attributes
	}
	if c.processTags {
		e.ProcessTags = processTags()
	}
	e.Info.Profiler.SSI.Mechanism = "none"
	e.Info.Profiler.Activation = "manual"
	if c.auto {
		e.Info.Profiler.Activation = "auto"
	}
	e.Info.Profiler.Settings = c.settings()
	e.Info.Profiler.Settings["cmemprof_sampling_rate"] = b.cInterval
	e.Info.Profiler.Settings["cmemprof_enabled"] = b.cInterval > 0 && c.types[HeapProfile]
	for _, a := range b.attachments {
		e.Attachments = append(e.Attachments, a.Name)
	}
	return json.Marshal(e)
}

// batchTags returns the tags. Readers split them at commas, and there is no escape. runtime-id has a hyphen, runtime_version does not.
func (c *config) batchTags(b batch) []string {
	tags := []string{
		"profiler_version:" + version,
		"runtime_version:" + strings.TrimPrefix(runtime.Version(), "go"),
		"runtime_compiler:" + runtime.Compiler,
		"runtime_arch:" + runtime.GOARCH,
		"runtime_os:" + runtime.GOOS,
		"runtime-id:" + runtimeID(),
	}
	tags = append(tags, c.tags.Slice()...)
	tags = append(tags, "service:"+c.service, fmt.Sprintf("profile_seq:%d", b.seq), "runtime:go", "language:go",
		fmt.Sprintf("_dd.profiler.go_execution_trace_enabled:%t", c.trace.enabled), pgoTag())
	if b.has(executionTrace.Filename()) {
		tags = append(tags, "go_execution_traced:yes")
	}
	if !c.leftOut[ReportProcessID] {
		tags = append(tags, fmt.Sprintf("process_id:%d", os.Getpid()))
	}
	if b.trigger != "" {
		tags = append(tags, "trigger:"+b.trigger)
	}
	if b.leftOut {
		tags = append(tags, "left_out:memory")
	}
	if c.env != "" {
		tags = append(tags, "env:"+c.env)
	}
	if c.hostname != "" {
		tags = append(tags, "host:"+c.hostname)
	}
	return tags
}

// runtimeID is a random UUID (version 4), constant for the life of the process.
var runtimeID = sync.OnceValue(func() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
})
