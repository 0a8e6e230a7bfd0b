// Package timing is what the peers' programs have in common: how long a step takes, and what a program needed at most.
package timing

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// cpu is what all threads have used, those of the garbage collector too.
func cpu() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Steps prints the CPU time of one step in ns: step is called until a third of a second is over, and at least 3 times; once before, too.
func Steps(step func(i int)) {
	step(0)
	started, steps := cpu(), 0
	for steps < 3 || cpu()-started < 300*time.Millisecond {
		steps++
		step(steps)
	}
	fmt.Println(int64(cpu()-started) / int64(steps))
}

// Once prints the CPU time of one step in ns, without one before.
func Once(step func()) {
	started := cpu()
	step()
	fmt.Println(int64(cpu() - started))
}

// Peak prints the resident memory at its largest, in bytes.
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

// Check ends the program when there is an error.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
