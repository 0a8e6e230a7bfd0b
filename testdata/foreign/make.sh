#!/usr/bin/env bash
# Makes the files of this folder anew, with the tools that are installed: small files of real tools, for the fuzzer and for looking at.
# usage: make.sh PYSPY (the program py-spy, from PyPI)
#
# Those that are checked in were made with Node 20.20.2, perf 6.1.187, heaptrack 1.4.0, jemalloc 5.3.0, gperftools 2.10, py-spy 0.4.3 and
# Go 1.26.8, on Debian 12.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/work.js" <<'END'
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
globalThis.keep = [];
const start = Date.now();
while (Date.now() - start < 100) { fib(20); if (keep.length < 100000) keep.push({a: 1, b: "x" + keep.length}); }
END
node --cpu-prof --cpu-prof-dir="$work" --cpu-prof-interval=5000 --heap-prof --heap-prof-dir="$work" --heap-prof-interval=65536 "$work/work.js"
cp "$work"/*.cpuprofile node.cpuprofile
cp "$work"/*.heapprofile node.heapprofile

cat >"$work/work.py" <<'END'
import time
def f(n): return sum(i * i for i in range(n))
def g(): return f(20000)
end = time.time() + 1
while time.time() < end: g()
END
"$1" record -f speedscope -o py-spy.speedscope.json -d 1 -r 50 -- /usr/bin/python3 "$work/work.py" >/dev/null 2>&1
"$1" record -f raw -o py-spy.folded -d 1 -r 50 -- /usr/bin/python3 "$work/work.py" >/dev/null 2>&1

heaptrack -o "$work/heaptrack" ls / >/dev/null 2>&1 || true # its status is that of a window that it cannot open
cp "$work"/heaptrack.zst heaptrack.zst
perf record -q -e cpu-clock,page-faults -F 99 -g -o "$work/perf.data" perl -e 'my $s = 0; sub f { $s += $_ * $_ for 1..1500000 } f()' >/dev/null
perf script -i "$work/perf.data" >perf.script 2>/dev/null
# Its totals, for e2e/foreign/tools_test.go.
perf report -i "$work/perf.data" --stdio --no-children -g none --sort sym -F sample,sym 2>/dev/null
MALLOC_CONF=prof:true,lg_prof_sample:14,prof_final:true,prof_accum:true,prof_prefix:$work/je LD_PRELOAD=libjemalloc.so.2 perl -e 'my @a; push @a, "x" x 100 . $_ for 1..2000'
cp "$work"/je.*.heap jemalloc.heap
LD_PRELOAD=libtcmalloc.so.4 HEAPPROFILE=$work/heap sort /etc/services >/dev/null 2>/dev/null
cp "$work"/heap.*.heap gperftools.heap
LD_PRELOAD=libprofiler.so.0 CPUPROFILE=$work/cpu perl -e '$_ * $_ for 1..2000000' 2>/dev/null
cp "$work"/cpu gperftools.cpu

cat >"$work/work.go" <<'END'
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

var keep [][]byte

func main() {
	runtime.SetMutexProfileFraction(1)
	var lock sync.Mutex
	for range 3 {
		go func() { lock.Lock(); time.Sleep(time.Millisecond); lock.Unlock(); select {} }()
	}
	for range 100 {
		keep = append(keep, make([]byte, 100_000))
	}
	time.Sleep(20 * time.Millisecond)
	for _, name := range []string{"heap", "goroutine", "mutex"} {
		file, _ := os.Create(os.Args[1] + "/go." + name)
		pprof.Lookup(name).WriteTo(file, 1)
		file.Close()
	}
}
END
go build -trimpath -o "$work/work" "$work/work.go"
"$work/work" "$work"
cp "$work"/go.* .

cat >"$work/trace.go" <<'END'
package main

import (
	"os"
	"runtime/trace"
	"sync"
)

var lock sync.Mutex

func main() {
	trace.Start(os.Stdout)
	done := make(chan bool)
	for range 3 {
		go func() {
			lock.Lock()
			os.ReadFile("/dev/null")
			lock.Unlock()
			done <- true
		}()
	}
	for range 3 {
		<-done
	}
	trace.Stop()
}
END
go build -trimpath -o "$work/trace" "$work/trace.go"
"$work/trace" >go.trace
