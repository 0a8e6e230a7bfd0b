//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// patience bounds every wait of these tests. It matters only if something is broken.
const patience = 2 * time.Minute

// agent is a fake Datadog Agent that stores batches.
type agent struct {
	*httptest.Server
	status      atomic.Int32 // its answer
	refuseFirst atomic.Int32 // number of requests to answer with 503
	requests    atomic.Int32
	batches     chan *received
	ends        chan struct{} // each send ends a period of a profiler started by startStepped
	asleep      chan struct{} // takes a send while such a period waits for its end
}

// received is one parsed batch.
type received struct {
	path        string
	headers     http.Header
	body        []byte
	attachments map[string][]byte
	order       []string
	event       struct {
		Start, End  time.Time
		Attachments []string
		Tags        string `json:"tags_profiler"`
		Family      string
		Version     string
		Endpoints   map[string]uint64 `json:"endpoint_counts"`
		Attributes  []string          `json:"custom_attributes"`
		ProcessTags string            `json:"process_tags"`
		Info        struct {
			Profiler struct {
				SSI        struct{ Mechanism string }
				Activation string
				Settings   map[string]any
			}
		}
	}
}

func newAgent(t *testing.T) *agent {
	a := newUnstartedAgent()
	a.Start()
	t.Cleanup(a.Close)
	return a
}

func newUnstartedAgent() *agent {
	a := &agent{batches: make(chan *received, 1000), ends: make(chan struct{}), asleep: make(chan struct{})}
	a.status.Store(http.StatusOK)
	a.Server = httptest.NewUnstartedServer(a)
	return a
}

func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.requests.Add(1)
	body, _ := io.ReadAll(r.Body)
	if a.refuseFirst.Add(-1) >= 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if status := int(a.status.Load()); status != http.StatusOK {
		http.Error(w, "the disk is full", status)
		return
	}
	b, err := parse(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.batches <- b
}

func parse(r *http.Request, body []byte) (*received, error) {
	b := &received{path: r.URL.Path, headers: r.Header, body: body, attachments: map[string][]byte{}}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var reader *multipart.Reader
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		if part.FormName() == "event" && part.FileName() == "event.json" {
			if err := json.Unmarshal(content, &b.event); err != nil {
				return nil, err
			}
			continue
		}
		b.attachments[part.FileName()] = content
		b.order = append(b.order, part.FileName())
	}
}

func (a *agent) addr() string { return a.Listener.Addr().String() }

// next waits for a batch.
func (a *agent) next(t *testing.T) *received {
	t.Helper()
	select {
	case b := <-a.batches:
		return b
	case <-time.After(patience):
		t.Fatal("no batch came")
		return nil
	}
}

// end ends a period. It returns once the previous one is collected and its batch is queued.
func (a *agent) end(t *testing.T) {
	t.Helper()
	select {
	case a.ends <- struct{}{}:
	case <-time.After(patience):
		t.Fatal("no period to end")
	}
}

// last checks the batch of Stop, which nothing but Stop has asked for. There is none if Stop came before the next period had begun.
func (a *agent) last(t *testing.T) {
	t.Helper()
	if len(a.batches) > 0 {
		a.next(t).wantTag(t, "trigger")
	}
}

// period ends a period and waits for its batch, and until the next one has begun: what a test changes then holds from that one's end on.
func (a *agent) period(t *testing.T) *received {
	t.Helper()
	a.end(t)
	b := a.next(t)
	select {
	case a.asleep <- struct{}{}:
	case <-time.After(patience):
		t.Fatal("no next period")
	}
	return b
}

// tags returns the values of a tag; keys may repeat.
func (b *received) tags(key string) []string {
	var values []string
	for _, tag := range strings.Split(b.event.Tags, ",") {
		if k, v, _ := strings.Cut(tag, ":"); k == key {
			values = append(values, v)
		}
	}
	return values
}

func (b *received) wantTag(t *testing.T, key string, values ...string) {
	t.Helper()
	if got := b.tags(key); !slices.Equal(got, values) {
		t.Errorf("tag %s: got %q, want %q, in %q", key, got, values, b.event.Tags)
	}
}

func (b *received) profile(t *testing.T, name string) *profile.Profile {
	t.Helper()
	p, err := profile.ParseData(b.attachments[name])
	if err != nil {
		t.Fatalf("%s of %q: %v", name, b.order, err)
	}
	return p
}

func sampleTypes(p *profile.Profile) string {
	var types []string
	for _, s := range p.SampleType {
		types = append(types, s.Type+"/"+s.Unit)
	}
	return strings.Join(types, " ")
}

