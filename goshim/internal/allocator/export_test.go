//go:build linux && (amd64 || arm64) && cgo

package allocator

import "time"

// Expire lets it ask again.
func (a *Asker) Expire() { a.limit.Next = time.Now() }
