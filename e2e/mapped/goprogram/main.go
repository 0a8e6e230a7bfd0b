// Goprogram holds 200 MB on Go's heap and 30 MB that its C code has mapped, and writes its profile to the given file. With the tag preloaded it
// leaves that to whoever runs it: it prints "ready" and waits for the end of its input.
package main

// #include <string.h>
// #include <sys/mman.h>
// static __attribute__((noinline)) void *map_some(size_t size) {
//     void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
//     return base == MAP_FAILED ? NULL : memset(base, 1, size);
// }
import "C"

import "runtime"

var kept [][]byte

//go:noinline
func holdMapped() bool {
	return C.map_some(30<<20) != nil
}

func main() {
	begin()
	for range 200 {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		kept = append(kept, block)
	}
	if !holdMapped() {
		panic("no memory")
	}
	end()
	runtime.KeepAlive(kept)
}
