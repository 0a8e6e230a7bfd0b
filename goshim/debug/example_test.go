//go:build linux && (amd64 || arm64) && cgo

package debug_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/debug"
)

// A service that has its own debug mux, and needs no Agent.
func ExampleHandler() {
	if err := cmemprof.Start(cmemprof.DefaultInterval); err != nil {
		fmt.Println(err)
		return
	}
	defer cmemprof.Stop()
	admin := http.NewServeMux()
	admin.Handle("/debug/cmemprof/", debug.Handler())

	server := httptest.NewServer(admin)
	defer server.Close()
	response, err := http.Get(server.URL + "/debug/cmemprof/heap")
	if err != nil {
		fmt.Println(err)
		return
	}
	response.Body.Close()
	fmt.Println(response.Status, response.Header.Get("Content-Disposition"))
	// Output: 200 OK attachment; filename="heap.pprof"
}
