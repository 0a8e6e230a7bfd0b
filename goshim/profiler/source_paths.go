package profiler

import (
	"path"
	"reflect"
	"runtime"
	"strings"
)

// pathPrefix is how the paths of source files begin, and what they begin with where [ReportSourcePaths] is left out.
type pathPrefix struct{ prefix, instead string }

// findPathPrefixes returns how paths in the standard library and in the program's own module begin, and how they begin in a program built with
// -trimpath. The module's is found if a function of it has called Start.
func findPathPrefixes() (prefixes []pathPrefix) {
	add := func(file, below, instead string) {
		root, ok := strings.CutSuffix(path.Dir(file), below)
		if ok && len(root) > 1 && root[0] == '/' && root[len(root)-1] != '/' {
			prefixes = append(prefixes, pathPrefix{root + "/", instead})
		}
	}
	file, _ := runtime.FuncForPC(reflect.ValueOf(runtime.GC).Pointer()).FileLine(0)
	add(file, "/runtime", "")
	info, ok := readBuildInfo()
	if !ok || info.Main.Path == "" {
		return prefixes
	}
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for more := true; more && len(prefixes) < 2; {
		var f runtime.Frame
		f, more = frames.Next()
		name := f.Function
		if rest, isMain := strings.CutPrefix(name, "main."); isMain {
			name = info.Path + "." + rest
		}
		if below, ok := strings.CutPrefix(strings.TrimSuffix(packageOf(name), "_test"), info.Main.Path); ok && (below == "" || below[0] == '/') {
			add(f.File, below, info.Main.Path+"/")
		}
	}
	return prefixes
}

// packageOf returns "example.com/app/store" of "example.com/app/store.(*DB).Get".
func packageOf(function string) string {
	slash := strings.LastIndexByte(function, '/') + 1
	name, _, _ := strings.Cut(function[slash:], ".")
	return function[:slash] + name
}
