package cmemprof

import (
	"reflect"
	"runtime"
	"sync"
	"unsafe"
)

// frame is struct cmemprof_go_frame.
type frame struct {
	functionOffset, functionLength uint32
	fileOffset, fileLength         uint32
	line, startLine                int64
}

// names is struct cmemprof_go_names.
type names struct {
	frameCounts []uint32
	frames      []frame
	text        []byte
}

// The three functions below belong to runtime/pprof and have other users, so the Go team keeps their signatures (go.dev/issue/67401).

// expandFinalInlineFrame adds the functions that were inlined into the one at the last address of a stack.
//
//go:linkname expandFinalInlineFrame runtime/pprof.runtime_expandFinalInlineFrame
func expandFinalInlineFrame(stack []uintptr) []uintptr

//go:linkname frameStartLine runtime/pprof.runtime_FrameStartLine
func frameStartLine(f *runtime.Frame) int

// frameSymbolName is the name with type arguments, where Frame.Function has "[...]".
//
//go:linkname frameSymbolName runtime/pprof.runtime_FrameSymbolName
func frameSymbolName(f *runtime.Frame) string

// nameAddresses names return addresses of Go code, each expanded to the functions inlined there, innermost first.
func nameAddresses(addresses []uintptr) *names {
	n := &names{frameCounts: make([]uint32, 0, len(addresses))}
	texts := make(map[string]uint32)
	for _, address := range addresses {
		before := len(n.frames)
		expanded := runtime.CallersFrames(expandFinalInlineFrame([]uintptr{address}))
		for {
			f, more := expanded.Next()
			if f.Function != "" {
				n.add(texts, frameSymbolName(&f), f.File, f.Line, frameStartLine(&f))
			}
			if !more {
				break
			}
		}
		n.frameCounts = append(n.frameCounts, uint32(len(n.frames)-before))
	}
	return n
}

func (n *names) add(texts map[string]uint32, function, file string, line, startLine int) {
	n.frames = append(n.frames, frame{
		functionOffset: n.offset(texts, function), functionLength: uint32(len(function)),
		fileOffset: n.offset(texts, file), fileLength: uint32(len(file)),
		line: int64(line), startLine: int64(startLine),
	})
}

func (n *names) offset(texts map[string]uint32, text string) uint32 {
	at, known := texts[text]
	if !known {
		at = uint32(len(n.text))
		n.text = append(n.text, text...)
		texts[text] = at
	}
	return at
}

// goText returns where the program's Go code lies, [start, end). It is one range, and FuncForPC knows a function for every address in it and
// none outside, so both ends are found by bisection from an address inside, with nothing but that public function.
var goText = sync.OnceValues(func() (start, end uintptr) {
	inside := reflect.ValueOf(nameAddresses).Pointer()
	return edge(inside, -1), edge(inside, +1)
})

// edge returns the first address of Go code (direction -1), or the first behind it (+1).
func edge(inside uintptr, direction int) uintptr {
	isGo := func(distance uintptr) bool {
		return runtime.FuncForPC(inside+uintptr(direction)*distance) != nil
	}
	far := uintptr(1)
	for isGo(far) {
		far *= 2
	}
	near := far / 2 // Go code; far is not
	for far-near > 1 {
		middle := near + (far-near)/2
		if isGo(middle) {
			near = middle
		} else {
			far = middle
		}
	}
	if direction < 0 {
		return inside - near
	}
	return inside + far
}

var _ = unsafe.Pointer(nil) // linkname wants the import
