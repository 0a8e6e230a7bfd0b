// Package otlp writes and reads profiles in OpenTelemetry's protocol, OTLP (profiles/v1development, opentelemetry-proto v1.10 and later).
//
// The code is the C code of this folder (otlp.h), which needs libc only. What pprof has and OTLP has no field for is in attributes, so that a
// profile that is written and read again is the same.
package otlp

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
#include <stdlib.h>
#include "../base/vector.h"
#include "otlp.h"

// A profile that does not say how long it took gets the time and duration, if that is not 0.
static enum merge_error add(struct otlp_request *request, const char *file, const void *bytes, size_t size, int64_t time_ns, int64_t duration_ns,
                            int64_t hash_since_ns, struct merge_fault *fault) {
    struct profile *profile = profile_new();
    enum merge_error error = profile ? profile_decode(profile, bytes, size, NULL, NULL, fault) : MERGE_NO_MEMORY;
    if (error == MERGE_OK && duration_ns != 0 && profile_duration_ns(profile) == 0) {
        profile_set_time(profile, time_ns, duration_ns);
    }
    otlp_hash_files(request, hash_since_ns);
    error = error == MERGE_OK ? otlp_add(request, file, profile) : error;
    profile_free(profile);
    return error;
}

// Profiles that were read, each encoded again.
struct one_read {
    char *file, *scope;
    struct otlp_attribute *attributes; // of its resource, copied
    size_t attribute_count;
    uint8_t *bytes;
    size_t size;
};
struct all_read {
    struct one_read *list;
    size_t count, capacity;
};

static bool copy_attributes(struct one_read *to, const struct otlp_resource *from) {
    to->attributes = calloc(from->count + 1, sizeof *to->attributes);
    for (; to->attributes && to->attribute_count < from->count; to->attribute_count++) {
        const struct otlp_attribute *a = &from->attributes[to->attribute_count];
        struct otlp_attribute copy = {.key = strdup(a->key), .text = a->text ? strdup(a->text) : NULL, .number = a->number};
        to->attributes[to->attribute_count] = copy;
        if (!copy.key || (a->text && !copy.text)) {
            to->attribute_count++;
            return false;
        }
    }
    return to->attributes;
}

static enum merge_error take(void *context, const struct otlp_profile *one) {
    struct all_read *all = context;
    if (!VECTOR_RESERVE(all->list, all->capacity, all->count + 1)) {
        return MERGE_NO_MEMORY;
    }
    struct one_read *entry = &all->list[all->count++];
    *entry = (struct one_read){.file = strdup(one->file), .scope = strdup(one->scope)};
    return entry->file && entry->scope && copy_attributes(entry, one->resource) ? profile_encode(one->profile, MERGE_RAW, &entry->bytes, &entry->size) : MERGE_NO_MEMORY;
}

static enum merge_error decode(const void *bytes, size_t size, struct all_read *all, struct merge_fault *fault) {
    size_t profiles;
    return otlp_decode(bytes, size, NULL, take, all, &profiles, fault);
}

static void forget(struct all_read *all) {
    for (size_t i = 0; i < all->count; i++) {
        free(all->list[i].file);
        free(all->list[i].scope);
        free(all->list[i].bytes);
        for (size_t a = 0; a < all->list[i].attribute_count; a++) {
            free((char *)all->list[i].attributes[a].key);
            free((char *)all->list[i].attributes[a].text);
        }
        free(all->list[i].attributes);
    }
    free(all->list);
}

static enum merge_error encode(struct otlp_request *request, const uint8_t **bytes, size_t *size) {
    return otlp_encode(request, MERGE_RAW, bytes, size);
}
*/
import "C"

import (
	"embed"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"time"
	"unsafe"

	_ "github.com/cmemprof/cmemprof/base" // headers that the C code includes
	"github.com/cmemprof/cmemprof/merge"
)

// cmd/go rebuilds a package when a file of its own directory changes. Other packages include otlp.h: embedding makes them depend on it.
//
//go:embed *.h
var _ embed.FS

// Attribute is an attribute of a resource: a text, or a number if Text is "" and IsNumber is set.
type Attribute struct {
	Key, Text string
	Number    int64
	IsNumber  bool
}

// File is a profile in pprof's format, compressed or not, and its name, such as "delta-heap.pprof". A profile that has no duration gets Start
// and Duration, unless Duration is 0.
type File struct {
	Name     string
	Profile  []byte
	Start    time.Time
	Duration time.Duration
	// HashSince, if it is not zero, says that files of the profile's mappings are those of this machine, and no others than were mapped unless they
	// have changed since then. Mappings get their hash (process.executable.build_id.htlhash) beside their build id.
	HashSince time.Time
}

// FileError says that a file cannot be read.
type FileError struct {
	Index int // of the file in those of [Encode]
	Err   *merge.Error
}

