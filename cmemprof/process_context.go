package cmemprof

// #include "process_context.h"
import "C"

import (
	"errors"
	"runtime"
	"unsafe"
)

// ErrContextTaken means that something else in this process says what service it is, such as an SDK of OpenTelemetry's.
var ErrContextTaken = errors.New("cmemprof: something else in this process has published its context")

// PublishContext says which service this process is to profilers outside of it: attributes of its resource, such as "service.name", in a mapping named
// OTEL_CTX (OpenTelemetry's OTEP 4719), in the place of what was published before. Who may read the memory of the process can read it, without a part
// of the process's own; children of fork do not have it. Keys must differ.
func PublishContext(attributes [][2]string) error {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	text := func(s string) *C.char { // in Go's memory: C.CString ends the program if there is none
		bytes := append([]byte(s), 0)
		pinner.Pin(&bytes[0])
		return (*C.char)(unsafe.Pointer(&bytes[0]))
	}
	pairs := make([]C.struct_process_context_pair, len(attributes)+1)
	for i, a := range attributes {
		pairs[i].key, pairs[i].value = text(a[0]), text(a[1])
	}
	switch C.process_context_publish(&pairs[0], C.size_t(len(attributes))) {
	case C.PROCESS_CONTEXT_OK:
		return nil
	case C.PROCESS_CONTEXT_TAKEN:
		return ErrContextTaken
	}
	return errors.New("cmemprof: the context of the process cannot be published: no memory, too much of it, or a kernel that cannot name mappings")
}

// WithdrawContext removes what [PublishContext] has published.
func WithdrawContext() { C.process_context_withdraw() }
