//go:build cmemprof

package main

import (
	"log"
	"os"
	"strconv"

	"github.com/cmemprof/cmemprof/cmemprof"
)

func start() {
	interval, err := strconv.ParseInt(os.Args[1], 10, 64)
	if err == nil {
		cmemprof.SetMemoryLimit(1 << 30) // at 1 byte every block is a sample
		err = cmemprof.Start(interval)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func stats() (samples, lostOrCut uint64) {
	s := cmemprof.GetStats()
	return s.Samples, s.LostStacks + s.LostShards + s.LostLive + s.CutNoRule + s.CutUnsupported + s.CutUnreadable + s.CutDepth
}
