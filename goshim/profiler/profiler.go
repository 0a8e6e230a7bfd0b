//go:build linux && amd64 && cgo

package profiler

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"
)

// What Stop waits for has its end at these times after its call, whatever hangs: the collection (the names of a large program may take long),
// the server, and what was told to end then. That takes libcurl and net/http milliseconds, but a transport of the service's own, its statsd
// client or the disk of the spool may hang for ever.
const (
	collectTime = 1500 * time.Millisecond
	sendTime    = 1750 * time.Millisecond
	stopTime    = 2 * time.Second
)

var (
	mu     sync.Mutex // held by Start and Stop from begin to end
	active *profiler  // guarded by mu
)

// Start begins to collect and send profiles. While a profiler runs it is stopped, as by Stop, and the new one takes its place. An error says
// what is wrong with an option or which environment variable cannot be read; what ran before then goes on. With DD_PROFILING_ENABLED=false
// no profiler runs afterwards, and that is no error.
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
		active = p
		p.start()
		return nil
	})
}

// Stop collects the running period, sends it with whatever else waits to be sent, and returns when all is done, two seconds after its call at the
// latest, whatever hangs. With DD_PROFILING_FLUSH_ON_EXIT=false it sends nothing more. It may be called at any time, any number of times and from
// any goroutine.
func Stop() {
	mu.Lock()
	defer mu.Unlock()
	_ = contained(func() error { stopActive(); return nil })
}

func stopActive() {
	if p := active; p != nil {
		active = nil
		p.stop()
	}
}

// profiler is one Start. Everything but exit belongs to the goroutine that collects.
type profiler struct {
	cfg       *config
	collector *collector
	uploader  *uploader
	exit      chan struct{} // closed by stop
	collected chan struct{} // closed when the last batch is in the queue
	sent      chan struct{} // closed when the queue is empty
	after     func(time.Duration) <-chan time.Time
	sleep     func(t time.Time, exit <-chan struct{}, evict func())
}

func newProfiler(c *config, s sources) (*profiler, error) {
	exit, k := make(chan struct{}), newCollector(c, s, &onceLog{})
	u, err := newUploader(c, s, exit) // the last that can fail: what it opens would stay open
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
		after:     s.after,
		sleep:     s.sleepUntil,
	}, nil
}

func (p *profiler) start() {
	if p.cfg.logStartup {
		p.cfg.logStart()
	}
	if p.cfg.types[MutexProfile] {
		runtime.SetMutexProfileFraction(p.cfg.mutexFraction)
	}
	if p.cfg.types[BlockProfile] {
		runtime.SetBlockProfileRate(p.cfg.blockRateNs)
	}
	endpoints.set(p.cfg.countEndpoint)
	p.collector.startC()
	go func() {
		defer close(p.collected)
		_ = contained(func() error { p.runPeriods(); return nil })
	}()
	go func() {
		defer close(p.sent)
		_ = contained(func() error { p.uploader.run(); return nil })
	}()
}

func (p *profiler) runPeriods() {
	// glibc gives threads heaps of their own, and each keeps what it once needed. Naming C addresses and merging profiles takes tens of
	// megabytes for a moment: on one thread that is one heap, on whatever thread comes along it would soon be all of them. The demo, with a
	// period of 5 s: 260 to 340 MB resident without this line, 200 MB with it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer p.uploader.close()
	defer p.collector.close()
	for seq := uint64(0); seq == 0 || !p.exiting(); seq++ { // one at least: Stop may come before this goroutine ever ran
		end := time.Now().Add(p.cfg.period)
		if contained(func() error { p.runPeriod(seq); return nil }) != nil {
			p.sleepUntil(end)
		}
	}
}

// runPeriod waits until the end of a period, or until stop, and sends off what it has then. The CPU profile runs at the end, over the
// collection of the others, so that it also shows what this package costs.
func (p *profiler) runPeriod(seq uint64) {
	start := time.Now()
	p.collector.begin(seq)
	if p.cfg.cpuDuration < p.cfg.period {
		p.sleepUntil(start.Add(p.cfg.period - p.cfg.cpuDuration))
	}
	if !p.exiting() {
		p.collector.startCPU()
	}
	p.sleepUntil(start.Add(p.cfg.period))
	if p.exiting() && !p.cfg.flushOnExit {
		return
	}
	// dd-trace-go sends the length of the CPU profile as the length of the batch, and the backend counts on that: it is the time that CPU
	// samples are divided by. A period that stop cuts short is as long as it was.
	end := start.Add(min(p.cfg.cpuDuration, time.Since(start)))
	b := batch{seq: seq, start: start, end: end, attachments: p.collector.collect(), endpoints: endpoints.take()}
	if len(b.attachments) == 0 {
		return
	}
	p.output(b)
	p.uploader.add(b)
}

// output writes the batch to disk, before anything of it can be lost on its way.
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

func (p *profiler) sleepUntil(t time.Time) { p.sleep(t, p.exit, p.collector.evictC) }

// sleeper makes what sleeps until a time, or until exit is closed. evict is called meanwhile, once each interval: for so long the tables of
// C's stacks may be full before stacks of the past make room.
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

// endsBefore says whether c is closed before one of the times is over.
func endsBefore(c <-chan struct{}, times ...<-chan time.Time) bool {
	either := append(times, nil, nil)
	select {
	case <-c:
	case <-either[0]:
	case <-either[1]:
	}
	return isClosed(c)
}

// stop is called once. It waits for nothing but channels.
func (p *profiler) stop() {
	collect, send, all := p.after(collectTime), p.after(sendTime), p.after(stopTime)
	close(p.exit)
	endpoints.set(false)
	if !p.cfg.flushOnExit {
		p.uploader.giveUp()
	}
	if !endsBefore(p.collected, collect) { // the batch is dropped, and counted, when it comes
		p.uploader.giveUp()
		say(slog.LevelWarn, "cmemprof: the last period took too long to collect and is not sent")
		return
	}
	sent := endsBefore(p.sent, send, p.after(p.cfg.uploadTimeout))
	p.uploader.giveUp()
	if !sent && !endsBefore(p.sent, all) {
		say(slog.LevelWarn, "cmemprof: Stop does not wait any longer for the last batch: the HTTP client, the statsd client or the disk of the spool hangs")
		return
	}
	if p.cfg.logStartup {
		stats := Stats()
		say(slog.LevelInfo, "cmemprof: profiler stopped", "batches_sent", stats.BatchesSent, "batches_failed", stats.BatchesFailed,
			"batches_dropped", stats.BatchesDropped)
	}
}
