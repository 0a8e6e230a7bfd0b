//go:build ours && !v2

package main

import (
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// start: all default types.
func start(address string, period time.Duration) (func(), error) {
	return profiler.Stop, profiler.Start(profiler.WithAgentAddr(address), profiler.WithPeriod(period), profiler.WithService("bench"),
		profiler.WithLogStartup(false))
}
