// Command client is a program with dd-trace-go v2's profiler and tracer on, which works until its standard input ends.
package main

import (
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/dd-trace-go/v2/ddtrace/tracer"
	"github.com/DataDog/dd-trace-go/v2/profiler"
)

var kept []string

func fill(count int) {
	kept = nil
	for number := range count {
		kept = append(kept, strings.Repeat(strconv.Itoa(number), 3))
	}
}

func main() {
	if err := tracer.Start(); err != nil {
		log.Fatal(err)
	}
	defer tracer.Stop()
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
			span := tracer.StartSpan("work", tracer.ResourceName("fill"))
			fill(20000)
			span.Finish()
		}
	}
}
