// Program segments allocates 100 times in C and writes its profile to the file given as argument. With a second argument, "gone", it first removes
// its own executable.
package main

// void c_work(void);
import "C"

import (
	"fmt"
	"os"

	"github.com/cmemprof/cmemprof/cmemprof"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "segments:", err)
		os.Exit(1)
	}
}

//go:noinline
func outer() {
	C.c_work()
}

func main() {
	must(cmemprof.Start(1))
	for range 100 {
		outer()
	}
	if len(os.Args) > 2 {
		must(os.Remove(os.Args[0]))
	}
	data, err := cmemprof.Profile()
	must(err)
	must(os.WriteFile(os.Args[1], data, 0o600))
}
