//go:build v2 && !ours

package main

import (
	"time"

	"github.com/DataDog/dd-trace-go/v2/profiler"
)

// start: all default types.
func start(address string, period time.Duration) (func(), error) {
	return profiler.Stop, profiler.Start(profiler.WithAgentAddr(address), profiler.WithPeriod(period), profiler.WithService("bench"),
		profiler.WithLogStartup(false))
}
