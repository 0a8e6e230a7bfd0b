package profiler

import (
	"context"
	"io"

	"github.com/cmemprof/cmemprof/upload"
)

// Fakes stand in for what the profiler asks others for; a nil one leaves the real one.
type Fakes struct {
	StartC   func(intervalBytes int64) error
	ProfileC func() ([]byte, error)
	LostC    func() uint64
	Lookup   func(name string, w io.Writer) error
	Send     func(context.Context, upload.Request) error
}

// SetFakes holds for the Starts that follow, until restore is called.
func SetFakes(f Fakes) (restore func()) {
	mu.Lock()
	defer mu.Unlock()
	real := realSources
	if f.StartC != nil {
		realSources.startC, realSources.stopC = f.StartC, func() {}
	}
	if f.ProfileC != nil {
		realSources.profileC = f.ProfileC
	}
	if f.LostC != nil {
		realSources.lostC = f.LostC
	}
	if f.Lookup != nil {
		realSources.lookup = f.Lookup
	}
	if f.Send != nil {
		realSources.send = f.Send
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		realSources = real
	}
}

// LookupProfile is the real lookup, for fakes that fail only sometimes.
var LookupProfile = lookupProfile

const Version = version
