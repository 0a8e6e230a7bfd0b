// Package pyroscope writes pushes in Grafana Pyroscope's protocol (push.v1.PusherService).
//
// The code is the C code of this folder (pyroscope.h), which needs libc only.
package pyroscope

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
#include <stdlib.h>
#include "pyroscope.h"
*/
import "C"

import (
	"embed"
	"encoding/json"
	"runtime"
	"unsafe"

	_ "github.com/cmemprof/cmemprof/base" // headers that the C code includes
	"github.com/cmemprof/cmemprof/merge"
)

// cmd/go rebuilds a package when a file of its own directory changes. Other packages include pyroscope.h: embedding makes them depend on it.
//
//go:embed *.h
var _ embed.FS

// Label is a label of a series. Characters of names that are not letters, digits or underscores become underscores.
type Label struct{ Name, Value string }

// Series is a profile in pprof's format, uncompressed or packed with gzip, its labels, and an ID that no other has.
type Series struct {
	Labels  []Label
	ID      string
	Profile []byte
}

// Push returns a PushRequest, uncompressed. The error is of type [*merge.Error]: there is no memory.
func Push(all []Series) ([]byte, error) {
	push := C.pyroscope_push_new()
	if push == nil {
		return nil, &merge.Error{Code: merge.NoMemory}
	}
	defer C.pyroscope_push_free(push)
	var pinner runtime.Pinner
	defer pinner.Unpin()
	for _, s := range all {
		labels := make([]C.struct_pyroscope_pair, len(s.Labels)+1)
		for i, l := range s.Labels {
			labels[i].name, labels[i].value = cString(&pinner, l.Name), cString(&pinner, l.Value)
		}
		C.pyroscope_push_add(push, &labels[0], C.size_t(len(s.Labels)), cString(&pinner, s.ID), unsafe.Pointer(unsafe.SliceData(s.Profile)),
			C.size_t(len(s.Profile)))
	}
	var bytes *C.uint8_t
	var size C.size_t
	if !C.pyroscope_push_encode(push, &bytes, &size) {
		return nil, &merge.Error{Code: merge.NoMemory}
	}
	return C.GoBytes(unsafe.Pointer(bytes), C.int(size)), nil
}

// SentProfile returns a profile as Pyroscope takes it, uncompressed: it makes labels of series of the texts in labels of samples, so their keys are
// cleaned, and ids of spans, traces and threads are left out. Errors are of type [*merge.Error].
func SentProfile(profile []byte) ([]byte, error) {
	raw, err := merge.Inflate(profile, nil)
	if err != nil {
		return nil, err
	}
	var sent *C.uint8_t
	var size C.size_t
	var fault C.struct_merge_fault
	code := C.pyroscope_sent_profile(unsafe.Pointer(unsafe.SliceData(raw)), C.size_t(len(raw)), &sent, &size, &fault)
	if code != C.MERGE_OK {
		return nil, &merge.Error{Code: merge.Code(code), Offset: int(fault.offset), Text: C.GoString(&fault.text[0])}
	}
	defer C.free(unsafe.Pointer(sent))
	return C.GoBytes(unsafe.Pointer(sent), C.int(size)), nil
}

// LabelsOfTags returns the labels that are made of a batch's tags ("k:v,k:v"): those by which services are told apart first, then the others but for
// what changes with each batch, and how many are too many for the server. The error is of type [*merge.Error]: there is no memory.
func LabelsOfTags(tags string) (labels []Label, leftOut int, err error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var all C.struct_pyroscope_labels
	defer func() { C.pyroscope_labels_free(&all) }()
	if !C.pyroscope_labels_of_tags(cString(&pinner, tags), &all) {
		return nil, 0, &merge.Error{Code: merge.NoMemory}
	}
	for _, l := range all.list[:all.count] {
		labels = append(labels, Label{C.GoString(l.name), C.GoString(l.value)})
	}
	return labels, int(all.left_out), nil
}

// MetricOfFile returns the label __name__ of a file: "memory" of "delta-heap.pprof", and whether its counters are of this profile alone.
func MetricOfFile(file string) (metric string, delta bool) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var name [256]C.char
	var isDelta C.bool
	C.pyroscope_metric_of_file(cString(&pinner, file), &name[0], C.size_t(len(name)), &isDelta)
	return C.GoString(&name[0]), bool(isDelta)
}

// StatusText returns the reason in the body of an answer that refuses a push; "" if there is none.
func StatusText(body []byte) string {
	var status struct{ Message string }
	if json.Unmarshal(body, &status) != nil {
		return ""
	}
	return status.Message
}

// cString returns text with a zero byte behind it, in Go's memory, which stays where it is until the pinner lets go.
func cString(pinner *runtime.Pinner, text string) *C.char {
	bytes := append([]byte(text), 0)
	pinner.Pin(&bytes[0])
	return (*C.char)(unsafe.Pointer(&bytes[0]))
}
