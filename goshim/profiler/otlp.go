//go:build linux && amd64 && cgo

package profiler

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/otlp"
	"github.com/cmemprof/cmemprof/upload"
)

// otlpExporter sends batches as requests of OpenTelemetry's protocol. A batch waits and is spooled as for an Agent, and becomes a request when it
// is due, so that all that holds for uploads holds for these.
type otlpExporter struct {
	target *otlpTarget
	client *http.Client
}

func newOTLPExporter(c *config) *otlpExporter {
	client := c.httpClient
	if client == nil {
		client = upload.NewHTTPClient(c.otlp.roots)
	}
	return &otlpExporter{c.otlp, client}
}

// send has the form that uploader wants. Of the request it uses the batch, not the target.
func (e *otlpExporter) send(ctx context.Context, r upload.Request) error {
	body, err := otlpBody(r, e.target.attributes)
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

// otlpBody makes a request of a batch: its profiles, and its tags as attributes of the resource. nil: the batch has no profiles.
func otlpBody(r upload.Request, more [][2]string) ([]byte, error) {
	var event struct {
		Tags string `json:"tags_profiler"`
	}
	if err := json.Unmarshal(r.Event, &event); err != nil {
		return nil, err
	}
	var files []otlp.File
	for _, a := range r.Attachments {
		if strings.HasSuffix(a.Name, ".pprof") { // not metrics.json and execution traces: they are no profiles
			files = append(files, otlp.File{Name: a.Name, Profile: a.Bytes})
		}
	}
	if files == nil {
		return nil, nil
	}
	return otlp.Encode(otlpResource(event.Tags, r.BatchHeaders, more), files)
}

// otlpResource makes attributes of tags. Of those of one key the first holds, as in the tags.
func otlpResource(tags string, headers []string, more [][2]string) []otlp.Attribute {
	var all []otlp.Attribute
	add := func(a otlp.Attribute) {
		if !slices.ContainsFunc(all, func(b otlp.Attribute) bool { return b.Key == a.Key }) {
			all = append(all, a)
		}
	}
	for tag := range strings.SplitSeq(tags, ",") {
		key, value, ok := strings.Cut(tag, ":")
		if !ok {
			continue
		}
		a := otlp.Attribute{Key: otlp.AttributeOfTag(key), Text: value}
		if number, err := strconv.ParseInt(value, 10, 64); err == nil && a.Key == "process.pid" { // an int by the conventions
			a = otlp.Attribute{Key: a.Key, Number: number, IsNumber: true}
		}
		add(a)
	}
	for _, header := range headers {
		if name, value, _ := strings.Cut(header, ": "); name == "Datadog-Container-ID" {
			add(otlp.Attribute{Key: "container.id", Text: value})
		}
	}
	add(otlp.Attribute{Key: "telemetry.sdk.name", Text: "cmemprof"})
	add(otlp.Attribute{Key: "telemetry.sdk.version", Text: version})
	for _, pair := range more {
		add(otlp.Attribute{Key: pair[0], Text: pair[1]})
	}
	return all
}
