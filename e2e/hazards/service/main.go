// Program service is a Go program with C that does one hard thing while profiles are taken in a loop, and prints what it saw as JSON.
// usage: service cpu|goroutines|exec RATE ROUNDS
package main

// #include "work.h"
import "C"

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/google/pprof/profile"
)

var (
	stop   atomic.Bool
	events atomic.Int64 // calls of C
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

// callC allocates in C from goroutines until stopped.
func callC(goroutines, rounds int, pauseNS int64) *sync.WaitGroup {
	var all sync.WaitGroup
	for i := range goroutines {
		all.Add(1)
		go func() {
			defer all.Done()
			for seed := uint32(i); !stop.Load(); seed += 64 {
				if wrong := C.allocate_in_c(C.uint(seed), C.int(rounds), C.long(pauseNS)); wrong != 0 {
					must(fmt.Errorf("%d blocks lost their contents", wrong))
				}
				grow(int(seed % 50)) // moves the goroutine's stack from time to time
				events.Add(1)
			}
		}()
	}
	return &all
}

//go:noinline
func grow(depth int) int {
	var frame [256]byte
	if depth == 0 {
		return int(frame[0])
	}
	return grow(depth-1) + int(frame[depth])
}

func parse(data []byte) *profile.Profile {
	p, err := profile.ParseData(data)
	must(err)
	must(p.CheckValid())
	return p
}

// takeProfiles takes at least this many, and until there were ten times as many calls of C.
func takeProfiles(rounds int) int {
	taken := 0
	for ; taken < rounds || events.Load() < int64(10*rounds); taken++ {
		data, err := cmemprof.Profile()
		must(err)
		parse(data)
	}
	return taken
}

// cpu: SIGPROF at 1 kHz. The runtime's profiler says on stderr that the rate was set before; that is how it is done.
func cpu(rounds int) int {
	var profiled bytes.Buffer
	runtime.SetCPUProfileRate(1000)
	must(pprof.StartCPUProfile(&profiled))
	all := callC(8, 2000, 0)
	taken := takeProfiles(rounds)
	stop.Store(true)
	all.Wait()
	pprof.StopCPUProfile()
	if len(parse(profiled.Bytes()).Sample) == 0 {
		must(fmt.Errorf("the CPU profile is empty"))
	}
	return taken
}

func goroutines(rounds int) int {
	all := callC(64, 300, 200_000)
	taken := takeProfiles(rounds)
	stop.Store(true)
	all.Wait()
	return taken
}

// execute: fork and exec from several threads, while others are in C.
func execute(rounds int) int {
	all := callC(4, 500, 0)
	var starters sync.WaitGroup
	var ran atomic.Int64
	for i := range 3 {
		starters.Add(1)
		go func() {
			defer starters.Done()
			for k := range rounds {
				text := fmt.Sprint(i*1000 + k)
				out, err := exec.Command("echo", text).Output()
				must(err)
				if strings.TrimSpace(string(out)) != text {
					must(fmt.Errorf("echo %s gave %q", text, out))
				}
				ran.Add(1)
			}
		}()
	}
	taken := takeProfiles(rounds)
	starters.Wait()
	stop.Store(true)
	all.Wait()
	if ran.Load() != int64(3*rounds) {
		must(fmt.Errorf("%d programs ran", ran.Load()))
	}
	return taken
}

// bothLanguages reports whether a stack has the C function and the Go function that called it.
func bothLanguages(s *profile.Sample) bool {
	c := false
	for _, location := range s.Location {
		for _, line := range location.Line {
			c = c || line.Function.Name == "allocate_in_c"
			if c && strings.HasPrefix(line.Function.Name, "main.callC") {
				return true
			}
		}
	}
	return false
}

func main() {
	if len(os.Args) != 4 {
		must(fmt.Errorf("usage: service cpu|goroutines|exec RATE ROUNDS"))
	}
	rate, err := strconv.ParseInt(os.Args[2], 10, 64)
	must(err)
	rounds, err := strconv.Atoi(os.Args[3])
	must(err)
	cmemprof.SetMemoryLimit(1 << 30)
	must(cmemprof.Start(rate))
	taken := map[string]func(int) int{"cpu": cpu, "goroutines": goroutines, "exec": execute}[os.Args[1]](rounds)
	cmemprof.Stop()
	data, err := cmemprof.Profile()
	must(err)
	s := cmemprof.GetStats()
	var alloc, inUse, both int64
	last := parse(data)
	for _, sample := range last.Sample {
		alloc += sample.Value[0]
		inUse += sample.Value[2]
		if bothLanguages(sample) {
			both += sample.Value[0]
		}
	}
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"Profiles": taken, "Samples": s.Samples, "LostStacks": s.LostStacks, "AllocObjects": alloc, "InUse": inUse, "Events": events.Load(),
		"GoAndC": both, "CutUnreadable": s.CutUnreadable, "CutNoRule": s.CutNoRule, "Missing": missing(last),
	}))
}

// missing returns the number of samples that the profile neither has nor counts as lost, by its comment.
func missing(p *profile.Profile) int64 {
	figures := map[string]int64{}
	for _, comment := range p.Comments {
		for _, field := range strings.Fields(comment) {
			name, value, _ := strings.Cut(field, "=")
			figures[name], _ = strconv.ParseInt(value, 10, 64)
		}
	}
	if figures["samples"] == 0 {
		must(fmt.Errorf("no figures in %q", p.Comments))
	}
	return figures["samples"] - figures["emitted"] - figures["lost_stacks"] - figures["lost_shards"] - figures["reclaimed_samples"]
}
