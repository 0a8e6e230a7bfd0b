//go:build ours

package main

import _ "github.com/cmemprof/cmemprof/goshim/profiler"
