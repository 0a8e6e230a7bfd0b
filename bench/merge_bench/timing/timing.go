// Package timing is shared by the peers' programs: it measures the time of a step and peak memory.
package timing

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// cpu returns the CPU time of all threads, including the garbage collector's.
func cpu() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Steps prints the CPU time of one step in ns: after one warm-up call step is called for a third of a second, at least 3 times.
func Steps(step func(i int)) {
	step(0)
	started, steps := cpu(), 0
	for steps < 3 || cpu()-started < 300*time.Millisecond {
		steps++
		step(steps)
	}
	fmt.Println(int64(cpu()-started) / int64(steps))
}

// Once prints the CPU time of one step in ns, without warm-up.
func Once(step func()) {
	started := cpu()
	step()
	fmt.Println(int64(cpu() - started))
}

// Peak prints peak resident memory in bytes.
func Peak() {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	fmt.Println(usage.Maxrss << 10)
}

// Read returns the content of each file.
func Read(paths []string) (files [][]byte) {
	for _, path := range paths {
		data, err := os.ReadFile(path)
		Check(err)
		files = append(files, data)
	}
	return files
}

// Check ends the program if err is not nil.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
