package main

// #cgo CXXFLAGS: -std=c++17
// #cgo LDFLAGS: -lstdc++
// #include "templates.h"
import "C"

import "time"

func init() {
	workloads["templates"] = func(until time.Time) {
		both(func() {
			for seed := C.long(1); time.Now().Before(until); seed++ {
				C.templates_work(seed)
			}
		})
	}
}
