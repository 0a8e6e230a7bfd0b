package profiler

import (
	"regexp"
	"sync"
)

// lazyRegexp compiles an expression when it is first used: a program that imports the package does not wait for it.
func lazyRegexp(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
