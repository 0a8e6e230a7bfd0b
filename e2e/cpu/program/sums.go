package main

// #include "burn.h"
import "C"

import (
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

//export goTouch
func goTouch(us C.int) {
	for end := time.Now().Add(time.Duration(us) * time.Microsecond); us > 0 && time.Now().Before(end); {
	}
}

// ahead are workloads that may run already when the profile starts, each by the name of what runs on after an "early-".
func startAhead(arguments []string) (rest []string, running *sync.WaitGroup) {
	running = new(sync.WaitGroup)
	for i := 0; i+1 < len(arguments); i += 2 {
		n, err := strconv.Atoi(arguments[i+1])
		check(err)
		name, isAhead := strings.CutPrefix(arguments[i], "early-")
		switch {
		case arguments[i] == "rate":
			runtime.SetCPUProfileRate(n)
		case isAhead:
			running.Add(1)
			started := make(chan bool)
			go func() {
				defer running.Done()
				close(started)
				workloads[name](n)
			}()
			<-started
			time.Sleep(200 * time.Millisecond)
		default:
			rest = append(rest, arguments[i], arguments[i+1])
		}
	}
	return rest, running
}

func shortCalls(ms int) { callsOf(ms, 10) }

// callsOf spends ms in calls of C, each of so many rounds of a loop.
func callsOf(ms, rounds int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for end := C.burn_end(C.int(ms)); C.burn_done(end) == 0; {
		for range 1 + 1_000_000/(rounds+100) {
			C.burn_short(C.int(rounds))
		}
	}
}

// callsOfNs spends two seconds in calls of C that take so many ns there.
func callsOfNs(ns int) {
	const many = 50_000_000
	began := C.burn_now()
	C.burn_short(many)
	callsOf(2000, ns*many/int(C.burn_now()-began))
}

// garbage keeps Go's collector busy.
func garbage(ms int) {
	var workers sync.WaitGroup
	for range 4 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			var keep [64][]byte
			for end, i := time.Now().Add(time.Duration(ms)*time.Millisecond), 0; time.Now().Before(end); i++ {
				keep[i%len(keep)] = make([]byte, 100_000)
			}
			runtime.KeepAlive(keep)
		}()
	}
	workers.Wait()
}

func init() { workloads["mixed"] = mixed }

// mixed runs Go, C from Go, and threads of C at the same time.
func mixed(ms int) {
	var workers sync.WaitGroup
	for _, name := range []string{"go", "plain", "thread", "called", "events"} {
		workers.Add(1)
		go func() {
			defer workers.Done()
			workloads[name](ms)
		}()
	}
	workers.Wait()
}
