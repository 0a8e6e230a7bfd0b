// Command sink accepts uploads like an Agent and discards them. It prints its address, and when its standard input ends the number of batches
// and bytes.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync/atomic"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var batches, bytes atomic.Int64
	go http.Serve(listener, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		if r.URL.Path != "/profiling/v1/input" { // v2 sends other requests, too, and logs refusals
			return
		}
		batches.Add(1)
		bytes.Add(n)
	}))
	fmt.Println(listener.Addr())
	io.Copy(io.Discard, os.Stdin)
	fmt.Printf("batches %d\nbytes %d\n", batches.Load(), bytes.Load())
}
