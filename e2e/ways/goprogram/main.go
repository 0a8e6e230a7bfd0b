// Command goprogram is a Go program without cmemprof that calls C that allocates. It prints the profiler's variables in its environment, waits for
// the end of its standard input, and ends in one of many ways: goprogram [return|exit|goexit|panic|fatal|many].
package main

// #include <stdlib.h>
// static void *volatile alive[500];
// __attribute__((noinline)) static void site_alive(void) {
//     for (int i = 0; i < 500; i++) {
//         alive[i] = malloc(10000);
//     }
// }
import "C"

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
)

func main() {
	C.site_alive()
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "CMEMPROF_") || name == "LD_PRELOAD" && strings.Contains(value, "libcmemprof") {
			fmt.Println(variable)
		}
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	fmt.Println("done")
	if len(os.Args) > 1 {
		end(os.Args[1])
	}
}

func end(way string) {
	switch way {
	case "exit":
		os.Exit(7)
	case "goexit": // by a goroutine, on its own stack
		go os.Exit(7)
		select {}
	case "panic":
		panic("planted")
	case "fatal": // the runtime's own end
		var lock sync.Mutex
		lock.Unlock()
	case "many": // several threads at once
		for range 50 {
			go func() {
				runtime.LockOSThread()
				os.Exit(7)
			}()
		}
		select {}
	}
}
