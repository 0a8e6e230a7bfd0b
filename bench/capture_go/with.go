//go:build bench_cmemprof

package main

import "github.com/cmemprof/cmemprof/cmemprof"

func start(intervalBytes int64) error {
	return cmemprof.Start(intervalBytes)
}
