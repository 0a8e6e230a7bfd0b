//go:build go1.26

package cmemprof

// goPanic returns the range of runtime.sigpanic in Go until 1.25 (names_go125.go). Since 1.26 all frame pointers are adjusted when a stack moves.
func goPanic(uintptr) (start, end uintptr, ok bool) { return 0, 0, false }
