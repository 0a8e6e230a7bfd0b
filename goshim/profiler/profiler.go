//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Deadlines of Stop, counted from its call: for the collection (symbolizing a large program may take long), for the server, and for cancelled
// transfers to end. Most end within milliseconds, but a custom transport, the statsd client or the disk of the spool may hang
// for ever.
const (
	collectTime = 1500 * time.Millisecond
	sendTime    = 1750 * time.Millisecond
	stopTime    = 2 * time.Second
)

var (
	mu     sync.Mutex               // held throughout Start and Stop
	active atomic.Pointer[profiler] // changed under mu; atomic for those who do not wait for a Stop
)

// Start starts collecting and sending profiles. A running profiler is first stopped, as by [Stop]. An error names the invalid option or
// environment variable; a running profiler then continues. With DD_PROFILING_ENABLED=false Start stops a running profiler, starts none, and
// returns nil.
func Start(options ...Option) error {
	mu.Lock()
	defer mu.Unlock()
	return contained(func() error {
		c, err := newConfig(options)
		if err == nil && c.enabled && c.spoolDirectory != "" {
			err = checkSpool(c)
		}
		if err != nil {
			return err
		}
		if !c.enabled {
			stopActive()
			c.logOff()
			return nil
		}
		c.logMistakes()
		c.containerID, c.entityID = containerIdentity()
		p, err := newProfiler(c, realSources)
		if err != nil {
			return fmt.Errorf("cmemprof: %w", err)
		}
		stopActive()
		active.Store(p) // before it starts, so that one that panics is stopped
		p.start()
		return nil
	})
}

// Stop collects the running period and sends it with all waiting batches. It returns when that is done, within two seconds, whatever hangs.
// With DD_PROFILING_FLUSH_ON_EXIT=false it sends nothing. It may be called at any time, any number of times and from any goroutine.
func Stop() {
	mu.Lock()
	defer mu.Unlock()
	_ = contained(func() error { stopActive(); return nil })
}

func stopActive() {
	if p := active.Swap(nil); p != nil {
		p.stop()
	}
}

// profiler is the state of one Start. Everything but exit belongs to the collecting goroutine.
type profiler struct {
	cfg       *config
	collector *collector
	uploader  *uploader
	exit      chan struct{} // closed by stop
	collected chan struct{} // closed when the last batch is in the queue
	sent      chan struct{} // closed when the queue is empty
	requests  *requests
	limit     *processLimit
	running   atomic.Pointer[period]
	control   controlFile
	after     func(time.Duration) <-chan time.Time
	sleep     func(t time.Time, exit <-chan struct{}, evict func())

	newWatch   func(threshold uint64) func() (near bool, left uint64, wait time.Duration)
	memoryLeft func() uint64
}

// period is the running period.
type period struct {
	seq uint64
	at  time.Time // its start
}

func newProfiler(c *config, s sources) (*profiler, error) {
	exit, k := make(chan struct{}), newCollector(c, s, &onceLog{})
	u, err := newUploader(c, s, exit) // last, since nothing would close it if a later step failed
	if err != nil {
		return nil, err
	}
	return &profiler{
		cfg:       c,
		collector: k,
		uploader:  u,
		exit:      exit,
		collected: make(chan struct{}),
		sent:      make(chan struct{}),
		requests:  newRequests(s.requestPause),
		limit:     k.limit,
		control:   controlFile{path: c.controlFile},
		after:     s.after,
		sleep:     s.sleepUntil,

		newWatch:   s.newWatch,
		memoryLeft: s.memoryLeft,
	}, nil
}

func (p *profiler) start() {
	if p.cfg.logStartup {
		p.cfg.logStart()
	}
	if p.cfg.controlSignal != nil {
		catch(p.cfg.controlSignal)
	}
	p.running.Store(&period{at: time.Now()})
	if p.cfg.types[MutexProfile] {
		runtime.SetMutexProfileFraction(p.cfg.mutexFraction)
	}
	if p.cfg.types[BlockProfile] {
		runtime.SetBlockProfileRate(p.cfg.blockRateNs)
	}
	endpoints.set(p.cfg.countEndpoint)
	p.collector.startC()
	p.cfg.publishContext()
	go func() {
		defer close(p.collected)
		_ = contained(func() error { p.runPeriods(); return nil })
	}()
	go func() {
		defer close(p.sent)
		_ = contained(func() error { p.uploader.run(); return nil })
	}()
	if p.cfg.processLimit && p.limit.begin() {
		go func() { _ = contained(func() error { p.limit.run(p.exit); return nil }) }()
	}
	if p.cfg.watchMemory {
		go func() { _ = contained(func() error { p.watchMemory(); return nil }) }()
	}
}

