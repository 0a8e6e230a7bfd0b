// Command sanitized is built with a sanitizer, whose malloc comes first: it cannot be profiled, reports it, and runs on.
package main

// #include <stdlib.h>
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/cmemprof/cmemprof/cmemprof"
)

func main() {
	fmt.Println(cmemprof.Start(1))
	for i := range 1000 {
		C.free(C.malloc(C.size_t(i)))
	}
	text := C.CString("ran on")
	fmt.Println(C.GoString(text))
	C.free(unsafe.Pointer(text))
}
