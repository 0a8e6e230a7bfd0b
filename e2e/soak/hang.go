package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// hung writes the stacks of all threads of the process to a file, makes the Go runtime log its goroutines, and returns an error.
func (p *process) hung(what string) error {
	name := filepath.Join(p.directory, p.name+"-hangs.txt")
	text, err := exec.Command(p.stacks, strconv.Itoa(p.command.Process.Pid)).CombinedOutput()
	err = errors.Join(err, os.WriteFile(name, text, 0o644), p.command.Process.Signal(syscall.SIGABRT))
	select {
	case <-p.exited:
	case <-time.After(10 * time.Second):
	}
	return errors.Join(fmt.Errorf("%s %s: stacks of C in %s, of Go in %s", p.name, what, name, p.logName()), err)
}