// one starts a profiler, stops it at once, and returns the batch it sent.
func one(t *testing.T, a *agent, options ...profiler.Option) *received {
	t.Helper()
	start(t, a, append([]profiler.Option{profiler.WithProfileTypes()}, options...)...)
	profiler.Stop()
	return a.next(t)
}

// wantError starts a profiler with invalid options.
func wantError(t *testing.T, text string, options ...profiler.Option) {
	t.Helper()
	err := profiler.Start(options...)
	if err == nil {
		profiler.Stop()
	}
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want %q", err, text)
	}
}

// start starts a profiler that has ended at the end of the test, so that it says and counts nothing in later ones. options are applied last.
func start(t *testing.T, a *agent, options ...profiler.Option) {
	t.Helper()
	all := append([]profiler.Option{profiler.WithAgentAddr(a.addr()), profiler.WithLogStartup(false), profiler.WithUploadTimeout(time.Hour)}, options...)
	if err := profiler.Start(all...); err != nil {
		t.Fatal(err)
	}
	ended := profiler.RunningEnded()
	t.Cleanup(func() {
		profiler.Stop()
		waitFor(t, "the end of the profiler's goroutines", ended)
	})
}

// startStepped is start for a profiler whose periods end only when the test calls end or period, whatever the options say. So no
// batch is dropped because a busy machine sends more slowly than batches are made.
func startStepped(t *testing.T, a *agent, options ...profiler.Option) {
	t.Helper()
	defer profiler.SetFakes(a.steps())()
	start(t, a, append([]profiler.Option{wholePeriod}, options...)...)
}

// wholePeriod makes the CPU profile as long as the period, so that a period has no part before it.
var wholePeriod = profiler.CPUDuration(1000 * time.Hour)

func (a *agent) steps() profiler.Fakes {
	return profiler.Fakes{SleepUntil: func(_ time.Time, exit <-chan struct{}, _ func()) {
		for {
			select {
			case <-a.asleep:
			case <-a.ends:
				return
			case <-exit:
				return
			}
		}
	}}
}

// captureText redirects the log, with all attributes, to a buffer.
func captureText(to io.Writer) (restore func()) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(to, nil)))
	return func() { slog.SetDefault(before) }
}

// since returns the counters minus base.
func since(base profiler.Counters) profiler.Counters {
	now := profiler.Stats()
	return profiler.Counters{
		BatchesSent:    now.BatchesSent - base.BatchesSent,
		BatchesFailed:  now.BatchesFailed - base.BatchesFailed,
		BatchesDropped: now.BatchesDropped - base.BatchesDropped,
		BatchesRetried: now.BatchesRetried - base.BatchesRetried,
		BytesSent:      now.BytesSent - base.BytesSent,
		BatchesSpooled: now.BatchesSpooled - base.BatchesSpooled,
		SpoolSent:      now.SpoolSent - base.SpoolSent,
		SpoolDropped:   now.SpoolDropped - base.SpoolDropped,
		SpoolDamaged:   now.SpoolDamaged - base.SpoolDamaged,
		SpoolErrors:    now.SpoolErrors - base.SpoolErrors,
		ProfilesFailed: now.ProfilesFailed - base.ProfilesFailed,
		OutputsFailed:  now.OutputsFailed - base.OutputsFailed,
		MemoryTriggers: now.MemoryTriggers - base.MemoryTriggers,
		PeriodsBrief:   now.PeriodsBrief - base.PeriodsBrief,
		EndpointsLost:  now.EndpointsLost - base.EndpointsLost,
		Panics:         now.Panics - base.Panics,
	}
}

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// logLines is a slog.Handler that stores the lines, each "LEVEL message".
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func captureLog(t *testing.T) *logLines {
	l := &logLines{}
	before := slog.Default()
	slog.SetDefault(slog.New(l))
	t.Cleanup(func() { slog.SetDefault(before) })
	return l
}

func (l *logLines) Enabled(context.Context, slog.Level) bool { return true }
func (l *logLines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logLines) WithGroup(string) slog.Handler            { return l }
func (l *logLines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Level.String()+" "+r.Message)
	return nil
}

func (l *logLines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// wantOnly checks that there is exactly one line per text, in this order, and no other.
func (l *logLines) wantOnly(t *testing.T, parts ...string) {
	t.Helper()
	lines := l.all()
	if len(lines) != len(parts) {
		t.Fatalf("log has %d lines, want %d: %q", len(lines), len(parts), lines)
	}
	for i, part := range parts {
		if !strings.Contains(lines[i], part) {
			t.Errorf("line %d of the log is %q, want %q in it", i, lines[i], part)
		}
	}
}
