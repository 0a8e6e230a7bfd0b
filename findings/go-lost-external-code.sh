#!/usr/bin/env bash
# Go 1.26.8 (and 1.25.0, 1.27.3): in a CPU profile of a process in which a thread that C has made computes and Go is idle, part of its time
# is the row runtime._LostExternalCode. The runtime keeps such samples in a buffer of 1,000 words, which it empties only when one of its own
# threads gets a signal of its own, and when Go does nothing, hardly one does. One would expect the thread's address below
# runtime._ExternalCode, as it is when Go works beside. Seen, of 10 s of one C thread, in samples:
#
#     Go idle: _LostExternalCode 228, _ExternalCode 561          Go works: _LostExternalCode 0, _ExternalCode 395
#
# (how many signals come is a matter of the machine; the rows are not). Fails when the behaviour has changed. Needs a C compiler, Go, and Go's
# module proxy for its toolchain.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >go.mod <<'M'
module lost
go 1.25
M
cat >main.go <<'G'
package main

/*
#include <pthread.h>
#include <time.h>
static void *compute(void *unused) {
	struct timespec now, start;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		for (volatile int i = 0; i < 1000000; i++) {
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < 10);
	return unused;
}
static pthread_t begin(void) {
	pthread_t thread;
	pthread_create(&thread, NULL, compute, NULL);
	return thread;
}
static void end(pthread_t thread) { pthread_join(thread, NULL); }
*/
import "C"

import (
	"os"
	"runtime/pprof"
	"time"
)

func main() {
	file, _ := os.Create(os.Args[1])
	if err := pprof.StartCPUProfile(file); err != nil {
		panic(err)
	}
	thread := C.begin()
	for start := time.Now(); time.Since(start) < 10*time.Second; {
		if os.Args[2] == "idle" {
			time.Sleep(10 * time.Second)
		}
	}
	C.end(thread)
	pprof.StopCPUProfile()
	file.Close()
}
G
export GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod
go build -o lost .
# samples FILE ROW
samples() { go tool pprof -top -sample_index=samples lost "$1" 2>/dev/null | awk -v row="$2" '$6 ~ row { sum += $4 } END { print sum + 0 }'; }
for go in idle works; do
    ./lost "$go.pprof" "$go"
    lost=$(samples "$go.pprof" _LostExternalCode) external=$(samples "$go.pprof" 'runtime._ExternalCode')
    echo "Go $go: _LostExternalCode $lost, _ExternalCode $external"
    case $go in
    idle) [ "$lost" -gt 50 ] || { echo "changed: nothing is lost while Go is idle" >&2; exit 1; } ;;
    works) [ "$lost" = 0 ] && [ "$external" -gt 50 ] || { echo "changed: samples are lost while Go works" >&2; exit 1; } ;;
    esac
done
