package profiler

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/cmemprof/cmemprof/upload"
)

// batch is what one period gave.
type batch struct {
	seq         uint64 // 0 for the first of a Start: a gap shows a batch that was lost
	start, end  time.Time
	attachments []upload.Attachment
}

// event is event.json, which tells the backend what the batch is. Its keys are those of dd-trace-go v1.
type event struct {
	Start       string   `json:"start"`
	End         string   `json:"end"`
	Attachments []string `json:"attachments"`
	Tags        string   `json:"tags_profiler"`
	Family      string   `json:"family"`
	Version     string   `json:"version"`
}

func (c *config) event(b batch) ([]byte, error) {
	e := event{
		Start:   b.start.UTC().Format(time.RFC3339Nano), // fractions, as v2 sends them: a short last period has a length
		End:     b.end.UTC().Format(time.RFC3339Nano),
		Tags:    strings.Join(c.batchTags(b), ","),
		Family:  "go",
		Version: "4",
	}
	for _, a := range b.attachments {
		e.Attachments = append(e.Attachments, a.Name)
	}
	return json.Marshal(e)
}

// batchTags: the reader splits them at commas, there is no way to write a comma within one. runtime-id has a hyphen, runtime_version does not.
func (c *config) batchTags(b batch) []string {
	tags := []string{
		fmt.Sprintf("process_id:%d", os.Getpid()),
		"profiler_version:" + version,
		"runtime_version:" + strings.TrimPrefix(runtime.Version(), "go"),
		"runtime_compiler:" + runtime.Compiler,
		"runtime_arch:" + runtime.GOARCH,
		"runtime_os:" + runtime.GOOS,
		"runtime-id:" + runtimeID(),
	}
	if c.version != "" {
		tags = append(tags, "version:"+c.version)
	}
	tags = append(tags, c.tags...)
	tags = append(tags, "service:"+c.service, "env:"+c.env, fmt.Sprintf("profile_seq:%d", b.seq))
	if c.hostname != "" {
		tags = append(tags, "host:"+c.hostname)
	}
	return append(tags, "runtime:go", "language:go")
}

// runtimeID is one random UUID (version 4) for the life of the process.
var runtimeID = sync.OnceValue(func() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
})
