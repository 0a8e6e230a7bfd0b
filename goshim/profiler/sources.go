package profiler

import (
	"context"
	"fmt"
	"io"
	"runtime/pprof"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/upload"
)

// delta turns totals into what happened between two calls.
type delta interface {
	Next(profile []byte) ([]byte, error)
	Close()
}

// sources is everything the profiler asks others for. Tests put others in their place.
type sources struct {
	startC   func(intervalBytes int64) error
	stopC    func()
	profileC func() ([]byte, error)
	lostC    func() uint64 // samples of C that are not in profileC's figures, in whole or in part
	startCPU func(io.Writer) error
	stopCPU  func()
	lookup   func(name string, w io.Writer) error
	merge    func(profiles ...[]byte) ([]byte, error)
	newDelta func(types ...string) delta
	send     func(context.Context, upload.Request) error
}

var realSources = sources{
	startC:   cmemprof.Start,
	stopC:    cmemprof.Stop,
	profileC: cmemprof.Profile,
	lostC:    lostSamples,
	startCPU: pprof.StartCPUProfile,
	stopCPU:  pprof.StopCPUProfile,
	lookup:   lookupProfile,
	merge:    merge.Merge,
	newDelta: func(types ...string) delta { return merge.NewDelta(types...) },
	send:     upload.Send,
}

func lostSamples() uint64 {
	s := cmemprof.GetStats()
	return s.LostStacks + s.LostShards + s.LostLive
}

func lookupProfile(name string, w io.Writer) error {
	profile := pprof.Lookup(name)
	if profile == nil {
		return fmt.Errorf("the runtime has no %s profile", name)
	}
	return profile.WriteTo(w, 0)
}
