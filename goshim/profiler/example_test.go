//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func Example() {
	// Stands for the Datadog Agent, or for the command cmemprof receiver, on localhost:8126.
	agent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
	}))
	defer agent.Close()

	err := profiler.Start(
		profiler.WithService("users-db"),
		profiler.WithEnv("staging"),
		profiler.WithVersion("1.2.0"),
		profiler.WithAgentAddr(agent.Listener.Addr().String()),
		profiler.WithProfileTypes(profiler.HeapProfile, profiler.CPUProfile),
		profiler.WithLogStartup(false),
	)
	if err != nil {
		log.Printf("no profiles: %v", err)
	}
	// The service does its work. Stop sends the last period.
	profiler.Stop()
	// Output: POST /profiling/v1/input
}
