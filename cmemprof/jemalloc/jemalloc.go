// Package jemalloc makes jemalloc the real allocator of a program's C code:
//
//	import _ "github.com/cmemprof/cmemprof/cmemprof/jemalloc"
//
// The build finds it with pkg-config (Debian: libjemalloc-dev and pkg-config). Like any linked malloc, it then serves libc and every
// shared library as well. cmemprof.GetAllocatorStats and the comment in each profile report its figures. Tune it with the
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

// Also loads the hooks, which must come first.
import _ "github.com/cmemprof/cmemprof/cmemprof"

// Version returns the version of the library that the program runs with: "5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c".
func Version() string {
	return C.GoString(C.version())
}
