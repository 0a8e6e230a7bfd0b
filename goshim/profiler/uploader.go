package profiler

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/cmemprof/cmemprof/upload"
)

const (
	queueBatches = 5 // as in dd-trace-go: five periods of a server that is away
	maxTries     = 3
	lastPause    = 100 * time.Millisecond // between tries once stop has begun
)

// uploader sends batches, one after the other, oldest first. add and close belong to the goroutine that collects, run is the one that sends.
type uploader struct {
	cfg      *config
	send     func(context.Context, upload.Request) error
	queue    chan batch
	exit     <-chan struct{} // closed by stop: from then on nothing waits long
	ctx      context.Context // ended by giveUp
	giveUp   context.CancelFunc
	failures failureLog
}

func newUploader(c *config, send func(context.Context, upload.Request) error, exit <-chan struct{}) *uploader {
	u := &uploader{cfg: c, send: send, queue: make(chan batch, queueBatches), exit: exit}
	u.ctx, u.giveUp = context.WithCancel(context.Background())
	u.failures.address = c.address()
	return u
}

// add never waits: when the queue is full, the oldest batch makes room.
func (u *uploader) add(b batch) {
	for {
		select {
		case u.queue <- b:
			return
		default:
		}
		select {
		case <-u.queue:
			counters.dropped.Add(1)
			u.failures.lost(errors.New("it takes batches more slowly than they are made"))
		default: // the other goroutine took one in the meantime
		}
	}
}

// close ends run once the queue is empty.
func (u *uploader) close() { close(u.queue) }

func (u *uploader) run() {
	for b := range u.queue {
		if u.ctx.Err() != nil {
			counters.dropped.Add(1)
			u.failures.lost(errors.New("the time of Stop is over"))
			continue
		}
		if err := contained(func() error { return u.deliver(b) }); err != nil {
			counters.failed.Add(1)
			u.failures.lost(err)
			continue
		}
		counters.sent.Add(1)
		if len(u.queue) == 0 {
			u.failures.works()
		}
	}
}

// deliver tries up to maxTries times, as long as another try may help and the batch is not older than a period.
func (u *uploader) deliver(b batch) error {
	body, err := u.cfg.event(b)
	if err != nil {
		return err
	}
	request := upload.Request{
		URL:        u.cfg.targetURL(),
		UnixSocket: u.cfg.unixSocket,
		Headers: map[string]string{
			// Who collected it; the kind of profile is the family in the event. Not dd-trace-go: a backend could work around its faults.
			"DD-EVP-ORIGIN":         "cmemprof",
			"DD-EVP-ORIGIN-VERSION": version,
			"User-Agent":            "cmemprof/" + version,
		},
		Attachments: b.attachments,
		Event:       body,
		Timeout:     u.cfg.uploadTimeout,
	}
	begin := time.Now()
	for try := 0; ; try++ {
		err := u.send(u.ctx, request)
		if err == nil || try+1 == maxTries || !mayPass(err) {
			return err
		}
		// An eighth and then a quarter of a period, less up to half by chance: services that lost one server do not all come back at once.
		wait := shortened(u.cfg.period / 8 << try)
		if time.Since(begin)+wait > u.cfg.period {
			return err
		}
		if sleep(wait, u.exit); u.stopping() {
			sleep(shortened(lastPause<<try), u.ctx.Done())
		}
		if u.ctx.Err() != nil {
			return err
		}
	}
}

func (u *uploader) stopping() bool {
	select {
	case <-u.exit:
		return true
	default:
		return false
	}
}

// shortened takes off up to half.
func shortened(d time.Duration) time.Duration { return d - rand.N(d/2+1) }

// mayPass: the network and 5xx may be better the next time, all else will be the same.
func mayPass(err error) bool {
	var e *upload.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case upload.Unreachable, upload.Timeout, upload.Interrupted:
		return true
	case upload.Rejected:
		return e.Status >= 500
	}
	return false
}

// describe is the cause for the log.
func describe(err error) string {
	var e *upload.Error
	if errors.As(err, &e) && e.Code == upload.Cancelled {
		return "no answer in the time that Stop waits"
	}
	return err.Error()
}
