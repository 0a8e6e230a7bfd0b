//go:build linux && (amd64 || arm64) && cgo

// Package autostart samples C allocations from the moment the program is loaded, before main and before all of Go's packages are initialized:
//
//	import _ "github.com/cmemprof/cmemprof/goshim/autostart"
//
// So allocations made before profiler.Start are in its profiles. The variable DD_PROFILING_CMEMPROF_AUTOSTART=true does the same for a program
// that has package profiler. DD_PROFILING_CMEMPROF_SAMPLING_RATE sets the rate; DD_PROFILING_ENABLED=false and
// DD_PROFILING_CMEMPROF_ENABLED=false keep it off. Without profiler.Start, package debug serves the profiles.
package autostart

// #cgo CFLAGS: -std=gnu11 -O2 -g
import "C"

import _ "github.com/cmemprof/cmemprof/goshim/internal/load"
