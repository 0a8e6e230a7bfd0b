// Command static is linked fully statically: Go that calls C that allocates. It writes its profile to the file given as argument.
package main

// #include <stdlib.h>
// #include <string.h>
// static void *volatile alive[500];
// __attribute__((noinline)) static void site_alive(void) {
//     for (int i = 0; i < 500; i++) {
//         alive[i] = malloc(10000);
//     }
// }
// __attribute__((noinline)) static char *site_libc(void) { // libc's own call
//     return strdup("0123456789");
// }
import "C"

import (
	"fmt"
	"log"
	"os"

	"github.com/cmemprof/cmemprof/cmemprof"
	_ "github.com/cmemprof/cmemprof/goshim/profiler" // with all that a service links
)

//go:noinline
func allocate() {
	C.site_alive()
	if C.GoString(C.site_libc()) != "0123456789" {
		log.Fatal("strdup is broken")
	}
}

func main() {
	if err := cmemprof.Start(1); err != nil {
		log.Fatal(err)
	}
	allocate()
	bytes, err := cmemprof.Profile()
	if err == nil {
		err = os.WriteFile(os.Args[1], bytes, 0o600)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ran on")
}
