#!/usr/bin/env bash
# Go 1.26.8 (and 1.25.0, 1.27.3): a CPU profile has no samples of a thread that C has made and that calls Go, if another such thread has ended before
# in the same profile. Go gives the thread the m of the one that has ended, and in it a timer of CPU time that is bound to that thread and never expires
# again: profilehz is what it should be, so none is made, and signals of the process's timer are dropped since there seems to be a better one. Seen:
#
#     ten threads of 0.3 s each   at the same time: samples of 81 % of the time      one after the other: 8 %, the first one's
#
# Fails when the behaviour has changed. Needs a C compiler, Go, and Go's module proxy for its toolchain.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >go.mod <<'M'
module next
go 1.25
M
cat >main.go <<'G'
package main

/*
#include <pthread.h>
extern void work(void);
static void *thread(void *unused) {
	work();
	return unused;
}
static void run(int at_once) {
	pthread_t ids[10];
	for (int made = 0; made < 10; made += at_once) {
		for (int i = 0; i < at_once; i++) pthread_create(&ids[i], NULL, thread, NULL);
		for (int i = 0; i < at_once; i++) pthread_join(ids[i], NULL);
	}
}
*/
import "C"

import (
	"os"
	"runtime/pprof"
	"syscall"
	"unsafe"
)

// The calling thread's CPU time in ns.
func threadTime() int64 {
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 3, uintptr(unsafe.Pointer(&now)), 0) // CLOCK_THREAD_CPUTIME_ID
	return now.Nano()
}

//export work
func work() {
	for end := threadTime() + 300e6; threadTime() < end; {
		for range 1000000 {
		}
	}
}

func main() {
	file, _ := os.Create(os.Args[1])
	if err := pprof.StartCPUProfile(file); err != nil {
		panic(err)
	}
	if os.Args[2] == "together" {
		C.run(10)
	} else {
		C.run(1)
	}
	pprof.StopCPUProfile()
	file.Close()
}
G
export GOFLAGS=-mod=mod
for version in ${GO_VERSIONS:-1.26.8}; do
    export GOTOOLCHAIN=go$version
    go build -o next .
    for way in together "one after the other"; do
        ./next "$way.pprof" "$way"
        # Each sample stands for 10 ms of 3 s.
        percent=$(go tool pprof -top -sample_index=samples next "$way.pprof" 2>/dev/null | awk '$6 ~ /main.work|main.threadTime|syscall|ExternalCode/ { sum += $1 } END { print int(sum / 3) }')
        echo "Go $version, ten threads $way: samples of $percent % of their time"
        case $way in
        together) [ "$percent" -gt 60 ] || { echo "changed: threads at the same time have no samples" >&2; exit 1; } ;;
        *) [ "$percent" -lt 30 ] || { echo "changed: threads have samples" >&2; exit 1; } ;;
        esac
    done
done
