package main

import (
	"context"
	"fmt"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// receiver is `cmemprof receiver` on a Unix socket, whose path stays reserved while it is down. It is killed with SIGKILL after a random time and
// restarted after another, mostly within a period or two, sometimes after more than the profiler's queue can hold.
type receiver struct {
	socket string
	killed atomic.Int64
	leave  chan struct{} // closed: it is not killed any more
	once   sync.Once
	gone   chan struct{} // closed when it has been told to end, and has
	finish chan struct{}
	failed chan error
}

func startReceiver(command, socket, data, log string, seed uint64, period time.Duration) (*receiver, error) {
	r := &receiver{socket: socket, leave: make(chan struct{}), gone: make(chan struct{}), finish: make(chan struct{}), failed: make(chan error, 1)}
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	go func() {
		runtime.LockOSThread() // Pdeathsig is about the thread that started the child
		defer output.Close()
		defer close(r.gone)
		r.run(rand.New(rand.NewSource(int64(seed))), period, func() *exec.Cmd {
			c := exec.Command(command, "receiver", "--listen", "unix:"+socket, "--data", data)
			c.Stdout, c.Stderr = output, output
			c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			return c
		})
	}()
	return r, r.listens(context.Background())
}

func (r *receiver) run(random *rand.Rand, period time.Duration, command func() *exec.Cmd) {
	for {
		c := command()
		if err := c.Start(); err != nil {
			r.failed <- err
			return
		}
		up := time.Duration(random.ExpFloat64() * float64(6*period))
		down := time.Duration(random.Float64() * float64(2*period))
		if random.Intn(4) == 0 {
			down = time.Duration((3 + 6*random.Float64()) * float64(period))
		}
		select {
		case <-time.After(up):
			_ = c.Process.Kill()
			_ = c.Wait()
			r.killed.Add(1)
		case <-r.leave:
			<-r.finish
			_ = c.Process.Signal(syscall.SIGTERM)
			if err := c.Wait(); err != nil {
				r.failed <- fmt.Errorf("the receiver ended with %w", err)
			}
			return
		}
		select {
		case <-time.After(down):
		case <-r.leave:
		}
	}
}

func (r *receiver) kills() int64 { return r.killed.Load() }

// listens waits until the receiver accepts connections.
func (r *receiver) listens(ctx context.Context) error {
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		connection, err := net.Dial("unix", r.socket)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-r.failed:
			return err
		default:
		}
		if time.Now().After(end) {
			return fmt.Errorf("the receiver does not listen: %w", err)
		}
	}
}

// stay stops the killing, and waits until the receiver listens.
func (r *receiver) stay(ctx context.Context) error {
	r.once.Do(func() { close(r.leave) })
	return r.listens(ctx)
}

// end is for every exit path.
func (r *receiver) end() {
	r.once.Do(func() { close(r.leave) })
	close(r.finish)
	select {
	case <-r.gone:
	case <-time.After(patience): // Pdeathsig ends it
	}
}
