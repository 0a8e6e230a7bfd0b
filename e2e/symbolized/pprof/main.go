// Program pprof is google/pprof, which names addresses with binutils (addr2line, nm) or llvm-symbolizer; `go tool pprof` has its own readers.
package main

import (
	"fmt"
	"os"

	"github.com/google/pprof/driver"
)

func main() {
	if err := driver.PProf(&driver.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, "pprof:", err)
		os.Exit(2)
	}
}
