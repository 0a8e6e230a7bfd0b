// Package jemalloc makes jemalloc the allocator of a program's C code, with cmemprof's hooks in front of it:
//
//	import _ "github.com/cmemprof/cmemprof/cmemprof/jemalloc"
//
// The build finds it with pkg-config (Debian: libjemalloc-dev and pkg-config). Like any malloc that is linked, it then serves libc and every
// shared library as well. Its figures are those of cmemprof.GetAllocatorStats and of the comment in each profile; it is tuned with the
// environment variable MALLOC_CONF.
package jemalloc

// #cgo pkg-config: jemalloc
// #include <jemalloc/jemalloc.h>
// #include <stddef.h>
// static const char *version(void) {
//     const char *text = NULL;
//     size_t size = sizeof text;
//     return mallctl("version", (void *)&text, &size, NULL, 0) == 0 ? text : "";
// }
import "C"

// Also loads the hooks, which have to come first.
import _ "github.com/cmemprof/cmemprof/cmemprof"

// Version is that of the library which the program runs with: "5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c".
func Version() string {
	return C.GoString(C.version())
}