func (e *FileError) Error() string { return e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// AttributeOfTag returns what a profiler's tag is called as an attribute of a resource: "service" is "service.name". Other tags keep their
// names.
func AttributeOfTag(tag string) string {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	return C.GoString(C.otlp_attribute_of_tag(cString(&pinner, tag)))
}

// Encode returns an ExportProfilesServiceRequest, uncompressed, with all profiles as those of one resource. Errors are of type [*merge.Error], in a
// [*FileError] if a file is not a profile.
func Encode(resource []Attribute, files []File) ([]byte, error) {
	request := C.otlp_request_new()
	if request == nil {
		return nil, &merge.Error{Code: merge.NoMemory}
	}
	defer C.otlp_request_free(request)
	var pinner runtime.Pinner
	defer pinner.Unpin()
	attributes := make([]C.struct_otlp_attribute, len(resource)+1)
	for i, a := range resource {
		attributes[i].key = cString(&pinner, a.Key)
		if a.IsNumber {
			attributes[i].number = C.int64_t(a.Number)
		} else {
			attributes[i].text = cString(&pinner, a.Text)
		}
	}
	C.otlp_begin_resource(request, &attributes[0], C.size_t(len(resource)))
	for i, f := range files {
		if err := add(request, &pinner, f); err != nil {
			var e *merge.Error
			if errors.As(err, &e) && e.Code != merge.NoMemory {
				return nil, &FileError{i, e}
			}
			return nil, err
		}
	}
	var bytes *C.uint8_t
	var size C.size_t
	if code := C.encode(request, &bytes, &size); code != C.MERGE_OK {
		return nil, &merge.Error{Code: merge.Code(code)}
	}
	return C.GoBytes(unsafe.Pointer(bytes), C.int(size)), nil
}

func add(request *C.struct_otlp_request, pinner *runtime.Pinner, f File) error {
	raw, err := merge.Inflate(f.Profile, nil)
	if err != nil {
		return err
	}
	var start C.int64_t
	if f.Duration != 0 {
		start = C.int64_t(f.Start.UnixNano())
	}
	var since C.int64_t
	if !f.HashSince.IsZero() {
		since = C.int64_t(f.HashSince.UnixNano())
	}
	var fault C.struct_merge_fault
	code := C.add(request, cString(pinner, f.Name), unsafe.Pointer(unsafe.SliceData(raw)), C.size_t(len(raw)), start, C.int64_t(f.Duration), since, &fault)
	if code != C.MERGE_OK {
		return &merge.Error{Code: merge.Code(code), Offset: int(fault.offset), Text: f.Name + ": " + C.GoString(&fault.text[0])}
	}
	return nil
}

// Profile is a profile that was read, in pprof's format, uncompressed.
type Profile struct {
	File    string // what the sender calls it, "" if it does not
	Scope   string // what wrote it
	Profile []byte
	// Resource are the attributes of what it is a profile of. Profiles of one request may have different ones.
	Resource []Attribute
}

// Decode reads an ExportProfilesServiceRequest, compressed with gzip or zstd or not. Profiles of one scope and time are the sample types of one
// profile. Errors are of type [*merge.Error].
func Decode(request []byte) ([]Profile, error) {
	raw, err := merge.Inflate(request, nil)
	if err != nil {
		return nil, err
	}
	var all C.struct_all_read
	defer func() { C.forget(&all) }()
	var fault C.struct_merge_fault
	if code := C.decode(unsafe.Pointer(unsafe.SliceData(raw)), C.size_t(len(raw)), &all, &fault); code != C.MERGE_OK {
		return nil, &merge.Error{Code: merge.Code(code), Offset: int(fault.offset), Text: C.GoString(&fault.text[0])}
	}
	profiles := make([]Profile, all.count)
	for i, one := range unsafe.Slice(all.list, all.count) {
		profiles[i] = Profile{C.GoString(one.file), C.GoString(one.scope), C.GoBytes(unsafe.Pointer(one.bytes), C.int(one.size)), nil}
		for _, a := range unsafe.Slice(one.attributes, one.attribute_count) {
			profiles[i].Resource = append(profiles[i].Resource,
				Attribute{C.GoString(a.key), C.GoString(a.text), int64(a.number), a.text == nil})
		}
	}
	return profiles, nil
}

// StatusText returns the reason in a google.rpc.Status, the body of an answer that refuses a request; "" if there is none.
func StatusText(body []byte) string {
	_, text := numberAndText(body)
	return text
}

// Rejected returns how many profiles an answer of 200 says that were not taken, and why (ExportProfilesServiceResponse.partial_success).
func Rejected(body []byte) (int64, string) {
	for field, err := nextField(&body); err == nil; field, err = nextField(&body) {
		if field.number == 1 {
			return numberAndText(field.bytes)
		}
	}
	return 0, ""
}

// numberAndText returns the number in field 1 and the text in field 2.
func numberAndText(message []byte) (number int64, text string) {
	for field, err := nextField(&message); err == nil; field, err = nextField(&message) {
		switch field.number {
		case 1:
			number = int64(field.value)
		case 2:
			text = string(field.bytes)
		}
	}
	return number, text
}

type field struct {
	number, value uint64
	bytes         []byte
}

// nextField takes a field of protobuf off the message. Answers have numbers and texts only; anything else ends the reading.
func nextField(message *[]byte) (field, error) {
	tag, n := binary.Uvarint(*message)
	if n <= 0 {
		return field{}, io.EOF
	}
	value, m := binary.Uvarint((*message)[n:])
	if m <= 0 {
		return field{}, io.ErrUnexpectedEOF
	}
	rest := (*message)[n+m:]
	switch tag & 7 {
	case 0:
		*message = rest
		return field{number: tag >> 3, value: value}, nil
	case 2:
		if value <= uint64(len(rest)) {
			*message = rest[value:]
			return field{number: tag >> 3, bytes: rest[:value]}, nil
		}
	}
	return field{}, io.ErrUnexpectedEOF
}

// cString returns text with a zero byte behind it, in Go's memory, which stays where it is until the pinner lets go.
func cString(pinner *runtime.Pinner, text string) *C.char {
	bytes := append([]byte(text), 0)
	pinner.Pin(&bytes[0])
	return (*C.char)(unsafe.Pointer(&bytes[0]))
}
