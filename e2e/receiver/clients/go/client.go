//go:build ignore

// Command client is a program with dd-trace-go's profiler and tracer, which works until its standard input ends. The import paths are
// those of v2; tracer.go is in the same folder.
package main

import (
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/dd-trace-go/v2/profiler"
)

var kept []string

func fill() {
	kept = nil
	for number := 0; number < 20000; number++ {
		kept = append(kept, strings.Repeat(strconv.Itoa(number), 3))
	}
}

func main() {
	stopTracer := startTracer()
	defer stopTracer()
	if err := profiler.Start(profiler.WithPeriod(2*time.Second), profiler.CPUDuration(time.Second)); err != nil {
		log.Fatal(err)
	}
	defer profiler.Stop()
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	for {
		select {
		case <-ended:
			return
		default:
			traced(fill)
		}
	}
}
