// Program allocates in C through every kind of stack and writes c.pprof, Go's own heap profile go.pprof, and facts.json (the profiler's counters,
// and the addresses of this program's C functions).
//
//	program DIRECTORY LIBRARY_TO_OPEN LIBRARY_TO_OPEN_AND_CLOSE
package main

// #cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
// #cgo CXXFLAGS: -O2 -g
// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "cases.h"
import "C"

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"

	"github.com/cmemprof/cmemprof/cmemprof"
)

// facts is read by stacks_test.go.
type facts struct {
	Stats              cmemprof.Stats
	Functions          map[string]uint64 // C functions of this program: where they start
	TextStart, TextEnd uint64            // all of them lie there, and nothing else does
}

func tellFacts() facts {
	f := facts{
		Stats:     cmemprof.GetStats(),
		Functions: map[string]uint64{},
		TextStart: uint64(C.shown_text_start()),
		TextEnd:   uint64(C.shown_text_end()),
	}
	for i := range C.shown_count() {
		row := C.shown_at(i)
		f.Functions[C.GoString(row.name)] = uint64(uintptr(row.address))
	}
	return f
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: program DIRECTORY LIBRARY_TO_OPEN LIBRARY_TO_OPEN_AND_CLOSE")
	}
	runtime.MemProfileRate = 1
	opened, closed := C.CString(os.Args[2]), C.CString(os.Args[3])
	cmemprof.SetMemoryLimit(1 << 30)
	must(cmemprof.Start(1))
	fromGo()
	fromGoroutines()
	fromC(opened, closed)
	profile, err := cmemprof.Profile()
	must(err)
	f := tellFacts()

	write("c.pprof", profile)
	runtime.GC() // so that Go's profile is up to date
	var heap bytes.Buffer
	must(pprof.Lookup("heap").WriteTo(&heap, 0))
	write("go.pprof", heap.Bytes())
	text, err := json.Marshal(f)
	must(err)
	write("facts.json", text)
}

func fromC(opened, closed *C.char) {
	C.static_chain()
	C.inlined_callee()
	C.through_linked()
	C.through_opened(opened)
	C.through_closed(closed)
	C.sorted()
	C.with_getline()
	C.with_strdup()
	C.with_asprintf()
	C.realigned_locals()
	C.realigned_arguments()
	C.variable_frame()
	C.fp_is_a_number()
	C.big_frame()
	C.nested_outer()
	C.thread_in_c()
	C.thread_into_go()
	C.on_gos_signal_stack()
	C.on_own_signal_stack()
	C.on_coroutine()
	C.with_new()
	C.with_vector()
}

func write(name string, data []byte) {
	must(os.WriteFile(filepath.Join(os.Args[1], name), data, 0o600))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
