// Package upload sends batches of profiles to a Datadog Agent or a compatible server, and keeps those that cannot be sent yet.
//
// [Client] and [SendHTTP] send a batch with net/http. [Queue] decides which batch is sent when, and what to do after a failure.
// The package is the Go binding of upload.h, which describes the wire format.
package upload

import (
	"fmt"
	"time"
)

// Code is the kind of an [Error]. The values are those of enum upload_error.
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
	Rejected         // the server's answer is not 2xx
	TLS              // certificate or handshake
	Forked           // the client belongs to the parent process
)

var codeTexts = [...]string{"sent", "out of memory", "not an http or https URL", "bad request", "no connection", "time-out",
	"connection broken", "cancelled", "rejected by the server", "TLS failed", "used after fork"}

// String returns a short description, such as "no connection" for Unreachable.
func (c Code) String() string {
	if c < 0 || int(c) >= len(codeTexts) {
		return "unknown error"
	}
	return codeTexts[c]
}

// Error describes why a batch could not be sent.
type Error struct {
	Code       Code
	Status     int           // the HTTP status, 0 without an answer
	RetryAfter time.Duration // the pause the server asks for; 0: none
	Text       string        // one line: the message of net/http, or the start of the server's answer
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

// Attachment is one file of a batch.
type Attachment struct {
	Name  string // "delta-heap.pprof"
	Bytes []byte
}

// Request is a batch and its target.
type Request struct {
	URL        string // "http://localhost:8126/profiling/v1/input"
	UnixSocket string // path of a socket, "@name" for an abstract socket, or "" for TCP
	Headers    map[string]string
	Timeout    time.Duration // total; 0: 10 s

	// The batch.
	Attachments []Attachment
	// BatchHeaders, each "Name: value", belong to the batch and are spooled with it. They must not contain the API key.
	BatchHeaders []string
	Event        []byte // event.json
}
