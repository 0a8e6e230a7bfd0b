// Program collections allocates in C before and after a callback that collects garbage, which shrinks the goroutine's deep stack. All allocations of
// the C function must have the Go function on their stack.
package main

// void c_work(void);
import "C"

import (
	"fmt"
	"os"
	"runtime"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/google/pprof/profile"
)

//go:noinline
func use(n int) byte {
	var frame [1024]byte
	if n > 0 {
		frame[0] = use(n - 1)
	}
	return frame[n%1024]
}

//export goCallback
func goCallback() {
	runtime.GC()
	runtime.GC()
}

//go:noinline
func goOuter() {
	use(200)
	C.c_work()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "collections:", err)
		os.Exit(1)
	}
}

func main() {
	must(cmemprof.Start(1))
	for range 100 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			goOuter()
		}()
		<-done
	}
	data, err := cmemprof.Profile()
	must(err)
	p, err := profile.ParseData(data)
	must(err)
	totals := map[string]int64{}
	for _, sample := range p.Sample {
		seen := map[string]bool{}
		for _, location := range sample.Location {
			for _, line := range location.Line {
				if !seen[line.Function.Name] {
					seen[line.Function.Name] = true
					totals[line.Function.Name] += sample.Value[1]
				}
			}
		}
	}
	if totals["c_site"] != 200000 || totals["main.goOuter"] != 200000 {
		must(fmt.Errorf("%d bytes at c_site, %d at main.goOuter, not 200000", totals["c_site"], totals["main.goOuter"]))
	}
}
