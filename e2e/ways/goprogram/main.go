// Command goprogram is a Go program that knows nothing of cmemprof and calls C that allocates. It prints what the profiler has set in its
// environment, and ends when its standard input does: by a bare system call, so whoever wants a profile of it waits for one before.
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
	"strings"
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
}
