package main

// #include <stdlib.h>
// #include "cases.h"
import "C"

import "unsafe"

// Keeps allocations alive until the profiles are taken.
var (
	kept   []unsafe.Pointer
	keptGo []byte
)

// fromGo calls C from all kinds of Go functions, on the main goroutine.
func fromGo() {
	callMalloc()
	callCString()
	callFromGeneric[int32](1)
	callFromGeneric[string]("")
	callInlined()
	callMethodValue(&caller{})
	callBoth()
}

//go:noinline
func callMalloc() { kept = append(kept, C.malloc(1234)) }

//go:noinline
func callCString() { kept = append(kept, unsafe.Pointer(C.CString("a string of 22 bytes"))) }

//go:noinline
func callFromGeneric[T any](value T) T {
	C.generic_leaf()
	return value
}

//go:noinline
func callInlined() { inlinedOuter() }

func inlinedOuter() { inlinedInner() }

func inlinedInner() { C.inlined_go_leaf() }

type caller struct{ calls int }

//go:noinline
func (c *caller) call() {
	c.calls++
	C.method_leaf()
}

//go:noinline
func callMethodValue(c *caller) {
	call := c.call
	callThrough(call)
}

//go:noinline
func callThrough(call func()) { call() }

// callBoth appears in the profile of Go's heap and in that of C.
//
//go:noinline
func callBoth() {
	keptGo = make([]byte, 100_000)
	C.both_leaf()
}

// fromGoroutines calls C from other goroutines, whose stacks start small and move when they grow.
func fromGoroutines() {
	finished := make(chan struct{})
	for _, run := range []func(){
		func() { C.goroutine_leaf() },
		func() { descend(200, func() { C.deep_leaf() }) },
		func() { descend(5000, func() { C.too_deep_leaf() }) },
	} {
		go func() {
			run()
			finished <- struct{}{}
		}()
		<-finished
	}
}

// descend calls C on the way down too, so that the stack moves between C calls.
//
//go:noinline
func descend(levels int, bottom func()) byte {
	var padding [100]byte
	padding[levels%len(padding)] = byte(levels)
	if levels%50 == 0 {
		C.shown_count()
	}
	if levels == 0 {
		bottom()
	} else {
		padding[0] += descend(levels-1, bottom)
	}
	return padding[0] + padding[levels%len(padding)]
}

//export goMiddle
func goMiddle() { C.nested_middle() }

//export goInner
func goInner() { C.nested_leaf() }

//export goFromThread
func goFromThread() { C.thread_leaf() }
