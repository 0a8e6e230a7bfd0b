// Command goprogram is a Go program that knows nothing of cmemprof and calls C that allocates. It prints what it finds of the profiler in its
// environment.
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
	"os"
	"strings"
	"time"
)

func main() {
	C.site_alive()
	time.Sleep(time.Second) // for a profile or two: it ends by a bare system call
	for _, variable := range os.Environ() {
		if strings.Contains(strings.ToLower(variable), "cmemprof") {
			fmt.Println(variable)
		}
	}
	fmt.Println("done")
}
