// Program soak runs two copies of service/ side by side, with the same seed and rate of work, one with the profiler and one without, and checks
// against limits what grows in the one and not in the other. The receiver that the profiler sends to is killed and restarted at random.
// `make soak` builds and runs everything; docs/endurance.md explains the table.
//
// Exit status: 0 if all limits hold, 1 if one does not, 2 if the run was too short, or the machine too slow, to decide.
//
// Files: process.go talks to a copy of the service, proc.go reads the kernel's figures of it, receiver.go kills the receiver, uploads.go counts
// arrivals, trend.go separates growth from noise, verdict.go checks the limits, hang.go shows where a process hangs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	held      = 0
	failed    = 1
	undecided = 2
)

type settings struct {
	hours     float64
	seed      uint64
	rate      float64
	every     time.Duration // between two records
	say       time.Duration // between two lines of progress
	period    time.Duration
	interval  int64
	service   string
	command   string // build/cmemprof
	directory string // of results
	libraries []string
	stacks    string        // scripts/stacks
	hangs     time.Duration // so long without a unit done
}

func parse() settings {
	s := settings{hangs: 3 * time.Minute}
	flag.Float64Var(&s.hours, "hours", 2, "how long the work lasts")
	flag.Uint64Var(&s.seed, "seed", 1, "of the work and of when the receiver is killed")
	flag.Float64Var(&s.rate, "rate", 30, "units of work a second, in each copy")
	flag.DurationVar(&s.every, "every", 5*time.Second, "time between two records")
	flag.DurationVar(&s.say, "say", time.Minute, "time between two lines of progress")
	flag.DurationVar(&s.period, "period", 10*time.Second, "the profiler's period")
	flag.Int64Var(&s.interval, "interval", 524288, "bytes between two samples")
	flag.StringVar(&s.service, "service", "", "the service")
	flag.StringVar(&s.command, "command", "", "the program cmemprof")
	flag.StringVar(&s.directory, "out", "", "where results go")
	flag.StringVar(&s.stacks, "stacks", "", "the script that shows where a process hangs")
	flag.Parse()
	s.libraries = flag.Args()
	return s
}

func (s *settings) units() int64 { return max(1, int64(s.hours*3600*s.rate)) }

func main() {
	s := parse()
	// The first signal ends the run in order; every exit path ends the started processes.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	status, err := run(ctx, s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		status = failed
	}
	os.Exit(status)
}

// pair has the two copies and their records.
type pair struct {
	settings
	off, on  *process
	receiver *receiver
	records  []record
	log      *os.File
}

func run(ctx context.Context, s settings) (status int, err error) {
	sockets, err := os.MkdirTemp("", "soak-") // a socket's path may have 107 bytes
	if err != nil {
		return failed, err
	}
	defer os.RemoveAll(sockets)
	data := filepath.Join(s.directory, "uploads")
	if err := errors.Join(os.RemoveAll(data), os.MkdirAll(s.directory, 0o755)); err != nil {
		return failed, err
	}
	p := &pair{settings: s}
	p.receiver, err = startReceiver(s.command, filepath.Join(sockets, "receiver"), data, filepath.Join(s.directory, "receiver.log"), s.seed, s.period)
	if err != nil {
		return failed, err
	}
	defer p.receiver.end()
	for _, one := range []struct {
		name string
		to   **process
	}{{"off", &p.off}, {"on", &p.on}} {
		if *one.to, err = startService(&s, one.name, one.name == "on", p.receiver.socket); err != nil {
			return failed, err
		}
		defer (*one.to).end()
	}
	if err := p.watch(ctx); err != nil {
		return failed, err
	}
	return p.conclude(ctx)
}

// watch records until both copies have done their work.
func (p *pair) watch(ctx context.Context) (err error) {
	if p.log, err = os.Create(filepath.Join(p.directory, "records.tsv")); err != nil {
		return err
	}
	defer p.log.Close()
	fmt.Fprintln(p.log, recordHead)
	began, said := time.Now(), time.Now()
	ticks := time.NewTicker(p.every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return errors.New("ended by a signal")
		case <-ticks.C:
		}
		r, err := p.record(time.Since(began))
		if err != nil {
			return err
		}
		if r.off.done && r.on.done {
			return nil
		}
		// While one copy still catches up, the two are not comparable, so nothing is recorded; only a slow machine's delay remains.
		if !r.off.done && !r.on.done {
			p.records = append(p.records, r)
			fmt.Fprintln(p.log, r)
		}
		if time.Since(said) >= p.say {
			said = time.Now()
			p.progress(&r)
		}
		if late := time.Since(began) - time.Duration(p.hours*float64(time.Hour)); late > time.Duration(p.hours*float64(time.Hour))+5*time.Minute {
			return fmt.Errorf("%v late: this machine is too slow, or too busy, for %g units of work a second; take fewer (RATE=)", late.Round(time.Second), p.rate)
		}
	}
}

func (p *pair) record(at time.Duration) (record, error) {
	r := record{seconds: at.Seconds()}
	for _, one := range []struct {
		process *process
		into    *figures
	}{{p.off, &r.off}, {p.on, &r.on}} {
		answer, err := one.process.ask("stats")
		if err != nil {
			return r, err
		}
		if err := one.process.alive(answer, p.hangs); err != nil {
			return r, err
		}
		if *one.into, err = readFigures(one.process.command.Process.Pid); err != nil {
			return r, fmt.Errorf("%s: %w", one.process.name, err)
		}
		one.into.done = answer.Done
		one.into.units = answer.Units
		if answer.Profiler != nil {
			r.profiler = *answer.Profiler
		}
	}
	return r, nil
}

func (p *pair) progress(r *record) {
	fmt.Printf("%5.1f min: %d and %d of %d units, RSS %.0f MB off, %.0f MB on, threads %d and %d, own %.1f MB, %d batches sent, %d dropped, receiver killed %d times\n",
		r.seconds/60, r.off.units, r.on.units, p.units(), r.off.rssMB, r.on.rssMB, int(r.off.threads), int(r.on.threads), float64(r.profiler.C.OwnBytes)/1e6,
		r.profiler.Batches.BatchesSent, r.profiler.Batches.BatchesDropped, p.receiver.kills())
}

// conclude ends the two copies, counts arrivals, prints the table and writes it to a file.
func (p *pair) conclude(ctx context.Context) (int, error) {
	if err := p.receiver.stay(ctx); err != nil {
		return failed, err
	}
	off, err := p.off.finish()
	if err != nil {
		return failed, err
	}
	on, err := p.on.finish()
	if err != nil {
		return failed, err
	}
	arrived, err := p.receiver.arrived()
	if err != nil {
		return failed, err
	}
	v := judge(p.records, &off, &on, arrived)
	title := fmt.Sprintf("soak of %s hours, seed %d, %g units of work a second, period %v, interval %d B, receiver killed %d times\n",
		strconv.FormatFloat(p.hours, 'g', -1, 64), p.seed, p.rate, p.period, p.interval, p.receiver.kills())
	text := title + v.String()
	fmt.Print(text)
	return v.status(), os.WriteFile(filepath.Join(p.directory, "verdict.txt"), []byte(text), 0o644)
}
