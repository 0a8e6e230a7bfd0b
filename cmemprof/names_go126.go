//go:build go1.26

package cmemprof

// goPanic returns where runtime.sigpanic lies in Go until 1.25 (names_go125.go). Since 1.26 a stack that moves has all its frame pointers corrected.
func goPanic(uintptr) (start, end uintptr, ok bool) { return 0, 0, false }
