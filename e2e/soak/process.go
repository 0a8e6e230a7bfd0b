package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// The used part of service/main.go's answer.
type answer struct {
	Units    int64
	Done     bool
	Kinds    map[string]int64
	Profiler *profilerFigures
	Truth    *struct{ Bytes, Objects, Live comparison }
}

type profilerFigures struct {
	C struct {
		Samples, Live, Stacks, OwnBytes, LimitBytes, LostStacks, LostShards, LostLive, ReclaimedStacks, ReclaimedSamples uint64
		CutNoRule, CutUnsupported, CutUnreadable, CutDepth, UnwindFallbacks, SamplingNs                                  uint64
	}
	Batches struct {
		BatchesSent, BatchesFailed, BatchesDropped, BatchesRetried, ProfilesFailed, Panics uint64
	}
}

type comparison struct{ True, Estimate, StandardError float64 }

// process is a copy of the service. It ends when its input does, so it never outlives this program.
type process struct {
	name      string
	directory string
	stacks    string
	command   *exec.Cmd
	in        io.WriteCloser
	answers   chan answer // closed when there are no more
	exited    chan struct{}
	waitError error

	units int64     // done when it was asked last,
	moved time.Time // and when that last grew
}

const patience = 2 * time.Minute // for an answer

func startService(s *settings, name string, profile bool, socket string) (*process, error) {
	p := &process{name: name, directory: s.directory, stacks: s.stacks, answers: make(chan answer), exited: make(chan struct{}), moved: time.Now()}
	arguments := []string{
		"-seed", strconv.FormatUint(s.seed, 10), "-rate", fmt.Sprint(s.rate), "-units", strconv.FormatInt(s.units(), 10),
		"-profile=" + strconv.FormatBool(profile), "-socket", socket, "-period", s.period.String(), "-interval", strconv.FormatInt(s.interval, 10),
	}
	p.command = exec.Command(s.service, append(arguments, s.libraries...)...)
	p.command.Env = append(os.Environ(), "GOTRACEBACK=all")
	log, err := os.Create(p.logName())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.command.Stderr = log
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go p.read(out)
	return p, nil
}

func (p *process) logName() string { return filepath.Join(p.directory, p.name+".log") }

func (p *process) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		var a answer
		if err == nil {
			err = json.Unmarshal(line, &a)
		}
		if err != nil {
			break
		}
		p.answers <- a
	}
	close(p.answers)
	p.waitError = p.command.Wait()
	close(p.exited)
}

func (p *process) ask(what string) (answer, error) {
	_, writeError := fmt.Fprintln(p.in, what)
	select {
	case a, ok := <-p.answers:
		if ok {
			return a, nil
		}
		<-p.exited
		return answer{}, fmt.Errorf("%s has ended: %v (%s)\n%s", p.name, p.waitError, p.logName(), tail(p.logName()))
	case <-time.After(patience):
		return answer{}, p.hung(fmt.Sprintf("does not answer %q for %v (%v)", what, patience, writeError))
	}
}

// alive returns an error if no unit was done for this long.
func (p *process) alive(a answer, limit time.Duration) error {
	if a.Done || a.Units != p.units {
		p.units, p.moved = a.Units, time.Now()
	}
	if time.Since(p.moved) > limit {
		return p.hung(fmt.Sprintf("has done %d units, and none more for %v", a.Units, limit))
	}
	return nil
}

// finish makes the service conclude its work and waits for its end.
func (p *process) finish() (answer, error) {
	a, err := p.ask("end")
	if err != nil {
		return a, err
	}
	p.in.Close()
	select {
	case <-p.exited:
	case <-time.After(patience):
		return a, p.hung(fmt.Sprintf("does not exit for %v", patience))
	}
	if p.waitError != nil {
		return a, fmt.Errorf("%s: %v\n%s", p.name, p.waitError, tail(p.logName()))
	}
	return a, nil
}

// end is for every exit path; it does nothing if the process has ended.
func (p *process) end() {
	p.in.Close()
	go func() {
		for range p.answers { // so that read comes to the end
		}
	}()
	select {
	case <-p.exited:
		return
	case <-time.After(5 * time.Second):
	}
	_ = p.command.Process.Kill()
	<-p.exited
}

// tail returns the end of a log.
func tail(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}
