// Package seldom limits what is expensive to 1/10,000 of the time.
package seldom

import "time"

// Limit is of one thing: after 6 ms of it the next call waits a minute. The zero Limit has not been used. It is for one goroutine at a time.
type Limit struct {
	Cost time.Duration // of the last call
	Next time.Time     // not before
}

// Do calls f, unless it is too early.
func (l *Limit) Do(f func()) {
	now := time.Now()
	if now.Before(l.Next) {
		return
	}
	defer func() {
		l.Cost = time.Since(now)
		l.Next = now.Add(10000 * l.Cost)
	}()
	f()
}
