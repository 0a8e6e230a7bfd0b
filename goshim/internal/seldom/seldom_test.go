package seldom_test

import (
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/internal/seldom"
)

func TestLimit(t *testing.T) {
	var limit seldom.Limit
	calls := 0
	call := func() {
		calls++
		time.Sleep(10 * time.Millisecond)
	}
	for range 3 {
		limit.Do(call)
	}
	if calls != 1 || limit.Cost < 10*time.Millisecond || time.Until(limit.Next) < 90*time.Second {
		t.Errorf("%d calls, %+v", calls, limit)
	}
	limit.Next = time.Now()
	limit.Do(call)
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

// What panics has cost its time, too.
func TestPanic(t *testing.T) {
	var limit seldom.Limit
	func() {
		defer func() { _ = recover() }()
		limit.Do(func() {
			time.Sleep(time.Millisecond)
			panic("test")
		})
	}()
	limit.Do(func() { t.Error("called again at once") })
}
