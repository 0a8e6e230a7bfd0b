//go:build cmemprof_static

package cmemprof

// For fully static programs:
//
//	go build -tags cmemprof_static,netgo,osusergo -ldflags '-linkmode=external -extldflags "-static -Wl,--eh-frame-hdr"'
//
// Without a loader the linker has to put the hooks in place (interposition.h), and the objects' tables are ours (code_objects.h).
// --eh-frame-hdr is how C frames are found: gcc leaves it away with -static, and cgo would not take it from here.

// #cgo CFLAGS: -DCMEMPROF_STATIC -DCMEMPROF_OWN_OBJECT_TABLE
// #cgo LDFLAGS: -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=reallocarray -Wl,--wrap=free
// #cgo LDFLAGS: -Wl,--wrap=posix_memalign -Wl,--wrap=aligned_alloc -Wl,--wrap=memalign -Wl,--wrap=valloc -Wl,--wrap=pvalloc
// #cgo LDFLAGS: -Wl,--wrap=malloc_usable_size -Wl,--wrap=dlclose
import "C"
