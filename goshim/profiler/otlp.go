//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/otlp"
	"github.com/cmemprof/cmemprof/upload"
)

// otlpExporter sends batches as requests of OpenTelemetry's protocol. A batch waits and is spooled as for an Agent, and becomes a request when it
// is due, so that all that holds for uploads holds for these.
type otlpExporter struct {
	target   *otlpTarget
	client   *http.Client
	messages onceLog
}

func newOTLPExporter(c *config) *otlpExporter {
	client := c.httpClient
	if client == nil {
		client = upload.NewHTTPClient(c.otlp.roots)
	}
	return &otlpExporter{target: c.otlp, client: client}
}

// send has the form that uploader wants. Of the request it uses the batch, not the target.
func (e *otlpExporter) send(ctx context.Context, r upload.Request) error {
	return otlpError(e.post(ctx, r))
}

// otlpError lets a batch be tried again that could not be encoded for want of memory.
func otlpError(err error) error {
	var fault *merge.Error
	if errors.As(err, &fault) && fault.Code == merge.NoMemory {
		return &upload.Error{Code: upload.NoMemory}
	}
	return err
}

func (e *otlpExporter) post(ctx context.Context, r upload.Request) error {
	body, err := otlpBody(r, func(file string, err error) {
		e.messages.warn(file, fmt.Sprintf("cmemprof: %s cannot be sent as OTLP and is left out: %v", file, err))
	})
	if err != nil || body == nil {
		return err
	}
	message := upload.Message{URL: r.URL, ContentType: "application/x-protobuf", Headers: e.target.headers, Timeout: r.Timeout, Body: body}
	if e.target.gzip {
		message.Encoding = "gzip"
		if message.Body, err = merge.Compress(body, merge.Output{Compression: merge.Gzip}); err != nil {
			return err
		}
	}
	answer, err := upload.Post(ctx, e.client, message, otlp.StatusText)
	if err != nil {
		return err
	}
	if rejected, text := otlp.Rejected(answer); rejected > 0 {
		return &upload.Error{Code: upload.Rejected, Status: http.StatusOK, Text: fmt.Sprintf("%d profiles are not taken: %s", rejected, text)}
	}
	return nil
}

// loaded is when the program and its libraries were mapped, or soon after.
var loaded = time.Now()

// otlpBody makes a request of a batch: its profiles, and its tags as attributes of the resource. nil: the batch has no profiles. leftOut is told of
// files that cannot be read; if there are no others, the result is an error.
func otlpBody(r upload.Request, leftOut func(file string, err error)) ([]byte, error) {
	var event struct {
		Tags     string      `json:"tags_profiler"`
		Resource [][2]string `json:"otlp_resource"`
		Start    time.Time   `json:"start"`
		End      time.Time   `json:"end"`
	}
	if err := json.Unmarshal(r.Event, &event); err != nil {
		return nil, err
	}
	var since time.Time // a batch of a process before this one may be of other files
	if !event.Start.Before(loaded) {
		since = loaded
	}
	var files []otlp.File
	for _, a := range r.Attachments {
		if strings.HasSuffix(a.Name, ".pprof") { // not metrics.json and execution traces: they are no profiles
			files = append(files, otlp.File{Name: a.Name, Profile: a.Bytes, Start: event.Start, Duration: max(0, event.End.Sub(event.Start)), HashSince: since})
		}
	}
	resource := otlpResource(event.Resource, event.Tags, r.BatchHeaders)
	var fault error
	for len(files) > 0 {
		body, err := otlp.Encode(resource, files)
		var bad *otlp.FileError
		if !errors.As(err, &bad) {
			return body, err
		}
		leftOut(files[bad.Index].Name, err)
		files = slices.Delete(files, bad.Index, bad.Index+1)
		fault = err
	}
	return nil, fault
}

// otlpResource makes attributes of tags, with those of first before them. Of those of one key the first holds, as in the tags.
func otlpResource(first [][2]string, tags string, headers []string) []otlp.Attribute {
	var all []otlp.Attribute
	add := func(a otlp.Attribute) {
		if !slices.ContainsFunc(all, func(b otlp.Attribute) bool { return b.Key == a.Key }) {
			all = append(all, a)
		}
	}
	for _, pair := range first {
		add(otlpAttribute(pair[0], pair[1]))
	}
	for tag := range strings.SplitSeq(tags, ",") {
		key, value, ok := strings.Cut(tag, ":")
		if !ok {
			continue
		}
		add(otlpAttribute(otlp.AttributeOfTag(key), value))
	}
	for _, header := range headers {
		if name, value, _ := strings.Cut(header, ": "); name == "Datadog-Container-ID" {
			add(otlp.Attribute{Key: "container.id", Text: value})
		}
	}
	add(otlp.Attribute{Key: "telemetry.sdk.name", Text: "cmemprof"})
	add(otlp.Attribute{Key: "telemetry.sdk.version", Text: version})
	return all
}

func otlpAttribute(key, value string) otlp.Attribute {
	if number, err := strconv.ParseInt(value, 10, 64); err == nil && key == "process.pid" { // an int by the conventions
		return otlp.Attribute{Key: key, Number: number, IsNumber: true}
	}
	return otlp.Attribute{Key: key, Text: value}
}
