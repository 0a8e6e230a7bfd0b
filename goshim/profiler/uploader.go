//go:build linux && amd64 && cgo

package profiler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cmemprof/cmemprof/upload"
)

// uploader sends batches, oldest first. Which one when, and what becomes of one that did not arrive, is for the queue to decide (upload.h).
// add and close belong to the goroutine that collects, run is the one that sends.
type uploader struct {
	cfg    *config
	send   func(context.Context, upload.Request) error
	client *upload.Client // nil: not ours to close
	queue  *upload.Queue

	added    chan struct{} // has one place: the queue is worth a look
	closed   chan struct{} // by close: nothing comes any more
	exit     <-chan struct{}
	last     time.Duration   // for tries after exit
	ctx      context.Context // ended by giveUp
	giveUp   context.CancelFunc
	failures failureLog
	messages onceLog
	counted  countedSoFar
}

// newUploader: exit is closed by stop, from then on nothing waits long. An error: there is no memory.
func newUploader(c *config, s sources, exit <-chan struct{}) (*uploader, error) {
	u := &uploader{cfg: c, send: s.send, added: make(chan struct{}, 1), closed: make(chan struct{}), exit: exit, last: s.lastTries}
	u.ctx, u.giveUp = context.WithCancel(context.Background())
	u.failures = failureLog{address: c.address(), spool: c.spoolDirectory}
	if u.send == nil && c.httpClient != nil {
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

// checkSpool refuses a directory that others can write into. Any other trouble may pass, and is for the log.
func checkSpool(c *config) error {
	if err := upload.CheckSpool(c.spoolDirectory); err != nil {
		return fmt.Errorf("%s: invalid spool: %s: %w", c.spoolFrom, c.spoolDirectory, err)
	}
	return nil
}

// add never waits for the network: when the queue is full, the oldest batch makes room.
func (u *uploader) add(b batch) {
	event, err := u.cfg.event(b)
	if err == nil {
		err = u.queue.Add(upload.Request{Attachments: b.attachments, BatchHeaders: u.headers(ofBatch), Event: event})
	}
	if err != nil {
		counters.failed.Add(1)
		u.failures.lost(u.describe(err))
		return
	}
	if u.account(u.queue.Counts()).Dropped > 0 {
		u.cfg.count("queue_full", 1)
		u.failures.lost("it takes batches more slowly than they are made")
	}
	select {
	case u.added <- struct{}{}:
	default:
	}
}

// close ends run once the queue is empty, or what is in it cannot be sent within the time of Stop.
func (u *uploader) close() { close(u.closed) }

func (u *uploader) run() {
	defer u.end()
	for exit := u.exit; ; {
		closed := isClosed(u.closed) // before the look at the queue: what was added before close is seen
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

// waitFor is c, or nil, for which a select never waits.
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

// report tells the log and the statsd client.
func (u *uploader) report(outcome upload.Outcome, err error, size int64) {
	switch outcome {
	case upload.Sent:
		u.cfg.count("upload_success", 1)
		u.cfg.count("uploaded_profile_bytes", size)
		u.failures.works()
	case upload.Waits, upload.Spooled:
		if u.ctx.Err() == nil { // else it was broken off by giveUp
			u.cfg.count("upload_retry", 1)
			u.failures.waits(u.describe(err), isRefusal(err))
		}
	case upload.PutOff: // nothing to tell: the others arrive
		u.cfg.count("upload_retry", 1)
	default:
		u.cfg.count("upload_error", 1)
		u.failures.lost(u.describe(err))
	}
}

// isRefusal: the server has said no, and will until somebody changes the key, the address or the server.
func isRefusal(err error) bool {
	var e *upload.Error
	return errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// end belongs to run. After it the uploader is of no use any more.
func (u *uploader) end() {
	counts := u.queue.Close()
	if u.account(counts).Dropped > 0 {
		u.failures.lost("no answer in the time that Stop waits")
	}
	if u.client != nil {
		u.client.Close()
	}
	u.giveUp()
}

// ofBatch are the headers that say where a batch comes from. They stay with it in the spool, from which another container may send it.
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

// describe is the cause for the log.
func (u *uploader) describe(err error) string {
	return upload.Describe(err, !u.cfg.agentless)
}
