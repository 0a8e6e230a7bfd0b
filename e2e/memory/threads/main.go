// Threads is a program of 500 threads: 300 that one C function makes, 150 that another one makes, 50 that were made before the profiler's start.
// It prints, from its own memory profile, for each function of interest the number of threads and the bytes of their stacks.
package main

// #include <pthread.h>
// #include <unistd.h>
// static pthread_barrier_t barrier;
// static void *wait_for_ever(void *kib) {
//     volatile char *room = __builtin_alloca((size_t)kib * 1024);
//     for (size_t i = 0; i < (size_t)kib * 1024; i += 4096) {
//         room[i] = 1;
//     }
//     pthread_barrier_wait(&barrier);
//     for (;;) {
//         pause();
//     }
//     return NULL;
// }
// static __attribute__((noinline)) int make(int count, size_t kib) {
//     pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
//     for (int i = 0; i < count; i++) {
//         pthread_t thread;
//         if (pthread_create(&thread, NULL, wait_for_ever, (void *)kib) != 0) {
//             return 0;
//         }
//     }
//     pthread_barrier_wait(&barrier);
//     return 1;
// }
// static __attribute__((noinline)) int make_large(void) { int made = make(300, 64); __asm__ volatile(""); return made; }
// static __attribute__((noinline)) int make_small(void) { int made = make(150, 16); __asm__ volatile(""); return made; }
// static __attribute__((noinline)) int make_early(void) { int made = make(50, 32); __asm__ volatile(""); return made; }
import "C"

import (
	"fmt"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/cmemprof"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

//go:noinline
func growPool() C.int { return C.make_large() }

func main() {
	ok := C.make_early() == 1
	check(cmemprof.Start(cmemprof.DefaultInterval))
	ok = ok && growPool() == 1 && C.make_small() == 1
	if !ok {
		panic("no more threads")
	}
	figures, bytes, err := cmemprof.MemoryProfile(nil, nil)
	check(err)
	p, err := profile.ParseData(bytes)
	check(err)
	type seen struct{ threads, bytes int64 }
	sums := map[string]seen{}
	for _, sample := range p.Sample {
		if !sample.HasLabel("part", "thread_stacks") {
			continue
		}
		threads := int64(0)
		if n := sample.NumLabel["threads"]; len(n) == 1 {
			threads = n[0]
		}
		functions := map[string]bool{"all": true}
		for _, location := range sample.Location {
			for _, line := range location.Line {
				functions[line.Function.Name] = true
			}
		}
		for function := range functions {
			sums[function] = seen{sums[function].threads + threads, sums[function].bytes + sample.Value[0]}
		}
	}
	for _, function := range []string{"make_large", "make_small", "make_early", "make", "wait_for_ever", "main.growPool", "threads of Go's runtime", "all"} {
		fmt.Printf("%s,%d,%d\n", function, sums[function].threads, sums[function].bytes)
	}
	fmt.Printf("figures,%d,%d\n", figures.Threads, figures.RSSBytes)
}
