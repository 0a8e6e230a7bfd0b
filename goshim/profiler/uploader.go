//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cmemprof/cmemprof/upload"
)

// uploader sends batches, oldest first. The queue decides which is due when, and what to do after a failure (upload.h). add and close belong to
// the collecting goroutine, run to the sending one.
type uploader struct {
	cfg    *config
	send   func(context.Context, upload.Request) error
	client *upload.Client // nil: the service's client sends
	queue  *upload.Queue

	added    chan struct{} // capacity 1: wakes run
	closed   chan struct{} // closed by close: no more batches will be added
	exit     <-chan struct{}
	last     time.Duration   // limit for attempts after exit
	ctx      context.Context // cancelled by giveUp
	giveUp   context.CancelFunc
	failures failureLog
	messages onceLog
	counted  countedSoFar
}

// newUploader returns an error if there is no memory. stop closes exit; pauses are short from then on.
func newUploader(c *config, s sources, exit <-chan struct{}) (*uploader, error) {
	u := &uploader{cfg: c, send: s.send, added: make(chan struct{}, 1), closed: make(chan struct{}), exit: exit, last: s.lastTries}
	u.ctx, u.giveUp = context.WithCancel(context.Background())
	u.failures = failureLog{address: c.address(), spool: c.spoolDirectory}
	if u.send == nil && c.otlp != nil {
		u.send = newOTLPExporter(c).send
	} else if u.send == nil && c.pyroscope != nil {
		u.send = newPyroscopeExporter(c).send
	} else if u.send == nil && c.httpClient != nil {
		u.send = func(ctx context.Context, r upload.Request) error { return upload.SendHTTP(ctx, c.httpClient, r) }
	} else if u.send == nil {
		u.client = upload.NewClient()
		u.send = u.client.Send
	}
	var err error
	u.queue, err = upload.NewQueue(upload.QueueOptions{
		Bytes: c.queueBytes, Period: c.period, Spool: c.spoolDirectory, SpoolBytes: c.spoolBytes,
	})
	if err != nil {
		return nil, err
	}
	u.account(u.queue.Counts())
	return u, nil
}

// checkSpool refuses a directory that others can write to. Other faults may be transient and are only logged.
func checkSpool(c *config) error {
	if err := upload.CheckSpool(c.spoolDirectory); err != nil {
		return fmt.Errorf("%s: invalid spool: %s: %w", c.spoolFrom, c.spoolDirectory, err)
	}
	return nil
}

func (u *uploader) request(b batch) (upload.Request, error) {
	event, err := u.cfg.event(b)
	return upload.Request{Attachments: b.attachments, BatchHeaders: u.headers(ofBatch), Event: event}, err
}

// add never waits for the network: if the queue is full, the oldest batch is dropped. It returns false if the batch can never be sent, or could
// not be put into the spool.
func (u *uploader) add(b batch) bool {
	request, err := u.request(b)
	if err == nil {
		err = u.queue.Add(request)
	}
	if err != nil {
		counters.failed.Add(1)
		u.failures.lost(u.describe(err))
		return false
	}
	grown := u.account(u.queue.Counts())
	if grown.Dropped > 0 {
		u.cfg.count("queue_full", 1)
		u.failures.lost("it accepts batches more slowly than they are produced")
	}
	u.wake()
	return grown.SpoolErrors == 0
}

// sendKept adds a batch that is on disk already. Any goroutine may call it.
func (u *uploader) sendKept(kept *upload.Kept) {
	kept.Send()
	u.wake()
}

func (u *uploader) wake() {
	select {
	case u.added <- struct{}{}:
	default:
	}
}

// keep puts the batch on disk, in case the process is killed. Any goroutine may call it.
func (u *uploader) keep(b batch) (*upload.Kept, error) {
	request, err := u.request(b)
	if err != nil {
		return nil, err
	}
	return u.queue.Keep(request), nil
}

// close ends run once the queue is empty, or the rest cannot be sent within the time of Stop.
func (u *uploader) close() { close(u.closed) }

func (u *uploader) run() {
	defer u.end()
	for exit := u.exit; ; {
		closed := isClosed(u.closed) // before Next, so that batches added before close are seen
		wait := upload.Forever
		if u.ctx.Err() == nil {
			var b *upload.Batch
			if b, wait = u.queue.Next(); b != nil {
				u.deliver(b)
				continue
			}
		}
		if closed && wait == upload.Forever {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-u.added:
		case <-timer.C:
		case <-exit:
			u.queue.Finish(u.last)
			exit = nil
		case <-waitFor(u.closed, !closed):
		case <-waitFor(u.ctx.Done(), u.ctx.Err() == nil):
		}
		timer.Stop()
	}
}

// waitFor returns c, or nil, which select ignores.
func waitFor(c <-chan struct{}, yes bool) <-chan struct{} {
	if yes {
		return c
	}
	return nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (u *uploader) deliver(b *upload.Batch) {
	request := upload.Request{
		URL:        u.cfg.targetURL(),
		UnixSocket: u.cfg.unixSocket,
		Headers:    u.headersOfRequest(),
		Timeout:    u.cfg.uploadTimeout,
	}
	b.Fill(&request)
	err := contained(func() error { return u.send(u.ctx, request) })
	var size int64
	for _, a := range request.Attachments {
		size += int64(len(a.Bytes))
	}
	outcome := u.queue.Settle(b, err)
	u.account(u.queue.Counts())
	u.report(outcome, err, size)
}

// report reports the outcome to the log and the statsd client.
func (u *uploader) report(outcome upload.Outcome, err error, size int64) {
	switch outcome {
	case upload.Sent:
		u.cfg.count("upload_success", 1)
		u.cfg.count("uploaded_profile_bytes", size)
		u.failures.works()
	case upload.Waits, upload.Spooled:
		if u.ctx.Err() == nil { // else cancelled by giveUp
			u.cfg.count("upload_retry", 1)
			u.failures.waits(u.describe(err), isRefusal(err))
		}
	case upload.PutOff: // not logged: the others arrive
		u.cfg.count("upload_retry", 1)
	default:
		u.cfg.count("upload_error", 1)
		u.failures.lost(u.describe(err))
	}
}

// isRefusal reports whether the server refuses all batches until the key, the address or the server changes.
func isRefusal(err error) bool {
	var e *upload.Error
	return errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// end is called by run. The uploader must not be used afterwards.
func (u *uploader) end() {
	counts := u.queue.Close()
	if u.account(counts).Dropped > 0 {
		u.failures.lost("no answer within the time limit of Stop")
	}
	if u.client != nil {
		u.client.Close()
	}
	u.giveUp()
}

// ofBatch are the headers that identify a batch's origin. They are spooled with it, since another container may send it.
var ofBatch = []string{"Datadog-Container-ID", "Datadog-Entity-ID"}

func (u *uploader) headers(names []string) (lines []string) {
	all := u.cfg.headers()
	for _, name := range names {
		if value := all[name]; value != "" {
			lines = append(lines, name+": "+value)
		}
	}
	return lines
}

func (u *uploader) headersOfRequest() map[string]string {
	all := u.cfg.headers()
	for _, name := range ofBatch {
		delete(all, name)
	}
	return all
}

// describe returns the cause for the log.
func (u *uploader) describe(err error) string {
	return upload.Describe(err, !u.cfg.agentless && !u.cfg.goesElsewhere())
}
