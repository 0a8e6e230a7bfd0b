package cmemprof

// #include "cmemprof.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"unsafe"
)

// getLabels returns the address of the calling goroutine's labels. It belongs to runtime/pprof and has other users, so the Go team keeps its
// signature stable (go.dev/issue/67401).
//
//go:linkname getLabels runtime/pprof.runtime_getProfLabel
func getLabels() unsafe.Pointer

var searchedLabels sync.Once

// Two ways from a thread to its goroutine are chance, as rare as a word of the thread's own data that seems to be one.
const labelSearches = 4

// findLabels has C search where Go keeps a goroutine's labels.
func findLabels() { elsewhere(func() { searchLabels(labelSearches) }) }

// elsewhere calls f in a new goroutine, and on another thread if this one is locked to its own.
func elsewhere(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

func searchLabels(tries int) {
	found := C.cmemprof_find_go_labels(setLabel("first"))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	switch {
	case found == C.CMEMPROF_GO_LABELS_AMBIGUOUS && tries > 1:
		elsewhere(func() { searchLabels(tries - 1) })
	case found == C.CMEMPROF_GO_LABELS_OK:
		elsewhere(confirmLabels)
	}
}

func confirmLabels() {
	if C.cmemprof_confirm_go_labels(setLabel("second")) == C.CMEMPROF_GO_LABELS_OK {
		pprof.SetGoroutineLabels(context.Background())
		C.cmemprof_confirm_go_labels(C.uintptr_t(uintptr(getLabels())))
	}
}

// setLabel returns the address of the labels it has set.
func setLabel(value string) C.uintptr_t {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("cmemprof", value)))
	return C.uintptr_t(uintptr(getLabels()))
}

// LabelsError says why samples have no labels of goroutines, if [Start] did not find out where this version of Go keeps them.
func LabelsError() error {
	if missing := C.cmemprof_get_go_labels(); missing != C.CMEMPROF_GO_LABELS_OK {
		return errors.New("cmemprof: C samples have no labels of goroutines: " + C.GoString(C.cmemprof_go_labels_text(missing)))
	}
	return nil
}

// SetLabels says which labels of goroutines (runtime/pprof) C samples have, from the next sample on. Without words, these are all but labels that
// name single requests: the keys span id, local root span id, trace id, span_id, trace_id and profile_id, and any key from when it has had more than
// some 1,000 values. A key among the words is kept whatever its values; one after a minus ("-user") is left out. "all" keeps every key, "off"
// none, but for those that other words name: "off", "tenant" keeps that key alone. It returns an error for a key of more than 128 bytes, or if
// there are more than 96 keys.
func SetLabels(words ...string) error {
	rule := C.enum_cmemprof_label_rule(C.CMEMPROF_LABELS_USUAL)
	keys := make(map[string]bool)
	for _, word := range words {
		switch key, unwanted := strings.CutPrefix(word, "-"); {
		case word == "all":
			rule = C.CMEMPROF_LABELS_ALL
		case word == "off":
			rule = C.CMEMPROF_LABELS_NONE
		case key != "":
			keys[key] = !unwanted
		}
	}
	C.cmemprof_set_label_rule(rule)
	for key, wanted := range keys {
		if !C.cmemprof_set_label((*C.char)(unsafe.Pointer(unsafe.StringData(key))), C.size_t(len(key)), C.bool(wanted)) {
			return fmt.Errorf("cmemprof: the label key %q is longer than 128 bytes, or one too many", key)
		}
	}
	return nil
}
