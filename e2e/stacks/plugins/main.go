// Program plugins opens the libraries given as arguments in turn, allocates in each and closes it, 200 times, and takes profiles in between. Each
// plugin's function must have its own allocations.
package main

// #cgo LDFLAGS: -ldl
// #include <dlfcn.h>
// #include <stdlib.h>
// typedef void *allocate(size_t size);
// static void *open_plugin(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
// static void *use_plugin(void *plugin, const char *name, size_t size) {
//     allocate *function = (allocate *)dlsym(plugin, name);
//     return function ? (free(function(size)), (void *)function) : NULL;
// }
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/google/pprof/profile"
)

const (
	turns = 200
	size  = 500
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "plugins:", err)
		os.Exit(1)
	}
}

// function returns the name of the plugin's function: "a_allocate" in "liba.so".
func function(plugin string) string {
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(plugin), "lib"), ".so") + "_allocate"
}

// use opens the plugin, allocates in it and closes it, and returns the address of its function.
func use(plugin string) uintptr {
	path, name := C.CString(plugin), C.CString(function(plugin))
	defer C.free(unsafe.Pointer(path))
	defer C.free(unsafe.Pointer(name))
	handle := C.open_plugin(path)
	if handle == nil {
		must(fmt.Errorf("%s cannot be opened", plugin))
	}
	at := C.use_plugin(handle, name, size)
	if at == nil || C.dlclose(handle) != 0 {
		must(fmt.Errorf("%s cannot be used or closed", plugin))
	}
	return uintptr(at)
}

func totals() map[string]int64 {
	data, err := cmemprof.Profile()
	must(err)
	p, err := profile.ParseData(data)
	must(err)
	bytes := map[string]int64{}
	for _, sample := range p.Sample {
		for _, location := range sample.Location {
			for _, line := range location.Line {
				bytes[line.Function.Name] += sample.Value[1]
			}
		}
	}
	return bytes
}

func main() {
	must(cmemprof.Start(1))
	addresses := map[uintptr]bool{}
	for turn := range turns {
		for _, plugin := range os.Args[1:] {
			addresses[use(plugin)] = true
			if turn%7 == 0 { // twice in a row
				use(plugin)
			}
		}
		if turn%50 == 13 {
			totals()
		}
	}
	const want = (turns + (turns+6)/7) * size
	bytes := totals()
	for _, plugin := range os.Args[1:] {
		if name := function(plugin); bytes[name] != want {
			must(fmt.Errorf("%s has %d bytes, not %d", name, bytes[name], want))
		}
	}
	fmt.Println(len(os.Args)-1, "plugins at", len(addresses), "addresses")
}
