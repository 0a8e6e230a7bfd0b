//go:build !go1.26

package cmemprof

import (
	"runtime"
	"sync"
)

var sigpanic struct {
	once       sync.Once
	start, end uintptr
}

// goPanic returns the range of runtime.sigpanic, [start, end). It searches downward from a function of the runtime: a package's code is
// contiguous, here some 3,000 functions, at a fraction of a microsecond each.
func goPanic(inRuntime uintptr) (start, end uintptr, ok bool) {
	sigpanic.once.Do(func() {
		for pc, looked := inRuntime, 0; looked < 10000; looked++ {
			f := runtime.FuncForPC(pc)
			if f == nil {
				return
			}
			if f.Name() == "runtime.sigpanic" {
				sigpanic.start, sigpanic.end = function(pc)
				return
			}
			pc = f.Entry() - 1
		}
	})
	return sigpanic.start, sigpanic.end, sigpanic.end != 0
}
