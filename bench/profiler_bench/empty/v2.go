//go:build v2

package main

import _ "github.com/DataDog/dd-trace-go/v2/profiler"
