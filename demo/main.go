// Orders is a typical small service: HTTP handlers over SQLite, with zstd-compressed rows. It generates its own load, and has a memory
// leak (report.go) for the profiler to find.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func main() {
	agent := flag.String("agent", "127.0.0.1:8126", "`host:port` that profiles are sent to")
	period := flag.Duration("period", time.Minute, "how often profiles are sent")
	duration := flag.Duration("duration", 0, "how long to run; 0 runs until SIGINT or SIGTERM")
	flag.Parse()
	log.SetFlags(log.Ltime)

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if *duration > 0 {
		ctx, cancel = context.WithTimeout(ctx, *duration)
		defer cancel()
	}
	if err := run(ctx, *agent, *period); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, agent string, period time.Duration) error {
	if err := profiler.Start(
		profiler.WithService("orders"),
		profiler.WithEnv("demo"),
		profiler.WithVersion("1.0.0"),
		profiler.WithAgentAddr(agent),
		profiler.WithPeriod(period),
		profiler.WithProfileTypes(profiler.HeapProfile, profiler.CPUProfile),
	); err != nil {
		return err
	}
	defer profiler.Stop()

	dir, err := os.MkdirTemp("", "orders-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	shop, err := openShop(ctx, dir)
	if err != nil {
		return err
	}
	defer shop.close()
	if err := serveUnderLoad(ctx, shop); err != nil {
		return err
	}
	profiler.Stop() // before the databases are closed, so that the last profile shows them
	fmt.Println("resident_bytes", residentBytes())
	return nil
}

// serveUnderLoad returns when ctx ends, or when a request of the load fails.
func serveUnderLoad(ctx context.Context, shop *shop) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handlers(shop), ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(listener)
	log.Printf("orders: serving on http://%s", listener.Addr())

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var clients sync.WaitGroup
	load := newLoad("http://" + listener.Addr().String())
	for i := range 4 {
		clients.Go(func() { cancel(load.customer(ctx, uint64(i))) })
	}
	clients.Go(func() { cancel(load.dashboard(ctx)) })
	<-ctx.Done()
	clients.Wait()
	err = context.Cause(ctx)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	log.Printf("orders: served %d requests", load.requests.Load())
	stop, cancelStop := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancelStop()
	return errors.Join(err, server.Shutdown(stop))
}

// residentBytes returns the resident memory of this process.
func residentBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
