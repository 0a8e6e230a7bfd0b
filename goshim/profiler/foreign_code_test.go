//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// Objects supplied by the service may hang or panic. Neither must affect the service.

// hung is a transport and a statsd client that hangs until end is closed, and reports in asked that it does.
type hung struct{ asked, end chan struct{} }

func (h hung) RoundTrip(*http.Request) (*http.Response, error) {
	h.asked <- struct{}{}
	<-h.end
	return nil, io.ErrUnexpectedEOF
}

func (h hung) Count(string, int64, []string, float64) error {
	h.asked <- struct{}{}
	<-h.end
	return nil
}

func (h hung) Timing(string, time.Duration, []string, float64) error { return nil }

func TestStopDoesNotHangWithWhatItWasGiven(t *testing.T) {
	a, h := newAgent(t), hung{make(chan struct{}, 100), make(chan struct{})}
	// The deadline for sending passes once something hangs, the last deadline at once.
	defer profiler.SetFakes(profiler.Fakes{After: func(d time.Duration) <-chan time.Time {
		c := make(chan time.Time, 1)
		switch d {
		case profiler.SendTime:
			go func() {
				<-h.asked
				c <- time.Now()
			}()
		case profiler.StopTime:
			c <- time.Now()
		}
		return c
	}})()
	for name, option := range map[string]profiler.Option{
		"HTTP client":   profiler.WithHTTPClient(&http.Client{Transport: h}),
		"statsd client": profiler.WithStatsd(h),
	} {
		log := captureLog(t)
		start(t, a, profiler.WithProfileTypes(), option)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			profiler.Stop()
		}()
		select {
		case <-stopped:
		case <-time.After(patience):
			t.Fatalf("Stop hangs with the %s", name)
		}
		if lines := log.all(); len(lines) != 1 || !strings.Contains(lines[0], "Stop gave up waiting") {
			t.Errorf("%s: log %q", name, lines)
		}
	}
	base := profiler.Stats()
	close(h.end)
	waitFor(t, "the end of what was left alone", func() bool { return since(base).BatchesDropped == 1 }) // of the HTTP client
}

type panickingHandler struct{ slog.Handler }

func (panickingHandler) Handle(context.Context, slog.Record) error { panic("in a handler") }

// A panicking log handler is also called on the profiler's goroutines, where only the profiler can recover; the next batch must be sent.
func TestPanicInTheLogHandler(t *testing.T) {
	a, base, before := newAgent(t), profiler.Stats(), slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(panickingHandler{before.Handler()}))
	a.status.Store(413)
	start(t, a, profiler.WithLogStartup(true), profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes())
	waitFor(t, "a refused batch", func() bool { return since(base).BatchesFailed > 0 && since(base).Panics > 1 })
	a.status.Store(200)
	a.next(t)
	profiler.Stop()
}
