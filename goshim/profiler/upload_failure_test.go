//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/upload"
)

// fast sets short periods, and thereby short pauses between attempts.
var fast = []profiler.Option{profiler.WithPeriod(20 * time.Millisecond), profiler.WithProfileTypes()}

func TestAgentAnswers500(t *testing.T) {
	log, base, a := captureLog(t), profiler.Stats(), newAgent(t)
	a.status.Store(500)
	startStepped(t, a, fast...)
	a.end(t)
	a.end(t)
	waitFor(t, "2 lost batches", func() bool { got := since(base); return got.BatchesFailed+got.BatchesDropped >= 2 })
	log.wantOnly(t, "rejected by the server with status 500: the disk is full; ")
	a.status.Store(200)
	a.period(t)
	profiler.Stop()
	log.wantOnly(t, "", "again; ")
	if got := since(base); got.BatchesSent == 0 || got.ProfilesFailed != 0 || got.Panics != 0 {
		t.Errorf("%+v", got)
	}
}

func TestTriesAgainWhatMayPass(t *testing.T) {
	log, base, a := captureLog(t), profiler.Stats(), newAgent(t)
	a.refuseFirst.Store(2)
	start(t, a, profiler.WithPeriod(time.Minute), profiler.WithProfileTypes())
	profiler.Stop()
	a.next(t).wantTag(t, "profile_seq", "0")
	if got := since(base); got.BatchesSent != 1 || got.BatchesRetried != 2 || got.BatchesFailed+got.BatchesDropped != 0 {
		t.Errorf("%+v", got)
	}
	log.wantOnly(t)
}

func TestDoesNotTryAgainWhatWillNot(t *testing.T) {
	base, a := profiler.Stats(), newAgent(t)
	a.status.Store(413)
	start(t, a, profiler.WithPeriod(time.Minute), profiler.WithProfileTypes())
	profiler.Stop()
	if got := since(base); got != (profiler.Counters{BatchesFailed: 1}) || a.requests.Load() != 1 {
		t.Errorf("%+v after %d requests", got, a.requests.Load())
	}
}

func TestConnectionCut(t *testing.T) {
	for name, answer := range map[string]string{
		"without an answer": "",
		"in the answer":     "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
	} {
		t.Run(name, func(t *testing.T) {
			log, base := captureLog(t), profiler.Stats()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, _, _ := w.(http.Hijacker).Hijack()
				io.WriteString(conn, answer)
				conn.Close()
			}))
			defer server.Close()
			a := &agent{Server: server, ends: make(chan struct{})}
			startStepped(t, a, fast...)
			a.end(t)
			a.end(t)
			waitFor(t, "2 lost batches", func() bool { got := since(base); return got.BatchesFailed+got.BatchesDropped >= 2 })
			profiler.Stop()
			log.wantOnly(t, ": connection broken")
		})
	}
}

func TestStopDoesNotWaitForADeadServer(t *testing.T) {
	end := make(chan struct{})
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		asked.Add(1)
		<-end
	}))
	defer server.Close()
	defer close(end)
	log, base := captureLog(t), profiler.Stats()
	// The deadline for sending passes at once; cancelled transfers have all the time they need.
	defer profiler.SetFakes(profiler.Fakes{After: func(d time.Duration) <-chan time.Time {
		if d == profiler.SendTime {
			return time.After(0)
		}
		return nil
	}})()
	start(t, &agent{Server: server}, profiler.WithPeriod(50*time.Millisecond), profiler.WithProfileTypes(), profiler.WithUploadTimeout(time.Hour))
	waitFor(t, "a request", func() bool { return asked.Load() > 0 })
	profiler.Stop()
	got := since(base)
	if got.BatchesFailed != 0 || got.BatchesDropped == 0 || got.BatchesSent != 0 {
		t.Errorf("%+v", got)
	}
	log.wantOnly(t, "profiles cannot be sent to")
}

// The queue holds 5 batches besides the one being sent. The oldest is dropped, and every batch is counted once.
func TestFullQueueDropsTheOldest(t *testing.T) {
	base, log := profiler.Stats(), captureLog(t)
	open, asked := make(chan struct{}), make(chan struct{}, 1000)
	a := newAgent(t)
	defer profiler.SetFakes(profiler.Fakes{Send: func(ctx context.Context, r upload.Request) error {
		asked <- struct{}{}
		<-open
		return upload.Send(ctx, r)
	}})()
	startStepped(t, a, profiler.WithProfileTypes())
	a.end(t)
	<-asked
	for range 15 {
		a.end(t)
	}
	waitFor(t, "10 dropped batches", func() bool { return since(base).BatchesDropped == 10 })
	close(open)
	for _, seq := range []int{0, 11, 12, 13, 14, 15} { // batch 0 was being sent
		a.next(t).wantTag(t, "profile_seq", strconv.Itoa(seq))
	}
	profiler.Stop()
	log.wantOnly(t, "it accepts batches more slowly than they are produced", "again; ")
}

func TestPanicInTheUploaderIsContained(t *testing.T) {
	base, log, a := profiler.Stats(), captureLog(t), newAgent(t)
	defer profiler.SetFakes(profiler.Fakes{Send: func(context.Context, upload.Request) error { panic("at the disco") }})()
	startStepped(t, a, fast...)
	for n := range uint64(3) {
		a.end(t)
		waitFor(t, "a panic", func() bool { return since(base).Panics > n })
	}
	profiler.Stop()
	if got := since(base); got.BatchesFailed != got.Panics {
		t.Errorf("%+v", got)
	}
	var lines []string
	for _, line := range log.all() {
		if !strings.Contains(line, "a panic was contained") { // logged once per process
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.Contains(lines[0], "panic: at the disco") {
		t.Errorf("log %q", lines)
	}
}

func TestErrorThatIsNotFromUpload(t *testing.T) {
	base, a := profiler.Stats(), newAgent(t)
	defer profiler.SetFakes(profiler.Fakes{Send: func(context.Context, upload.Request) error { return errors.New("other") }})()
	start(t, a, profiler.WithProfileTypes())
	profiler.Stop()
	if got := since(base); got != (profiler.Counters{BatchesFailed: 1}) {
		t.Errorf("%+v", got)
	}
}
