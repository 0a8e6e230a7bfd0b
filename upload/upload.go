// Package upload sends batches of profiles to a Datadog Agent, or to anything that takes their uploads, and keeps what cannot be sent yet.
//
// [Client] sends one batch with libcurl, [SendHTTP] with net/http; [Queue] decides which batch is sent when, and what becomes of one that did
// not arrive. It is the Go face of upload.h, which says what a batch looks like on the wire and which dangers are kept away from the process.
// With the build tag cmemprof_no_libcurl nothing of libcurl is linked, and a Client uses net/http.
package upload

import (
	"fmt"
	"time"
)

// Code is the kind of an Error; the values are those of enum upload_error.
type Code int

const (
	_           Code = iota
	NoMemory         // out of memory
	BadURL           // not an http or https URL
	BadRequest       // a header with a line break, a missing name
	Unreachable      // no connection: refused, no such host, no such socket
	Timeout          // a time-out passed
	Interrupted      // the connection broke before the answer was complete
	Cancelled        // the context ended
	Rejected         // the server answered, but not 2xx
	TLS              // certificate or handshake
	Forked           // the client belongs to the process before fork
)

var codeTexts = [...]string{"sent", "out of memory", "not an http or https URL", "bad request", "no connection", "time-out",
	"connection broken", "cancelled", "rejected by the server", "TLS failed", "used after fork"}

// String names the code, as "no connection" for Unreachable.
func (c Code) String() string {
	if c < 0 || int(c) >= len(codeTexts) {
		return "unknown error"
	}
	return codeTexts[c]
}

// Error says why a batch did not arrive.
type Error struct {
	Code       Code
	Status     int           // the HTTP status, 0 without an answer
	RetryAfter time.Duration // the server asks to be left alone for so long; 0: it does not
	Text       string        // one line: what libcurl or net/http say, or the start of the server's answer
}

func (e *Error) Error() string {
	kind := e.Code.String()
	if e.Status != 0 {
		kind = fmt.Sprintf("%s with status %d", kind, e.Status)
	}
	if e.Text == "" || e.Text == kind {
		return kind
	}
	return kind + ": " + e.Text
}

// Attachment is one profile of a batch.
type Attachment struct {
	Name  string // "delta-heap.pprof"
	Bytes []byte
}

// Request is one batch and where it goes.
type Request struct {
	URL            string // "http://localhost:8126/profiling/v1/input"
	UnixSocket     string // path of a socket, "@name" for an abstract one, or "" for TCP
	Headers        map[string]string
	ConnectTimeout time.Duration // 0: half of Timeout, 5 s at least; with net/http (cmemprof_no_libcurl) Timeout alone counts
	Timeout        time.Duration // 0: 10 s, for the whole of it

	// The batch.
	Attachments []Attachment
	// BatchHeaders, each "Name: value", go with this batch wherever it is sent from, into the spool too. Not for an API key.
	BatchHeaders []string
	Event        []byte // event.json
}
