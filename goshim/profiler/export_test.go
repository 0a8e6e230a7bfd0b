//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"context"
	"io"
	"math"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/internal/allocator"
	"github.com/cmemprof/cmemprof/goshim/profiler/extensions"
	"github.com/cmemprof/cmemprof/goshim/profiler/internal/sharedlimit"
	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/pyroscope"
	"github.com/cmemprof/cmemprof/upload"
)

// Fakes replace the profiler's sources; nil keeps the real one.
type Fakes struct {
	StartC         func(intervalBytes int64) error // with this or ProfileC, C's heap is not really profiled
	ProfileC       func() ([]byte, error)
	LiveHeapC      func() ([]byte, error) // nil, with a fake heap: it cannot give C's live heap alone
	StatsC         func() cmemprof.Stats
	Allocator      func() cmemprof.AllocatorStats
	AgesC          func() cmemprof.Ages
	SetLabelsC     func(words ...string) error
	LabelsErrorC   func() error
	PeaksC         func() ([]byte, error) // nil, with a fake heap: none are taken
	GetPeaksC      func() (live, rss cmemprof.Peak)
	Memory         func(goHeap []byte, allocator *cmemprof.AllocatorStats) (cmemprof.MemoryFigures, []byte, error) // nil, with a fake heap: none is taken
	MemoryRollup   func() (cmemprof.MemoryRollup, bool)
	EvictC         func() bool
	EvictInterval  time.Duration
	RequestPause   time.Duration
	Lookup         func(name string, w io.Writer) error
	ListGoroutines func(w io.Writer) error
	Begin          func(seq uint64)
	Send           func(context.Context, upload.Request) error
	StartCPU       func(io.Writer) error
	StopCPU        func() uint64
	CompleteCPU    func(profile []byte, processNs uint64) ([]byte, cmemprof.CPUTimes, error) // nil, with a fake heap: it stays as it is
	StartTraceback func() error                                                              // nil, with a fake heap: never
	StopTraceback  func()
	StartTrace     func(io.Writer) error
	StopTrace      func()
	NewDelta       func(output merge.Output, types ...string) Delta
	After          func(time.Duration) <-chan time.Time
	SleepUntil     func(t time.Time, exit <-chan struct{}, evict func())
	Watch          func(threshold uint64) (near bool, left uint64, wait time.Duration)
	MemoryLeft     func() uint64
	CgroupLimit    func() uint64
	SetGoLimit     func(bytes int64) (before int64)
	LimitFigures   func() (sharedlimit.Figures, bool)
	FreeGoMemory   func()
	SleepLimit     func(time.Duration, <-chan struct{})
}

type Delta = delta

// Tests do not depend on the speed of the machine: the deadlines of Stop pass only through Fakes.After.
func init() {
	realSources.after = func(time.Duration) <-chan time.Time { return nil }
	realSources.lastTries = time.Hour
	agentSocket, managedSettings, localSettings = "/nonexistent", "/nonexistent", "/nonexistent"
	realSources.newWatch = func(uint64) func() (bool, uint64, time.Duration) {
		return func() (bool, uint64, time.Duration) { return false, math.MaxUint64, time.Hour }
	}
	realSources.memoryLeft = func() uint64 { return math.MaxUint64 }
	realSources.requestPause = 0
}

// SetFakes applies to later Starts, until restore is called.
func SetFakes(f Fakes) (restore func()) {
	mu.Lock()
	defer mu.Unlock()
	real := realSources
	realC, _ := extensions.GetCAllocationProfiler()
	if f.StartC != nil || f.ProfileC != nil {
		extensions.SetCAllocationProfiler(&fakeC{fakes: f})
		if f.LiveHeapC != nil {
			extensions.SetCAllocationProfiler(&fakeLiveC{fakeC{fakes: f}})
		}
		realSources.peaksC = f.PeaksC
		realSources.memory = f.Memory
		realSources.completeCPU, realSources.startTraceback, realSources.stopTraceback = f.CompleteCPU, f.StartTraceback, f.StopTraceback
	}
	if f.MemoryRollup != nil {
		realSources.memoryRollup = f.MemoryRollup
	}
	if f.StatsC != nil {
		realSources.statsC = f.StatsC
	}
	if f.SetLabelsC != nil {
		realSources.setLabelsC = f.SetLabelsC
	}
	if f.LabelsErrorC != nil {
		realSources.labelsErrorC = f.LabelsErrorC
	}
	if f.AgesC != nil {
		realSources.agesC = f.AgesC
	}
	if f.PeaksC != nil {
		realSources.peaksC = f.PeaksC
	}
	if f.GetPeaksC != nil {
		realSources.getPeaksC = f.GetPeaksC
	}
	if f.Allocator != nil {
		realSources.allocator = allocator.New(f.Allocator).Recent
	}
	if f.EvictC != nil {
		realSources.evictC = f.EvictC
	}
	if f.EvictInterval != 0 {
		realSources.sleepUntil = sleeper(f.EvictInterval)
	}
	if f.ListGoroutines != nil {
		realSources.listGoroutines = f.ListGoroutines
	}
	if f.Lookup != nil {
		realSources.lookup = f.Lookup
	}
	if f.Send != nil {
		realSources.send = f.Send
	}
	if f.Begin != nil {
		realSources.begin = f.Begin
	}
	if f.StartCPU != nil {
		realSources.startCPU = f.StartCPU
	}
	if f.StopCPU != nil {
		realSources.stopCPU = f.StopCPU
	}
	if f.StartTrace != nil {
		realSources.startTrace = f.StartTrace
	}
	if f.StopTrace != nil {
		realSources.stopTrace = f.StopTrace
	}
	if f.NewDelta != nil {
		realSources.newDelta = func(output merge.Output, types ...string) delta { return f.NewDelta(output, types...) }
	}
	if f.After != nil {
		realSources.after = f.After
	}
	if f.SleepUntil != nil {
		realSources.sleepUntil = f.SleepUntil
	}
	if f.Watch != nil {
		realSources.newWatch = func(threshold uint64) func() (bool, uint64, time.Duration) {
			return func() (bool, uint64, time.Duration) { return f.Watch(threshold) }
		}
	}
	if f.RequestPause != 0 {
		realSources.requestPause = f.RequestPause
	}
	if f.MemoryLeft != nil {
		realSources.memoryLeft = f.MemoryLeft
	}
	if f.CgroupLimit != nil {
		realSources.cgroupLimit = f.CgroupLimit
	}
	if f.SetGoLimit != nil {
		realSources.setGoLimit = f.SetGoLimit
	}
	if f.LimitFigures != nil {
		realSources.limitFigures = f.LimitFigures
	}
	if f.FreeGoMemory != nil {
		realSources.freeGoMemory = f.FreeGoMemory
	}
	if f.SleepLimit != nil {
		realSources.sleepLimit = f.SleepLimit
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		realSources = real
		extensions.SetCAllocationProfiler(realC)
	}
}

