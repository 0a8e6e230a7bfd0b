package main

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script starts scripts/demo in a new process group. It needs build/cmemprof ("make command").
func script(t *testing.T, environment ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	command := exec.Command("../scripts/demo")
	command.Env = append(command.Environ(), environment...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out := &strings.Builder{}
	command.Stdout, command.Stderr = out, out
	return command, out
}

// mustBeGone fails if a process of the group remains, and ends it.
func mustBeGone(t *testing.T, group int) {
	t.Helper()
	if err := syscall.Kill(-group, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("processes were left behind (%v)", err)
	}
}

// The script itself fails if the planted leak is not the first line of its table, or Analysis does not name it.
func TestLeakIsFirst(t *testing.T) {
	command, out := script(t, "DEMO_SECONDS=30")
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	mustBeGone(t, command.Process.Pid)
	t.Logf("\n%s", out)
	for _, pattern := range []string{
		`(?s)C memory in use: [0-9.]+ MB\n.*stack, the allocation first\n +[0-9.]+ MB .*topCustomersReport`,
		`Go memory beside it: [0-9.]+ [kM]B`,
		`C code holds [0-9.]+ MB more; the process has [0-9.]+ MB resident`,
		`http://127\.0\.0\.1:\d+/profile\?.*ids=\d`,
		`likely C leak \(\w+\): .*topCustomersReport`,
	} {
		if !regexp.MustCompile(pattern).MatchString(out.String()) {
			t.Errorf("the output has no %s", pattern)
		}
	}
}

func TestInterruptedDemoLeavesNothing(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		command, out := script(t, "DEMO_SECONDS=60")
		command.Stdout = nil
		pipe, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		var read strings.Builder
		for buffer := make([]byte, 4096); !strings.Contains(read.String(), "Running the service"); {
			n, err := pipe.Read(buffer)
			read.Write(buffer[:n])
			if err != nil {
				t.Fatalf("%v\n%s%s", err, &read, out)
			}
		}
		command.Process.Signal(signal)
		if err := command.Wait(); err == nil {
			t.Errorf("%v: the script says that all went well\n%s%s", signal, &read, out)
		}
		mustBeGone(t, command.Process.Pid)
	}
}

func TestShop(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := openShop(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	placed := Order{Customer: 3, Product: 4, Cents: 500, Note: strings.Repeat("note ", 100)}
	if placed.ID, err = s.place(ctx, placed); err != nil {
		t.Fatal(err)
	}
	clear(s.cache) // so that it is read from the database, through libzstd
	if got, err := s.order(ctx, placed.ID); err != nil || got != placed {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := s.order(ctx, placed.ID+1); !errors.Is(err, errNoOrder) {
		t.Errorf("an order that does not exist gives %v", err)
	}
	if report, err := s.reports.topCustomersReport(0); err != nil || len(report) != 1 || report[0][0] != "customer 3" || report[0][2] != int64(500) {
		t.Errorf("got %v, %v", report, err)
	}
	if names, err := s.search(ctx, ""); err != nil || len(names) != 10 {
		t.Errorf("got %v, %v", names, err)
	}
}
