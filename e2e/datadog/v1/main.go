// Command v1 is written for dd-trace-go v1.43.1's profiler: one small program for each option, chosen by the argument. The tests also build this
// source for cmemprof and for dd-trace-go v2, with only the import path changed.
//
// A program starts the profiler, works until its standard input ends, stops the profiler and prints what it saw as JSON.
package main

import (
	"encoding/json"
	"io"
	"log"
	"os"
	"runtime"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/profiler"
)

// programs: each function gets the common options and returns those to start with.
var programs = map[string]func(common []profiler.Option) []profiler.Option{}

// seen is what a program sees of its profiler; the test sees what is sent.
type seen struct {
	StartError    string   `json:"start_error,omitempty"`
	MutexFraction int      `json:"mutex_fraction"`
	Statsd        []string `json:"statsd,omitempty"`
	Notes         []string `json:"notes,omitempty"`
}

var result seen

// work is a program's own work, besides the common work.
var work = func() {}

func main() {
	options, ok := programs[os.Args[1]]
	if !ok {
		log.Fatalf("there is no program %q", os.Args[1])
	}
	retain()
	if os.Getenv("NO_COLLECTION") == "" { // the heap profile shows what was there at the last collection
		runtime.GC()
		runtime.GC()
	}

	common := []profiler.Option{profiler.WithPeriod(period()), profiler.WithLogStartup(false)}
	if address := os.Getenv("AGENT_ADDRESS"); address != "" {
		common = append(common, profiler.WithAgentAddr(address))
	}
	if err := profiler.Start(options(common)...); err != nil {
		result.StartError = err.Error()
	}
	result.MutexFraction = runtime.SetMutexProfileFraction(-1)
	contend()
	wait()
	work()
	end := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(end)
	}()
	if result.StartError == "" {
		burn(end)
	}
	profiler.Stop()
	statsd.mu.Lock()
	defer statsd.mu.Unlock()
	result.Statsd = statsd.names
	json.NewEncoder(os.Stdout).Encode(result)
}

func period() time.Duration {
	d, err := time.ParseDuration(os.Getenv("PERIOD"))
	if err != nil {
		log.Fatal(err)
	}
	return d
}
