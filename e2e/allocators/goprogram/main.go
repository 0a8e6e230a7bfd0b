// Goprogram is a Go program whose C code runs on jemalloc. It prints the allocator's name and version, and its figure of memory in use before
// and while 8 MB are held; then it writes its profile to the given file.
package main

// #include <stdlib.h>
// static void *volatile kept[100];
// static __attribute__((noinline)) void site_kept(void) {
//     for (int i = 0; i < 100; i++) {
//         kept[i] = malloc(80000);
//     }
// }
import "C"

import (
	"fmt"
	"os"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/cmemprof/jemalloc"
)

func main() {
	if err := cmemprof.Start(1); err != nil {
		panic(err)
	}
	before := cmemprof.GetAllocatorStats()
	C.site_kept()
	during := cmemprof.GetAllocatorStats()
	profile, err := cmemprof.Profile()
	if err == nil {
		err = os.WriteFile(os.Args[1], profile, 0o600)
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(before.Name, jemalloc.Version(), before.InUseBytes, during.InUseBytes)
}
