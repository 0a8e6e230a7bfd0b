// Package profiler collects profiles of a Go service, including C memory, and sends them to a Datadog Agent once a period.
//
// It has the API of gopkg.in/DataDog/dd-trace-go.v1/profiler. Change the import path, and the heap profile also shows memory allocated by C
// code, with the Go functions that called it.
//
//	err := profiler.Start(profiler.WithService("users-db"), profiler.WithEnv("staging"))
//	if err != nil {
//		log.Printf("no profiles: %v", err)
//	}
//	defer profiler.Stop()
//
// Options override environment variables; docs/profiler.md lists both, and what happens when sending fails.
//
// The files: options.go and environment.go fill in the configuration, config.go checks it; profiler.go starts, stops and runs the
// periods, collect.go takes the profiles, event.go describes a batch of them, uploader.go sends it; last_words.go and control.go end periods early.
// One goroutine collects, one sends, and one watches the memory that is left; another runs during an execution trace, and one if a signal is
// caught. The package never panics into the service: a panic is contained, counted
// ([Stats]), and the first one logged. Log lines go to slog.Default.
//
// It works on Linux on amd64 and arm64 with cgo. Elsewhere it builds, and [Start] returns an error.
package profiler
