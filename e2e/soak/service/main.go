// Program service is the subject of `make soak`: a Go service that uses C in all the ways that have broken profilers, at a fixed rate of units
// of work. A unit is determined by the seed and its number, so two copies with the same seed do the same work, with the profiler and without.
//
// It answers each line on its standard input with one line of JSON: "stats" at any time, "end" once all units are done, after which it exits.
// It also exits when its input ends, so it never outlives its parent. An error ends it with one line on standard error.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

type settings struct {
	seed      uint64
	rate      float64 // units per second
	units     int64
	workers   int
	libraries []string

	profile  bool
	socket   string // of the receiver
	period   time.Duration
	interval int64
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "service:", err)
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		fail(err)
	}
}

func parse() settings {
	var s settings
	flag.Uint64Var(&s.seed, "seed", 1, "of the work")
	flag.Float64Var(&s.rate, "rate", 30, "units of work per second")
	flag.Int64Var(&s.units, "units", 1000, "how many in all")
	flag.IntVar(&s.workers, "workers", 8, "goroutines that do them")
	flag.BoolVar(&s.profile, "profile", false, "run the profiler")
	flag.StringVar(&s.socket, "socket", "", "where the receiver listens")
	flag.DurationVar(&s.period, "period", 10*time.Second, "of the profiler")
	flag.Int64Var(&s.interval, "interval", 524288, "bytes between two samples")
	flag.Parse()
	s.libraries = flag.Args()
	return s
}

// answer is the line of JSON. Names are those of the driver's table.
type answer struct {
	Units    int64            // done so far
	Done     bool             // all of them
	Kinds    map[string]int64 // what was done, by what it is
	Profiler *profilerFigures `json:",omitempty"`
	Truth    *truth           `json:",omitempty"` // at the end
}

func main() {
	s := parse()
	w := newWork(s)
	if s.profile {
		startProfiler(s)
	}
	w.start()
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		a := answer{Units: w.done.Load(), Kinds: w.kinds()}
		a.Done = a.Units == s.units
		switch in.Text() {
		case "stats":
		case "end":
			if !a.Done {
				fail(fmt.Errorf("asked to end after %d units of %d", a.Units, s.units))
			}
			w.wait()
			if s.profile {
				a.Truth = w.compare()
				stopProfiler()
			}
		default:
			fail(fmt.Errorf("asked for %q", in.Text()))
		}
		if s.profile {
			a.Profiler = figures()
		}
		must(out.Encode(a))
		if in.Text() == "end" {
			return
		}
	}
}
