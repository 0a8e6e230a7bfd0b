//go:build cgo

package upload

// #cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g -fno-omit-frame-pointer
// #cgo LDFLAGS: -pthread
// #include "upload.h"
import "C"

import (
	"embed"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"

	_ "github.com/cmemprof/cmemprof/base" // headers that the C code includes
)

// cmd/go hashes only the headers of a package's own directory. Embedding them makes dependent packages rebuild when one changes.
//
//go:embed *.h
var _ embed.FS

// The codes are C's.
var _ = [1]int{}[int(Forked)-C.UPLOAD_FORKED+len(codeTexts)-C.UPLOAD_ERROR_COUNT]

func toError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: BadRequest, Text: err.Error()} // a fault of the program; a retry would not help
}

// Describe formats err for a log. agent: the batch was sent to an Agent, for which status 404 has a specific meaning.
func Describe(err error, agent bool) string {
	var e *Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	var result C.struct_upload_result
	var words [800]C.char
	toResult(e, &result)
	C.upload_result_describe(&result, C.bool(agent), &words[0], C.size_t(len(words)))
	return strings.ToValidUTF8(C.GoString(&words[0]), "?")
}

// retryAfter returns the pause that the server asks for in its headers Retry-After and Date.
func retryAfter(value, date string) time.Duration {
	if value == "" || strings.ContainsRune(value+date, 0) {
		return 0
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	ms := C.upload_retry_after_ms(text(&pinner, value), text(&pinner, date), C.int64_t(time.Now().Unix()))
	return time.Duration(ms) * time.Millisecond
}

// Queue holds batches until they are sent; upload.h describes its policy. Its methods are safe for concurrent use. After Close they do nothing.
type Queue struct {
	mu     sync.RWMutex
	c      *C.struct_upload_queue // guarded by mu; nil: closed
	counts Counts                 // guarded by mu; final counts after Close
	fault  string                 // guarded by mu; final SpoolError after Close
}

// QueueOptions configures a [Queue]. The zero value has the defaults.
type QueueOptions struct {
	Batches    int           // maximum in memory; 0: 5
	Bytes      int64         // maximum in memory; 0: 64 MiB
	Period     time.Duration // interval between batches; 0: a minute
	Spool      string        // directory for unsent batches; "": none
	SpoolBytes int64         // maximum on disk; 0: 256 MiB
}

// Counts are the outcomes of batches. See struct upload_counts in upload.h.
type Counts struct {
	Sent, SentBytes, Failed, Dropped, Retried                   uint64
	Spooled, SpoolSent, SpoolDropped, SpoolDamaged, SpoolErrors uint64
}

// NewQueue opens a queue. If the spool cannot be used, the queue works without it; see [Queue.SpoolError]. It returns an error only if there is
// no memory.
func NewQueue(o QueueOptions) (*Queue, error) {
	options := C.struct_upload_queue_options{
		max_batches: C.size_t(o.Batches), max_bytes: C.uint64_t(o.Bytes), period_ns: C.uint64_t(o.Period), spool_bytes: C.uint64_t(o.SpoolBytes),
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	if o.Spool != "" {
		options.spool = text(&pinner, o.Spool)
	}
	c := C.upload_queue_open(&options)
	if c == nil {
		return nil, &Error{Code: NoMemory}
	}
	return &Queue{c: c}, nil
}

func newBatch(r Request) (*C.struct_upload_batch, error) {
	request, err := newRequest(r)
	if err != nil {
		return nil, err
	}
	defer request.free()
	batch := C.upload_batch_new(&request.c)
	if batch == nil {
		return nil, &Error{Code: NoMemory}
	}
	return batch, nil
}

// Add copies the batch of r. An error is of type *[Error] and means that the batch can never be sent.
func (q *Queue) Add(r Request) error {
	batch, err := newBatch(r)
	if err != nil {
		return err
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.c == nil {
		C.upload_batch_free(batch)
		return &Error{Code: Cancelled, Text: "the queue is closed"}
	}
	C.upload_queue_add(q.c, batch)
	return nil
}

// Reserve reserves disk space in the spool for a batch of [Queue.Keep]. It has no effect without a spool.
func (q *Queue) Reserve(bytes int64) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.c != nil {
		C.upload_queue_reserve(q.c, C.uint64_t(bytes))
	}
}

// Kept is a batch that is on disk in case the process is killed: a later process then sends it.
type Kept struct {
	q *Queue
	c *C.struct_upload_batch
}

// Keep writes the batch of r into the spool, into the space reserved if it fits, and holds it there until [Kept.Send] or [Kept.Drop]. It
// returns nil if the batch is not on disk.
func (q *Queue) Keep(r Request) *Kept {
	batch, err := newBatch(r)
	if err != nil {
		return nil
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.c == nil || !bool(C.upload_queue_keep(q.c, batch)) {
		C.upload_batch_free(batch)
		return nil
	}
	return &Kept{q, batch}
}

// Send adds the batch to the queue. k may be nil. After [Queue.Close] the file is left to a later process.
func (k *Kept) Send() { k.end(true) }

// Drop deletes the file, since another batch has all that is in it. k may be nil.
func (k *Kept) Drop() { k.end(false) }

func (k *Kept) end(send bool) {
	if k == nil {
		return
	}
	k.q.mu.RLock()
	defer k.q.mu.RUnlock()
	if send && k.q.c != nil {
		C.upload_queue_add(k.q.c, k.c)
	} else {
		C.upload_queue_forget(k.q.c, k.c)
	}
	k.c = nil
}

// Forever is the wait until a batch is added.
const Forever = time.Duration(math.MaxInt64)

// Next returns the batch to send now, which must be passed to [Queue.Settle], or nil and the time until the next call.
func (q *Queue) Next() (*Batch, time.Duration) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.c == nil {
		return nil, Forever
	}
	var wait C.uint64_t
	if c := C.upload_queue_next(q.c, &wait); c != nil {
		return &Batch{c}, 0
	}
	return nil, time.Duration(min(uint64(wait), math.MaxInt64))
}

// Batch is a batch that is being sent.
type Batch struct {
	c *C.struct_upload_batch
}

// Fill sets the batch fields of r. The bytes belong to the queue and are invalid after [Queue.Settle].
func (b *Batch) Fill(r *Request) {
	var c C.struct_upload_request
	C.upload_batch_fill(b.c, &c)
	r.Event = unsafe.Slice((*byte)(c.event), c.event_size)
	r.Attachments, r.BatchHeaders = nil, nil
	for _, a := range unsafe.Slice(c.attachments, c.attachment_count) {
		r.Attachments = append(r.Attachments, Attachment{Name: C.GoString(a.name), Bytes: unsafe.Slice((*byte)(a.bytes), a.size)})
	}
	for _, h := range unsafe.Slice(c.batch_headers, c.batch_header_count) {
		r.BatchHeaders = append(r.BatchHeaders, C.GoString(h))
	}
}

// Outcome is the outcome of an attempt to send a batch.
type Outcome int

const (
	Sent    Outcome = C.UPLOAD_OUTCOME_SENT
	Waits   Outcome = C.UPLOAD_OUTCOME_WAITS   // will be retried
	Spooled Outcome = C.UPLOAD_OUTCOME_SPOOLED // waits in the spool from now on
	PutOff  Outcome = C.UPLOAD_OUTCOME_PUT_OFF // waits in the spool: the server fails at this one, but accepts others
	Failed  Outcome = C.UPLOAD_OUTCOME_FAILED  // the server's answer was final, or it failed too often
	Dropped Outcome = C.UPLOAD_OUTCOME_DROPPED // displaced by newer batches
)

// Settle returns a batch to the queue with the result of Send. Caller must settle each batch before Close.
func (q *Queue) Settle(b *Batch, err error) Outcome {
	q.mu.RLock()
	defer q.mu.RUnlock()
	var result C.struct_upload_result
	toResult(err, &result)
	c := b.c
	b.c = nil
	return Outcome(C.upload_queue_settle(q.c, c, &result))
}

// Finish gives batches in memory up to three more attempts within limit, with short pauses. Next then returns none.
func (q *Queue) Finish(limit time.Duration) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.c == nil {
		return
	}
	C.upload_queue_finish(q.c, C.uint64_t(max(limit, 0)))
}

// Close leaves batches in memory to the spool, or drops them. Caller must have settled all batches.
func (q *Queue) Close() Counts {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.c != nil {
		C.upload_queue_empty(q.c)
		q.counts, q.fault = countsOf(q.c), spoolErrorOf(q.c)
		C.upload_queue_close(q.c, nil)
		q.c = nil
	}
	return q.counts
}

// Counts returns the counts since NewQueue.
func (q *Queue) Counts() Counts {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.c == nil {
		return q.counts
	}
	return countsOf(q.c)
}

func countsOf(queue *C.struct_upload_queue) Counts {
	var c C.struct_upload_counts
	C.upload_queue_counts(queue, &c)
	return Counts{
		Sent: uint64(c.sent), SentBytes: uint64(c.sent_bytes), Failed: uint64(c.failed), Dropped: uint64(c.dropped),
		Retried: uint64(c.retried), Spooled: uint64(c.spooled), SpoolSent: uint64(c.spool_sent),
		SpoolDropped: uint64(c.spool_dropped), SpoolDamaged: uint64(c.spool_damaged), SpoolErrors: uint64(c.spool_errors),
	}
}

// SpoolError returns the last reason why the spool could not be opened or written; "" if there was none. It may be called after Close.
func (q *Queue) SpoolError() string {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.c == nil {
		return q.fault
	}
	return spoolErrorOf(q.c)
}

func spoolErrorOf(queue *C.struct_upload_queue) string {
	var fault [200]C.char
	C.upload_queue_spool_error(queue, &fault[0], C.size_t(len(fault)))
	return C.GoString(&fault[0])
}

// CheckSpool returns an error if a Queue would refuse the directory as its spool because others can write to it.
func CheckSpool(directory string) error {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var fault [200]C.char
	if C.upload_spool_check(text(&pinner, directory), &fault[0], C.size_t(len(fault))) {
		return nil
	}
	return errors.New(C.GoString(&fault[0]))
}
