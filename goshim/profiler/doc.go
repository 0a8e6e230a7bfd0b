// Package profiler collects profiles of a Go service, C memory among them, and sends them to a Datadog Agent once a period.
//
// It is used as gopkg.in/DataDog/dd-trace-go.v1/profiler is: change the import path and the heap profile also holds what C code allocated,
// with the Go function that called it.
//
//	err := profiler.Start(profiler.WithService("users-db"), profiler.WithEnv("staging"))
//	if err != nil {
//		log.Printf("no profiles: %v", err)
//	}
//	defer profiler.Stop()
//
// The environment sets what the options do not; docs/profiler.md lists both, and what happens when sending fails.
//
// How it works, one file each: options.go and environment.go fill the configuration, config.go checks it; profiler.go starts, stops and runs the
// periods, collect.go takes the profiles, event.go describes a batch of them, uploader.go sends it. Two goroutines, one that collects and one
// that sends, and a third for as long as an execution trace runs. Nothing here panics into the service: a panic inside is contained, counted
// (Stats) and logged once. The few lines of the log go to slog.Default.
//
// It works on Linux on amd64 with cgo. Elsewhere it builds, and Start returns an error.
package profiler

// version is what profiler_version and DD-EVP-ORIGIN-VERSION say.
const version = "v0.1.0"
