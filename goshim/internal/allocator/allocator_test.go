//go:build linux && (amd64 || arm64) && cgo

package allocator_test

import (
	"sync"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/internal/allocator"
)

// asker counts the questions, each of which takes d.
func asker(d time.Duration, asked *uint64) *allocator.Asker {
	return allocator.New(func() cmemprof.AllocatorStats {
		time.Sleep(d)
		*asked++ // an Asker asks once at a time
		return cmemprof.AllocatorStats{InUseBytes: *asked}
	})
}

// After 50 ms it is left alone for 500 s, whoever asks.
func TestSlowAllocatorIsAskedSeldom(t *testing.T) {
	var asked uint64
	a := asker(50*time.Millisecond, &asked)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for _, answer := range []allocator.Answer{a.Recent(), a.Cheap()} {
				if answer.Stats.InUseBytes != 1 || answer.At.IsZero() {
					t.Errorf("%+v", answer)
				}
			}
		})
	}
	all.Wait()
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// 2 ms allow a question each 20 s, but none that strangers can cause; less than a millisecond, one each 10 s at most.
func TestRequestsDoNotHoldUpTheProgram(t *testing.T) {
	var asked uint64
	a := asker(2*time.Millisecond, &asked)
	first := a.Cheap()
	a.Expire()
	if again := a.Cheap(); again.Stats != first.Stats || asked != 1 {
		t.Errorf("asked %d times, %+v after %+v", asked, again, first)
	}
	if again := a.Recent(); again.Stats.InUseBytes != 2 || asked != 2 {
		t.Errorf("asked %d times, %+v", asked, again)
	}

	asked = 0
	quick := asker(0, &asked)
	quick.Cheap()
	quick.Expire()
	if again := quick.Cheap(); again.Stats.InUseBytes != 2 {
		t.Errorf("%+v", again)
	}
}

func TestProcess(t *testing.T) {
	if answer := allocator.Process.Recent(); answer.Stats.Name == "" || time.Since(answer.At) > time.Minute {
		t.Errorf("%+v", answer)
	}
}
