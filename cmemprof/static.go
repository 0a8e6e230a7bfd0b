//go:build cmemprof_static

package cmemprof

// For fully static programs:
//
//	go build -tags cmemprof_static,netgo,osusergo -ldflags '-linkmode=external -extldflags "-static -Wl,--eh-frame-hdr"'
//
// Without a loader the linker installs the hooks (interposition.h), and the table of objects is ours (code_objects.h).
// C frames need --eh-frame-hdr: gcc omits it with -static, and cgo does not accept it here.

// #cgo CFLAGS: -DCMEMPROF_STATIC
// #cgo LDFLAGS: -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=reallocarray -Wl,--wrap=free
// #cgo LDFLAGS: -Wl,--wrap=posix_memalign -Wl,--wrap=aligned_alloc -Wl,--wrap=memalign -Wl,--wrap=valloc -Wl,--wrap=pvalloc
// #cgo LDFLAGS: -Wl,--wrap=malloc_usable_size -Wl,--wrap=dlclose
// #cgo LDFLAGS: -Wl,--wrap=mmap -Wl,--wrap=mmap64 -Wl,--wrap=munmap -Wl,--wrap=mremap -Wl,--wrap=shmat -Wl,--wrap=shmdt -Wl,--wrap=pthread_create
import "C"
