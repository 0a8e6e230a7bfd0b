package main

import (
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Number of waits of contend and wait. Both profiles count every wait if their rate is 1.
const (
	contentions = 7
	waits       = 9
)

// RUSAGE_THREAD of Linux, which package syscall does not name.
const rusageThread = 1

var retained []byte

// retain keeps 32 MiB in one block: far above the sampling interval of 512 KiB, so its value in the heap profile is exact.
//
//go:noinline
func retain() { retained = make([]byte, 32<<20) }

var retainedSmall [][]byte

// retainSmall keeps 128 MiB in blocks of 4 KiB: about 256 samples.
//
//go:noinline
func retainSmall() {
	for range 128 << 20 / 4096 {
		retainedSmall = append(retainedSmall, make([]byte, 4096))
	}
}

// calculate uses one second of CPU time: about 100 samples.
//
//go:noinline
func calculate() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() int64 {
		var usage syscall.Rusage
		if err := syscall.Getrusage(rusageThread, &usage); err != nil {
			panic(err)
		}
		return usage.Utime.Nano() + usage.Stime.Nano()
	}
	x := uint64(1)
	for begin := used(); used()-begin < int64(time.Second); {
		for range 100000 {
			x = x*6364136223846793005 + 1442695040888963407
		}
	}
	runtime.KeepAlive(x)
}

// contend makes goroutines wait for a lock one after the other.
//
//go:noinline
func contend() {
	var mu sync.Mutex
	for range contentions {
		held, done := make(chan struct{}), make(chan struct{})
		go func() {
			mu.Lock()
			close(held)
			parked("sync.Mutex.Lock")
			time.Sleep(2 * time.Millisecond)
			unlock(&mu)
			close(done)
		}()
		<-held
		mu.Lock()
		mu.Unlock()
		<-done
	}
}

//go:noinline
func unlock(mu *sync.Mutex) { mu.Unlock() }

// wait waits on a channel.
//
//go:noinline
func wait() {
	for range waits {
		ready := make(chan struct{})
		go func() {
			parked("chan receive")
			time.Sleep(2 * time.Millisecond)
			close(ready)
		}()
		<-ready
	}
}

// parked returns when the main goroutine waits for it, so that no wait is missed on a busy machine.
func parked(waitsFor string) {
	stacks := make([]byte, 1<<20)
	for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(time.Millisecond) {
		text := string(stacks[:runtime.Stack(stacks, true)])
		if _, main, ok := strings.Cut("\n"+text, "\ngoroutine 1 ["); ok && strings.HasPrefix(main, waitsFor) {
			return
		}
	}
	panic("the main goroutine never waits for " + waitsFor)
}

// burn uses a quarter of one CPU until the end.
//
//go:noinline
func burn(end <-chan struct{}) {
	x := uint64(1)
	for {
		select {
		case <-end:
			return
		default:
		}
		for begin := time.Now(); time.Since(begin) < 2*time.Millisecond; {
			for range 1000 {
				x = x*6364136223846793005 + 1442695040888963407
			}
		}
		time.Sleep(6 * time.Millisecond)
	}
}
