// The program of the tests of CPU profiles: it uses CPU time in C and Go, and writes Go's profile and the completed one.
package main

// #cgo LDFLAGS: -lstdc++
// #include <stdlib.h>
// #include "burn.h"
import "C"

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/e2e/cpu/hot"
)

//export goCallback
func goCallback(ms, depth C.int) {
	var local [256]byte
	C.burn_callback(ms, depth+C.int(local[len(os.Args)]))
}

var sink uint64

//go:noinline
func goOuter(ms int) {
	runtime.LockOSThread() // the time is that of a thread
	defer runtime.UnlockOSThread()
	end := C.burn_end(C.int(ms))
	for C.burn_done(end) == 0 {
		goInlined()
		sink += hot.Run()
	}
}

// goInlined is inlined into goOuter.
func goInlined() {
	x := sink
	for i := range uint64(400000) {
		x = x*6364136223846793005 + i
	}
	sink = x
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var directory = os.Args[1]

var workloads = map[string]func(ms int){
	"plain":      func(ms int) { C.burn_plain(C.int(ms)) },
	"recursive":  func(ms int) { C.burn_recursive(C.int(ms), 100) },
	"bottomless": func(ms int) { C.burn_recursive(C.int(ms), 3000) },
	"templates":  func(ms int) { C.burn_templates(C.int(ms)) },
	"library":    func(ms int) { C.burn_through_library(C.int(ms)) },
	"thread":     func(ms int) { C.burn_on_thread(C.int(ms)) },
	"callback":   func(ms int) { C.burn_callback(C.int(ms), 3) },
	"throwing":   func(ms int) { C.burn_throwing(C.int(ms)) },
	"threads":    func(ms int) { C.burn_threads(C.int(ms)) },
	"loading": func(ms int) {
		path := C.CString(filepath.Join(directory, "plugin.so"))
		defer C.free(unsafe.Pointer(path))
		if C.burn_loading(C.int(ms), path) < 0 {
			panic("plugin.so cannot be loaded")
		}
	},
	"go":         goOuter,
	"crash":      func(int) { C.burn_crash(3) },
	"null":       func(int) { C.burn_null() },
	"pool":       func(ms int) { C.burn_pool(4, C.int(ms)) },
	"called":     func(ms int) { C.burn_called(2, C.int(ms)) },
	"calling":    func(ms int) { C.burn_calling(2, C.int(ms)) },
	"cleaning":   func(ms int) { C.burn_cleaning(2, C.int(ms)) },
	"successive": func(ms int) { C.burn_successive(10, C.int(ms)/10) },
	"events":     func(ms int) { C.burn_event_threads(3, C.int(ms)) },
	"short":      shortCalls,
	"calls":      callsOfNs,
	"garbage":    garbage,
}

// stress runs what disturbs a stack walk, all at once and under a storm of signals, until that many stacks of C were walked. It gives up after
// ten minutes.
func stress(stacks uint64) uint64 {
	if C.burn_storm_start() != 0 {
		panic("no thread for the storm")
	}
	stop, end := make(chan bool), time.Now().Add(10*time.Minute)
	var running sync.WaitGroup
	for _, name := range []string{"throwing", "loading", "threads", "callback", "templates", "recursive", "library", "go"} {
		running.Add(1)
		go func() {
			defer running.Done()
			for !isClosed(stop) {
				workloads[name](5)
			}
		}()
	}
	for cmemprof.GetCPUStats().Stacks < stacks && time.Now().Before(end) {
		runtime.GC() // stops the world: preempts all
		time.Sleep(time.Millisecond)
	}
	close(stop)
	running.Wait()
	return uint64(C.burn_storm_stop())
}

func isClosed(c <-chan bool) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func runAll(arguments []string) (signals uint64) {
	for i := 0; i+1 < len(arguments); i += 2 {
		n, err := strconv.Atoi(arguments[i+1])
		check(err)
		if arguments[i] == "stress" {
			signals = stress(uint64(n))
			continue
		}
		if arguments[i] == "rate" {
			continue
		}
		done := make(chan bool)
		go func() {
			workloads[arguments[i]](n)
			close(done)
		}()
		<-done
	}
	return signals
}

// The arguments after the directory: names of workloads, each with its ms; "stress" with a number of stacks, "rate" with Hz. Those of ahead run already
// when the profile starts.
func main() {
	check(cmemprof.Start(cmemprof.DefaultInterval))
	check(cmemprof.StartCgoTraceback())
	var raw bytes.Buffer
	arguments, running := startAhead(os.Args[2:])
	check(cmemprof.StartCPUProfile(&raw))
	signals := runAll(arguments)
	running.Wait()
	used := cmemprof.StopCPUProfile()
	named, times, err := cmemprof.CPUProfile(raw.Bytes(), used)
	check(err)
	heap, err := cmemprof.Profile()
	check(err)
	facts, err := json.Marshal(map[string]any{"Times": times, "Stats": cmemprof.GetCPUStats(), "Signals": signals})
	check(err)
	for name, data := range map[string][]byte{"go.pprof": raw.Bytes(), "cpu.pprof": named, "heap.pprof": heap, "facts.json": facts} {
		check(os.WriteFile(filepath.Join(directory, name), data, 0o644))
	}
}
