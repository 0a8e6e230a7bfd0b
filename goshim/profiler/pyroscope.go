//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/pyroscope"
	"github.com/cmemprof/cmemprof/upload"
)

// pyroscopeExporter sends batches as pushes to Grafana Pyroscope, one for each profile: the server takes or refuses each by itself. A batch waits and is
// spooled as for an Agent, and becomes pushes when it is due.
type pyroscopeExporter struct {
	target   *pyroscopeTarget
	client   *http.Client
	messages onceLog
	progress pyroscopeProgress
}

// pyroscopeProgress is what has become of a batch that is tried again.
type pyroscopeProgress struct {
	batch   string          // the ID of its first profile
	settled map[string]bool // profiles that are taken or refused for good, by ID
	taken   bool            // one at least
}

func newPyroscopeExporter(c *config) *pyroscopeExporter {
	client := c.httpClient
	if client == nil {
		client = upload.NewHTTPClient(nil)
	}
	return &pyroscopeExporter{target: c.pyroscope, client: client}
}

// send has the form that uploader wants. Of the request it uses the batch, not the target. A batch that is tried again has what is left of it sent.
func (e *pyroscopeExporter) send(ctx context.Context, r upload.Request) error {
	all, err := pyroscopeSeries(r, func(what, text string) { e.messages.warn(what, "cmemprof: "+text) })
	if err != nil {
		return otlpError(err)
	}
	if len(all) == 0 {
		return nil
	}
	if e.progress.batch != all[0].ID {
		e.progress = pyroscopeProgress{batch: all[0].ID, settled: map[string]bool{}}
	}
	var refusal error
	for _, s := range all {
		if e.progress.settled[s.ID] {
			continue
		}
		err := e.push(ctx, r, s)
		if err != nil && !isOfProfile(err) {
			return otlpError(err)
		}
		if err != nil {
			refusal = err
			name := s.Labels[0].Value
			e.messages.warn(name, fmt.Sprintf("cmemprof: Pyroscope does not take the profile %s: %v", name, err))
		}
		e.progress.taken = e.progress.taken || err == nil
		e.progress.settled[s.ID] = true
	}
	if e.progress.taken {
		return nil
	}
	return refusal
}

// isOfProfile reports whether the server refuses the profile for good, and not the sender, nor for a cause that passes.
func isOfProfile(err error) bool {
	var e *upload.Error
	return errors.As(err, &e) && e.Code == upload.Rejected &&
		slices.Contains([]int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}, e.Status)
}

func (e *pyroscopeExporter) push(ctx context.Context, r upload.Request, s pyroscope.Series) error {
	body, err := pyroscope.Push([]pyroscope.Series{s})
	if err != nil {
		return err
	}
	message := upload.Message{URL: r.URL, ContentType: "application/proto", Headers: e.target.headers, Timeout: r.Timeout, Body: body}
	_, err = upload.Post(ctx, e.client, message, pyroscope.StatusText)
	return err
}

// pyroscopeSeries makes a series of each profile of a batch. leftOut is told once for each what.
func pyroscopeSeries(r upload.Request, leftOut func(what, text string)) ([]pyroscope.Series, error) {
	var event struct {
		Tags  string `json:"tags_profiler"`
		Start string `json:"start"`
	}
	if err := json.Unmarshal(r.Event, &event); err != nil {
		return nil, err
	}
	tags := event.Tags
	for _, header := range r.BatchHeaders {
		if name, value, _ := strings.Cut(header, ": "); name == "Datadog-Container-ID" {
			tags += ",container_id:" + value
		}
	}
	labels, rest, err := pyroscope.LabelsOfTags(tags)
	if err != nil {
		return nil, err
	}
	if rest > 0 {
		leftOut("labels", fmt.Sprintf("%d tags are not sent to Pyroscope, which takes 30 labels: service, env, version, host, and the first of the others are", rest))
	}
	var all []pyroscope.Series
	for _, a := range r.Attachments {
		if !strings.HasSuffix(a.Name, ".pprof") { // not metrics.json and execution traces: they are no profiles
			continue
		}
		profile, err := pyroscope.SentProfile(a.Bytes)
		if err == nil {
			profile, err = merge.Compress(profile, merge.Output{Compression: merge.Gzip})
		}
		var fault *merge.Error
		if errors.As(err, &fault) && fault.Code == merge.NoMemory {
			return nil, err
		}
		if err != nil {
			leftOut(a.Name, fmt.Sprintf("%s cannot be sent to Pyroscope and is left out: %v", a.Name, err))
			continue
		}
		metric, delta := pyroscope.MetricOfFile(a.Name)
		own := []pyroscope.Label{{Name: "__name__", Value: metric}}
		if delta {
			own = append(own, pyroscope.Label{Name: "__delta__", Value: "false"})
		}
		all = append(all, pyroscope.Series{Labels: append(own, labels...), ID: pyroscopeID(event.Tags, event.Start, a.Name), Profile: profile})
	}
	return all, nil
}

// pyroscopeID is a UUID of the profile, the same each time a batch is tried.
func pyroscopeID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	text := hex.EncodeToString(sum[:16])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
