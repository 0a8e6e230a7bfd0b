// Program started starts the profiler and stops it.
package main

import (
	"log"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func main() {
	if err := profiler.Start(profiler.WithAgentAddr("127.0.0.1:1"), profiler.WithPeriod(time.Hour)); err != nil {
		log.Fatal(err)
	}
	profiler.Stop()
}
