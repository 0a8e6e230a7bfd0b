//go:build !bench_cmemprof

package main

func start(int64) error {
	return nil
}