func (p *profiler) runPeriods() {
	// glibc gives each thread an arena, which keeps its peak size. Symbolizing and merging temporarily take tens of megabytes: on one thread
	// that grows one arena, on changing threads soon all of them. The demo with a period of 5 s: 260 to 340 MB resident without this line,
	// 200 MB with it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer p.uploader.close()
	defer p.collector.close()
	defer func() { p.settle(p.requests.close(), false) }()
	for seq := uint64(0); seq == 0 || !p.exiting(); seq++ { // at least one: Stop may be called before this goroutine first runs
		end := time.Now().Add(p.cfg.period)
		if contained(func() error { p.runPeriod(seq); return nil }) != nil {
			p.settle(p.requests.take(), false)
			p.sleepUntil(end)
		}
	}
}

// runPeriod waits until the end of the period, or until a request or stop, then collects and queues a batch. The CPU profile runs through the
// collection of the others, so that it also shows the cost of this package.
func (p *profiler) runPeriod(seq uint64) {
	start := time.Now()
	p.running.Store(&period{seq, start})
	p.pollControl()
	p.collector.applyRate()
	p.collector.begin(seq)
	if p.cfg.cpuDuration < p.cfg.period {
		p.sleepUntil(start.Add(p.cfg.period - p.cfg.cpuDuration))
	}
	if !p.exiting() && !isClosed(p.requests.woken()) && p.memoryLeft() >= roomToCollect {
		p.collector.startCPU()
	}
	p.sleepUntil(start.Add(p.cfg.period))
	if p.exiting() && !p.cfg.flushOnExit {
		return
	}
	// dd-trace-go sends the length of the CPU profile as the length of the batch, and the backend relies on that: it divides CPU samples by
	// it. A period that stop cuts short has its real length.
	end := start.Add(min(p.cfg.cpuDuration, time.Since(start)))
	answered := p.requests.take()
	b := batch{seq: seq, start: start, end: end, trigger: triggerOf(answered), cInterval: p.collector.interval.Load()}
	left := p.memoryLeft()
	if b.leftOut = left < roomToCollect; b.leftOut {
		b.attachments = p.collector.collectBrief(left)
	} else {
		b.attachments = p.collector.collect()
	}
	if len(b.attachments) == 0 {
		p.settle(answered, false)
		return
	}
	b.endpoints = endpoints.take()
	p.output(b)
	p.settle(answered, p.uploader.add(b) && b.has(p.cfg.attachmentName(HeapProfile)))
}

// output writes the batch to disk before it is queued and could be lost.
func (p *profiler) output(b batch) {
	if p.cfg.outputDir == "" {
		return
	}
	if err := p.cfg.writeBatch(b); err != nil {
		counters.outputsFailed.Add(1)
		p.collector.messages.warn("output", fmt.Sprintf("cmemprof: a batch cannot be written to DD_PROFILING_OUTPUT_DIR: %v", err))
	}
}

func (p *profiler) exiting() bool { return isClosed(p.exit) }

func (p *profiler) sleepUntil(t time.Time) {
	woken := p.requests.woken() // before the question, since stop closes exit first
	if !p.exiting() {
		p.sleep(t, woken, p.everySecond)
	}
}

// sleeper returns a function that sleeps until a time, or until exit is closed, and calls evict once per interval. The stack table may thus be
// full for one interval at most before stacks with no live samples are evicted.
func sleeper(interval time.Duration) func(t time.Time, exit <-chan struct{}, evict func()) {
	return func(t time.Time, exit <-chan struct{}, evict func()) {
		for !isClosed(exit) {
			left := time.Until(t)
			if left <= interval {
				sleep(left, exit)
				return
			}
			sleep(interval, exit)
			evict()
		}
	}
}

// sleep sleeps for d, or until exit is closed.
func sleep(d time.Duration, exit <-chan struct{}) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-exit:
	}
}

// endsBefore reports whether c is closed before any of the times.
func endsBefore(c <-chan struct{}, times ...<-chan time.Time) bool {
	either := append(times, nil, nil)
	select {
	case <-c:
	case <-either[0]:
	case <-either[1]:
	}
	return isClosed(c)
}

// stop must be called once. It waits for channels only.
func (p *profiler) stop() {
	collect, send, all := p.after(collectTime), p.after(sendTime), p.after(stopTime)
	close(p.exit)
	p.limit.end()
	p.cfg.withdrawContext()
	p.requests.add(request{})
	endpoints.set(false)
	if !p.cfg.flushOnExit {
		p.uploader.giveUp()
	}
	if !endsBefore(p.collected, collect) { // the batch is dropped and counted once it has been collected
		p.uploader.giveUp()
		say(slog.LevelWarn, "cmemprof: the last period took too long to collect and is not sent")
		return
	}
	sent := endsBefore(p.sent, send, p.after(p.cfg.uploadTimeout))
	p.uploader.giveUp()
	if !sent && !endsBefore(p.sent, all) {
		say(slog.LevelWarn, "cmemprof: Stop gave up waiting for the last batch: the HTTP client, the statsd client or the disk of the spool hangs")
		return
	}
	if p.cfg.logStartup {
		stats := Stats()
		say(slog.LevelInfo, "cmemprof: profiler stopped", "batches_sent", stats.BatchesSent, "batches_failed", stats.BatchesFailed,
			"batches_dropped", stats.BatchesDropped)
	}
}
