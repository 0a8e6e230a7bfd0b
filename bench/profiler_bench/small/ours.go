//go:build ours

package main

import (
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func start(socket string, period time.Duration) (func(), error) {
	return profiler.Stop, profiler.Start(profiler.WithUDS(socket), profiler.WithPeriod(period), profiler.WithService("bench"),
		profiler.WithProfileTypes(profiler.HeapProfile), profiler.WithLogStartup(false))
}
