// Command plugin is built as a c-shared library: Go code with cmemprof in it that a C program loads late.
package main

// #include <stdlib.h>
import "C"

import "github.com/cmemprof/cmemprof/cmemprof"

//export start_profiling
func start_profiling() *C.char {
	if err := cmemprof.Start(1); err != nil {
		return C.CString(err.Error())
	}
	return C.CString("started")
}

func main() {}
