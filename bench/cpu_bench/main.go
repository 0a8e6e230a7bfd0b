// Command cpu_bench uses CPU time in a C library, and looks into its own CPU profile: whether the stacks of C code lead to where they began, and whether
// the profile adds up. `make bench-cpu` runs each in a process of its own.
//
// usage: cpu_bench WORKLOAD SECONDS; it prints lines "KEY VALUE".
package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/google/pprof/profile"
)

// workloads run until the time is over.
var workloads = map[string]func(until time.Time){}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "cpu_bench:", err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) != 3 || workloads[os.Args[1]] == nil {
		check(fmt.Errorf("usage: cpu_bench %v SECONDS", slices.Sorted(maps.Keys(workloads))))
	}
	seconds, err := strconv.Atoi(os.Args[2])
	check(err)
	check(cmemprof.Start(cmemprof.DefaultInterval))
	check(cmemprof.StartCgoTraceback())
	var raw bytes.Buffer
	check(cmemprof.StartCPUProfile(&raw))
	workloads[os.Args[1]](time.Now().Add(time.Duration(seconds) * time.Second))
	used := cmemprof.StopCPUProfile()
	completed, times, err := cmemprof.CPUProfile(raw.Bytes(), used)
	check(err)
	if path := os.Getenv("CPU_BENCH_PROFILE"); path != "" {
		check(os.WriteFile(path, completed, 0o644))
	}
	p, err := profile.ParseData(completed)
	check(err)
	report(p, times)
}

// both runs the function on two goroutines.
func both(run func()) {
	var running sync.WaitGroup
	for range 2 {
		running.Add(1)
		go func() {
			defer running.Done()
			run()
		}()
	}
	running.Wait()
}

// isGo reports whether a frame is Go's, as the receiver does.
func isGo(l profile.Line) bool {
	file, name := l.Function.Filename, l.Function.Name
	return strings.HasSuffix(file, ".s") || strings.HasSuffix(file, ".go") && (strings.Contains(name, ".") || strings.HasPrefix(name, "_cgoexp_"))
}

// A thread of C begins in libc.
func isThreadStart(l profile.Line) bool {
	name := l.Function.Name
	return slices.Contains([]string{"start_thread", "clone", "__clone", "clone3", "__clone3", "__GI___clone3"}, name) || strings.HasPrefix(name, "libc.so.6+")
}

func report(p *profile.Profile, times cmemprof.CPUTimes) {
	var inC, whole, nameless, samples int64
	cut := map[string]int64{}
	for _, s := range p.Sample {
		leaf := s.Location[0].Line[0]
		if leaf.Function.Name == "(CPU time not sampled)" {
			continue
		}
		samples += s.Value[0]
		if isGo(leaf) {
			continue
		}
		inC += s.Value[0]
		if strings.Contains(leaf.Function.Name, "+0x") {
			nameless += s.Value[0]
		}
		lines := s.Location[len(s.Location)-1].Line
		root := lines[len(lines)-1]
		if isGo(root) && !strings.HasPrefix(root.Function.Name, "runtime.cgocall") && root.Function.Name != "runtime._ExternalCode" || isThreadStart(root) {
			whole += s.Value[0]
		} else {
			cut[root.Function.Name] += s.Value[0]
		}
	}
	stats := cmemprof.GetCPUStats()
	fmt.Println("version", runtime.Version())
	fmt.Println("samples", samples)
	fmt.Println("in_c", inC)
	fmt.Println("whole", whole)
	fmt.Println("nameless_leaf", nameless)
	fmt.Println("left_out", stats.LeftOut)
	fmt.Println("cut", stats.CutNoRule+stats.CutUnsupported+stats.CutUnreadable+stats.CutDepth)
	fmt.Println("process_ns", times.ProcessNs)
	fmt.Println("sampled_ns", times.SampledNs)
	fmt.Println("row_ns", times.UnsampledNs)
	for root, ticks := range cut {
		fmt.Fprintf(os.Stderr, "cpu_bench: %d of these end in %s\n", ticks, root)
	}
}
