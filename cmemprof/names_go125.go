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

// goPanic returns where runtime.sigpanic lies, [start, end). It is looked for downward from a function of the runtime: the code of a package lies
// together, some 3,000 functions here, and a function takes a fraction of a microsecond.
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
