//go:build linux && (amd64 || arm64) && cgo

// Package load starts sampling C allocations when the program is loaded, if it is asked to (load.c).
package load

// #cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g
// #include <stdbool.h>
// extern bool cmemprof_load_started;
import "C"

import "github.com/cmemprof/cmemprof/cmemprof"

// Where Go's code lies is known only now. Stacks of samples before this end where Go called C.
func init() {
	if C.cmemprof_load_started {
		_ = cmemprof.Start(int64(cmemprof.GetStats().IntervalBytes))
	}
}
