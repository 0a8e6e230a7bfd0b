//go:build !(linux && (amd64 || arm64) && cgo)

package profiler

import (
	"errors"
	"fmt"
	"runtime"
)

const version = "" // package merge has it, which needs cgo

// Start returns an error, since the profiler needs Linux on amd64 or arm64, and cgo. The options are checked as they would be there.
func Start(options ...Option) error {
	c, err := newConfig(options)
	if err != nil || !c.enabled {
		return err
	}
	if runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") {
		return errors.New("cmemprof: this program was built without cgo, which the profiler needs; build with CGO_ENABLED=1 and a C compiler")
	}
	return fmt.Errorf("cmemprof: the profiler is for linux/amd64 and linux/arm64, this is %s/%s", runtime.GOOS, runtime.GOARCH)
}

var errNotRunning = errors.New("cmemprof: no profiler is running")

// SetCSamplingRate returns an error.
func SetCSamplingRate(int64) error { return errNotRunning }

// TakeBatch returns an error.
func TakeBatch() error { return errNotRunning }

// Stop does nothing.
func Stop() {}
