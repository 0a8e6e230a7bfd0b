//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Control at run time: by these functions, which package debug serves over HTTP; by a signal; by a file.

var errNotRunning = errors.New("cmemprof: no profiler is running")

const maxControlBytes = 4096

// SetCSamplingRate changes the mean number of bytes between two samples of C allocations, from the next second on, until Stop. 0 takes no
// more samples; a negative number is the rate that the profiler was started with. It returns an error if no profiler runs, or none that takes
// heap profiles.
func SetCSamplingRate(bytes int64) error {
	p := active.Load()
	if p == nil {
		return errNotRunning
	}
	return p.setRate(bytes)
}

func (p *profiler) setRate(bytes int64) error {
	if !p.cfg.types[HeapProfile] {
		return errors.New("cmemprof: the profiler takes no heap profiles")
	}
	if bytes < 0 {
		bytes = p.cfg.cInterval
	}
	p.collector.wantedRate.Store(&bytes)
	return nil
}

// TakeBatch ends the running period now. Its batch has the tag trigger:request and is sent as any other. It does not wait for that. It
// returns an error if no profiler runs, and a [TooEarlyError] if the last one that was asked for was taken less than ten seconds ago.
func TakeBatch() error {
	p := active.Load()
	if p == nil {
		return errNotRunning
	}
	return p.takeBatch()
}

func (p *profiler) takeBatch() error {
	if wait := p.requests.early(); wait > 0 {
		return TooEarlyError{wait}
	}
	if !p.requests.add(request{trigger: triggerRequest}) {
		return errNotRunning
	}
	return nil
}

// takeBatchOrSay is for who cannot be answered.
func (p *profiler) takeBatchOrSay(asked string) {
	if err := p.takeBatch(); err != nil {
		p.collector.messages.warn("early "+asked, fmt.Sprintf("cmemprof: a %s asked for a batch, and none is taken: %v", asked, err))
	}
}

// ---- Signal ----

// A signal that was asked for is caught for the rest of the process's life: without that, one that comes after Stop would end it.
var signals struct {
	once sync.Once
	c    chan os.Signal
}

// handledSignals is closed when the signals before it were handled: for tests.
type handledSignals chan struct{}

func (handledSignals) Signal()        {}
func (handledSignals) String() string { return "" }

func catch(s os.Signal) {
	signals.once.Do(func() {
		signals.c = make(chan os.Signal, 1)
		go func() {
			for s := range signals.c {
				if handled, ok := s.(handledSignals); ok {
					close(handled)
				} else if p := active.Load(); p != nil {
					p.takeBatchOrSay("signal")
				}
			}
		}()
	})
	signal.Notify(signals.c, s)
}

// ---- File ----

// controlFile is read when it has changed.
type controlFile struct {
	path     string
	seen     bool // whether it was looked for before
	modified time.Time
	size     int64
	inode    uint64
}

// poll returns what the file says if it is new. What is there at the start is a rate only: a batch asked for earlier was taken by then.
func (f *controlFile) poll() (commands []string, err error) {
	first := !f.seen
	f.seen = true
	file, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		f.modified, f.size, f.inode = time.Time{}, 0, 0
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	if f.modified.Equal(info.ModTime()) && f.size == info.Size() && f.inode == stat.Ino {
		return nil, nil
	}
	f.modified, f.size, f.inode = info.ModTime(), info.Size(), stat.Ino
	if stat.Uid != 0 && int(stat.Uid) != os.Geteuid() || info.Mode()&0o022 != 0 {
		return nil, errors.New("others can write it: it must belong to this user or root, with mode 0644 or less")
	}
	text, err := io.ReadAll(io.LimitReader(file, maxControlBytes))
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line != "" && !strings.HasPrefix(line, "#") && (!first || line != "batch") {
			commands = append(commands, line)
		}
	}
	return commands, nil
}

// obey runs one line: "rate=BYTES", "rate=on", "rate=off", "batch".
func (p *profiler) obey(command string) error {
	if command == "batch" {
		p.takeBatchOrSay("control file")
		return nil
	}
	value, isRate := strings.CutPrefix(command, "rate=")
	switch {
	case isRate && value == "on":
		return p.setRate(-1)
	case isRate && value == "off":
		return p.setRate(0)
	case isRate:
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
			return p.setRate(n)
		}
	}
	return fmt.Errorf("%q is neither batch nor rate=BYTES, rate=on, rate=off", command)
}

func (p *profiler) pollControl() {
	if p.cfg.controlFile == "" {
		return
	}
	commands, err := p.control.poll()
	for _, command := range commands {
		if e := p.obey(command); e != nil && err == nil {
			err = e
		}
	}
	if err != nil {
		p.collector.messages.warn("control "+err.Error(), fmt.Sprintf("cmemprof: the control file %s is not followed: %v", p.cfg.controlFile, err))
	}
}

// everySecond is called about once a second by the collecting goroutine, and at the start of each period.
func (p *profiler) everySecond() {
	p.collector.evictC()
	p.pollControl()
	p.collector.applyRate()
}
