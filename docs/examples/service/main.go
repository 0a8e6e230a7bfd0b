// Command service is the smallest service with the profiler: it holds some C memory until SIGTERM.
package main

// #include <stdlib.h>
// #include <string.h>
// static void *hold(size_t size) { return memset(malloc(size), 1, size); }
import "C"

import (
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func main() {
	if err := profiler.Start(profiler.WithService("example")); err != nil {
		log.Printf("no profiles: %v", err) // a bad option need not stop the service
	}
	defer profiler.Stop() // sends the running period
	for range 1000 {
		C.hold(64 << 10)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	log.Print("ready")
	<-stop
}
