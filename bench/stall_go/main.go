// Command stall_go measures what requests for profiles and figures do to a service's work: how many units of work a second, and the longest one.
//
//	usage: stall_go BLOCKS SECONDS
//
// The service holds so many blocks of C, as many again of which are free, and one thread allocates and frees. For each handler of goshim/debug two
// clients ask in a loop for so many seconds. Prints one line each, "WHAT REQUESTS UNITS/S LONGEST_MS", controls first and
// last: without requests, and with requests for the index, a page of text, which take processors and no lock.
package main

/*
#cgo CFLAGS: -O2 -fno-builtin-malloc -fno-builtin-free
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Atomic int ends;
static _Atomic uint64_t units, longest_ns;

static uint64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// A unit: 200 blocks allocated, written to and freed, in the arena of the blocks that are held.
static void work(void) {
	while (!ends) {
		uint64_t start = now_ns();
		void *blocks[200];
		for (int i = 0; i < 200; i++) {
			blocks[i] = memset(malloc(100 + (size_t)i * 10), 1, 100);
		}
		for (int i = 0; i < 200; i++) {
			free(blocks[i]);
		}
		uint64_t took = now_ns() - start;
		if (took > longest_ns) {
			longest_ns = took;
		}
		units++;
	}
}

// Every second block is free: glibc keeps a list of them.
static void hold(size_t count) {
	void **blocks = malloc(2 * count * sizeof *blocks);
	for (size_t i = 0; i < 2 * count; i++) {
		blocks[i] = malloc(1100 + i % 7 * 16);
	}
	for (size_t i = 0; i < 2 * count; i += 2) {
		free(blocks[i]);
	}
	free(blocks);
}

static void hold_and_work(size_t count) {
	hold(count);
	units = 1;
	work();
}
static uint64_t take_units(void) { return atomic_exchange(&units, 0); }
static uint64_t take_longest_ns(void) { return atomic_exchange(&longest_ns, 0); }
static void end(void) { ends = 1; }
*/
import "C"

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/debug"
)

func ask(client *http.Client, url string) {
	answer, err := client.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
}

// load asks for the paths in a loop, by two clients each.
func load(server *httptest.Server, paths []string, d time.Duration) (requests int64) {
	var all sync.WaitGroup
	var count atomic.Int64
	end := time.Now().Add(d)
	for i := range 2 * len(paths) {
		all.Go(func() {
			for time.Now().Before(end) {
				ask(server.Client(), server.URL+"/debug/cmemprof/"+paths[i/2])
				count.Add(1)
			}
		})
	}
	if len(paths) == 0 {
		time.Sleep(d)
	}
	all.Wait()
	return count.Load()
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: stall_go BLOCKS SECONDS")
	}
	blocks, _ := strconv.Atoi(os.Args[1])
	seconds, _ := strconv.Atoi(os.Args[2])
	if err := cmemprof.Start(cmemprof.DefaultInterval); err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(debug.Handler())
	defer server.Close()
	ended := make(chan struct{})
	go func() {
		C.hold_and_work(C.size_t(blocks))
		close(ended)
	}()
	for C.take_units() == 0 {
		time.Sleep(100 * time.Millisecond)
	}
	every := []string{"heap", "alloc", "peak", "status", "status?allocator=1", "profile?seconds=1"}
	for _, paths := range [][]string{nil, {"?"}, {"heap"}, {"heap?gc=1"}, {"peak"}, {"status"}, {"status?allocator=1"}, {"profile?seconds=1"}, every, {"?"}, nil} {
		C.take_units()
		C.take_longest_ns()
		start := time.Now()
		requests := load(server, paths, time.Duration(seconds)*time.Second)
		name := strings.Join(paths, ",")
		if name == "" {
			name = "control"
		} else if name == "?" {
			name = "index"
		} else if len(paths) > 1 {
			name = "all"
		}
		fmt.Printf("%s %d %.0f %.2f\n", name, requests, float64(C.take_units())/time.Since(start).Seconds(), float64(C.take_longest_ns())/1e6)
	}
	C.end()
	<-ended
}
