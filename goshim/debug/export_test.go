//go:build linux && (amd64 || arm64) && cgo

package debug

import (
	"context"
	"time"
)

// SetWait replaces the wait between the two profiles of seconds=N until restore is called.
func SetWait(f func(context.Context, time.Duration) error) (restore func()) {
	real := wait
	wait = f
	return func() { wait = real }
}
