// Program service has values in each kind of profile: C and Go memory, work, contention. It sends three batches to the Agent of its first argument,
// deltas unless its third is "totals", and writes the packages' other profiles into the folder of its second.
package main

/*
#include <stdlib.h>
static void *volatile kept[4096];
static int used;
__attribute__((noinline)) void hold_blocks(int count) {
	for (int i = 0; i < count && used < 4096; i++) {
		kept[used++] = malloc(1 << 20);
	}
	__asm__ volatile("");
}
*/
import "C"

import (
	"crypto/sha256"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/debug"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

var held [][]byte

//go:noinline
func holdInC() { C.hold_blocks(8) }

//go:noinline
func holdInGo() { held = append(held, make([]byte, 8<<20)) }

// Many goroutines that contend for one lock.
func contend() {
	var lock sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				lock.Lock()
				sha256.Sum256(make([]byte, 100_000))
				lock.Unlock()
			}
		})
	}
	all.Wait()
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func write(folder, name string, content []byte, err error) {
	must(err)
	must(os.WriteFile(filepath.Join(folder, name), content, 0o644))
}

func page(path string) []byte {
	answer := httptest.NewRecorder()
	debug.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	if answer.Code != http.StatusOK {
		log.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
	}
	return answer.Body.Bytes()
}

func main() {
	agent, folder, totals := os.Args[1], os.Args[2], os.Args[3] == "totals"
	runtime.MemProfileRate = 1 << 16
	must(profiler.Start(profiler.WithAgentAddr(agent), profiler.WithService("symbolized"), profiler.WithPeriod(300*time.Millisecond),
		profiler.WithDeltaProfiles(!totals), profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile, profiler.BlockProfile,
			profiler.MutexProfile, profiler.GoroutineProfile)))
	for i := 0; i < 2000 && profiler.Stats().BatchesSent < 3; i++ {
		if i < 200 {
			holdInC()
			holdInGo()
			if i%4 == 3 {
				held = nil
			}
		}
		contend()
	}
	kind := os.Args[3]
	write(folder, "page-heap-"+kind, page("/debug/cmemprof/heap?gc=1"), nil)
	write(folder, "page-difference-"+kind, page("/debug/cmemprof/heap?seconds=1"), nil)
	c, err := cmemprof.Profile()
	write(folder, "c-"+kind, c, err)
	profiler.Stop()
}
