//go:build ignore

package main

import "github.com/DataDog/dd-trace-go/v2/ddtrace/tracer"

func startTracer() (stop func()) {
	tracer.Start() // v1 returns nothing; without a tracer there are no traces, which the test sees
	return tracer.Stop
}

func traced(work func()) {
	span := tracer.StartSpan("work", tracer.ResourceName("fill"))
	defer span.Finish()
	work()
}
