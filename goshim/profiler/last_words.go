//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"fmt"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/upload"
)

// Last words: what a process says before it is killed for its memory.
//
// A goroutine watches how much memory is left (cmemprof/memory_watch.h). When trouble is near it first puts C's live heap on disk, into space
// reserved before, without opening a file for names: some milliseconds. Labels and paths that shall not be sent are left out before that, in
// memory: if there is not enough, nothing is kept. Then, if there is room, the same with names. Then the period ends, and its batch is collected,
// spooled and sent as any other; the file is deleted once that batch is on disk.

const (
	triggerMemory  = "memory"
	triggerRequest = "request"

	// What collecting and sending all profiles of a period takes for a moment, at least: Go's encoders, the CPU profile's buffers, net/http, and
	// debug data. With less left, a batch has C's live heap and metrics only.
	roomToCollect = 16 << 20
	// A quarter of this is what names of a small program's C functions take (symbolizer_arena.h). With less left none are looked for.
	roomToName = 12 << 20
	// Disk space for the first words. A thousand stacks take about 100 KB.
	reservedBytes = 1 << 20
)

// watchMemory runs until Stop.
func (p *profiler) watchMemory() {
	if p.cfg.spoolDirectory != "" {
		p.uploader.queue.Reserve(reservedBytes)
	}
	for step := p.newWatch(p.cfg.memoryThreshold); !p.exiting(); {
		near, left, wait := step()
		if near {
			p.memoryIsShort(left)
		}
		sleep(wait, p.exit)
	}
}

func realWatch(threshold uint64) func() (near bool, left uint64, wait time.Duration) {
	watch := &cmemprof.MemoryWatch{}
	return func() (bool, uint64, time.Duration) {
		near, wait := watch.Step(threshold)
		return near, watch.Left(), wait
	}
}

func (p *profiler) memoryIsShort(left uint64) {
	counters.memoryTriggers.Add(1)
	kept := p.keep(cmemprof.KnownNames)
	if kept != nil && p.memoryLeft() >= roomToCollect {
		if named := p.keep(0); named != nil {
			kept.Drop()
			kept = named
		}
	}
	if !p.requests.add(request{triggerMemory, kept}) {
		p.uploader.sendKept(kept) // the profiler has stopped meanwhile
	}
	p.collector.messages.warn("memory", fmt.Sprintf("cmemprof: the limit of this process's memory is near, or the threshold was reached "+
		"(%d MB are left): a batch is taken before its time (tag trigger:memory)", left>>20))
}

// keep puts C's live heap into the spool, in case the process is killed before its batch is there. It returns nil if that is not possible.
func (p *profiler) keep(contents cmemprof.Contents) (kept *upload.Kept) {
	heap := p.collector.live.Load()
	if heap == nil || p.cfg.spoolDirectory == "" {
		return nil
	}
	p.collector.try(HeapProfile, func() error {
		live, err := (*heap).LiveHeap(contents)
		if err != nil {
			return err
		}
		a, err := p.cfg.attachment(HeapProfile, live)
		if err != nil {
			return err
		}
		started := p.running.Load()
		kept, err = p.uploader.keep(batch{seq: started.seq, start: started.at, end: time.Now(), trigger: triggerMemory, leftOut: true,
			cInterval: p.collector.interval.Load(), attachments: []upload.Attachment{a}})
		return err
	})
	return kept
}

// settle decides about the files that were kept until this batch: with its heap profile on disk they are superfluous.
func (p *profiler) settle(answered []request, isOnDisk bool) {
	for _, q := range answered {
		if isOnDisk {
			q.kept.Drop()
		} else {
			p.uploader.sendKept(q.kept)
		}
		if q.kept != nil {
			p.uploader.queue.Reserve(reservedBytes)
		}
	}
}