// fakeC is a heap profiler of C built from functions.
type fakeC struct {
	extensions.CAllocationProfiler
	fakes Fakes
}

func (c *fakeC) StartHeap(intervalBytes int64) error {
	if c.fakes.StartC == nil {
		return nil
	}
	return c.fakes.StartC(intervalBytes)
}

func (c *fakeC) StopHeap() {}

func (c *fakeC) Heap() ([]byte, error) { return c.fakes.ProfileC() }

type fakeLiveC struct{ fakeC }

func (c *fakeLiveC) LiveHeap(cmemprof.Contents) ([]byte, error) { return c.fakes.LiveHeapC() }

// PanickingOption is an option that panics.
var PanickingOption Option = func(*config) { panic("in an option") }

// HasLeakProfile reports whether the runtime has the leak profile.
func HasLeakProfile() bool { return pprof.Lookup("goroutineleak") != nil }

// Target returns the URL that batches would go to.
func Target(options ...Option) (string, error) {
	c, err := newConfig(options)
	if err != nil {
		return "", err
	}
	return c.targetURL(), nil
}

// OTLPBody returns the request of OpenTelemetry's protocol that a batch becomes, and which of its files are left out.
func OTLPBody(r upload.Request) (body []byte, leftOut []string, err error) {
	body, err = otlpBody(r, func(file string, _ error) { leftOut = append(leftOut, file) })
	return body, leftOut, err
}

var (
	OTLPError  = otlpError
	TagsOfKeys = tagsOfKeys
)

// UploadTimeout returns the time-out of an attempt.
func UploadTimeout(options ...Option) (time.Duration, error) {
	c, err := newConfig(options)
	if err != nil {
		return 0, err
	}
	return c.uploadTimeout, nil
}

// SetAgentSocket applies until restore is called. The real one, if this machine has it, is not looked at.
func SetAgentSocket(path string) (restore func()) {
	real := agentSocket
	agentSocket = path
	return func() { agentSocket = real }
}

// SetAgentSettings applies until restore is called. Those of this machine are not looked at.
func SetAgentSettings(managed, local string) (restore func()) {
	realManaged, realLocal := managedSettings, localSettings
	managedSettings, localSettings = managed, local
	return func() { managedSettings, localSettings = realManaged, realLocal }
}

// HeadersIn returns the headers of a batch from a container.
func HeadersIn(containerID, entityID string, options ...Option) map[string]string {
	c := &config{containerID: containerID, entityID: entityID}
	for _, option := range options {
		option(c)
	}
	return c.headers()
}

// Variables returns the names of all environment variables that are read.
func Variables() []string {
	var names []string
	for _, v := range variables {
		names = append(names, v.name)
	}
	return names
}

// SetBuildInfo applies until restore is called.
func SetBuildInfo(info *debug.BuildInfo) (restore func()) {
	real := readBuildInfo
	readBuildInfo = func() (*debug.BuildInfo, bool) { return info, info != nil }
	return func() { readBuildInfo = real }
}

var (
	ReadContainer = readContainer
	NormalizedTag = normalizedTag
	WaitProfileOf = waitProfileOf
)

// LookupProfile is the real lookup, for fakes that fail only sometimes.
var LookupProfile = lookupProfile

const (
	Version     = version
	CollectTime = collectTime
	SendTime    = sendTime
	StopTime    = stopTime
)

// RunningEnded returns a function that reports whether the goroutines of the profiler that runs now have collected and sent their last: Stop gives up
// waiting for what hangs.
func RunningEnded() (ended func() bool) {
	p := active.Load()
	return func() bool { return p == nil || isClosed(p.collected) && isClosed(p.sent) }
}

// SignalsAreHandled returns when what was received has been handled. No profiler may run.
func SignalsAreHandled() {
	handled := make(handledSignals)
	signals.c <- handled
	<-handled
}

// PyroscopeSeries returns the series that a batch becomes, and what is left out of it.
func PyroscopeSeries(r upload.Request) (all []pyroscope.Series, leftOut []string, err error) {
	all, err = pyroscopeSeries(r, func(_, text string) { leftOut = append(leftOut, text) })
	return all, leftOut, err
}
