// Command goprogram is a Go program without cmemprof that calls C that allocates. It prints the profiler's variables in its environment, and ends
// with its standard input, by a direct system call without a last profile.
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
