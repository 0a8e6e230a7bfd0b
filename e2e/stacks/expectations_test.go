package stacks

import (
	"slices"
	"strings"
)

// element is one element of a stack pattern, leaf first.
type element struct {
	kind elementKind
	name string // % stands for any text
}

type elementKind int

const (
	function  elementKind = iota // a function of this name
	unlisted                     // a C function of the program that is not in its table: without a name when the program is stripped
	inlinedIn                    // a C function that was inlined: only debug data tells of it
	someOf                       // one frame or more in the object with this file name
	anything                     // any number of frames
)

// expectation: every sample with a function named marker has a stack that matches the whole pattern.
type expectation struct {
	marker  string
	objects int64 // how many allocations there are in all these samples; 0: libc's business
	pattern []element
}

func named(names ...string) []element {
	var elements []element
	for _, name := range names {
		elements = append(elements, element{function, name})
	}
	return elements
}

func elsewhere(name string) []element { return []element{{unlisted, name}} }
func inlined(name string) []element   { return []element{{inlinedIn, name}} }
func some(object string) []element    { return []element{{someOf, object}} }
func gap() []element                  { return []element{{kind: anything}} }

func times(n int, name string) []element {
	return slices.Repeat(named(name), n)
}

// cgo is the pattern between C and Go; caller is the first of the callers' functions.
func cgo(c string) []element {
	return named("runtime.asmcgocall%", "runtime.cgocall", "main._Cfunc_"+c)
}

var (
	mainEnd      = named("main.main", "runtime.main") // and runtime.goexit, which Go's own profiles do not have either
	goroutineEnd = named("main.fromGoroutines.func%")
	threadEnd    = some("libc.so.6") // start_thread, clone3
)

// fromC is the end of a stack in which main.fromC called the C function c.
func fromC(c string) []element {
	return slices.Concat(cgo(c), named("main.fromC"), mainEnd)
}

// callback is the pattern between C and the exported Go function f; body: its name.
func callback(body, f string) []element {
	return slices.Concat(named("main."+body, "_cgoexp_%_"+f, "runtime.cgocallbackg1", "runtime.cgocallbackg",
		"runtime.cgocallback%", "crosscall2%"), elsewhere(f))
}

var expectations = []expectation{
	// Go functions of all kinds.
	{"main.callMalloc", 1, slices.Concat(elsewhere("_cgo_%_Cfunc__Cmalloc"),
		named("runtime.asmcgocall%", "runtime.cgocall", "main._cgo_cmalloc",
			"main._Cfunc__CMalloc", "main.callMalloc", "main.fromGo"), mainEnd)},
	{"main.callCString", 1, slices.Concat(elsewhere("_cgo_%_Cfunc__Cmalloc"),
		named("runtime.asmcgocall%", "runtime.cgocall", "main._cgo_cmalloc",
			"main._Cfunc_CString", "main.callCString", "main.fromGo"), mainEnd)},
	{"generic_leaf", 2, slices.Concat(named("generic_leaf"), cgo("generic_leaf"),
		named("main.callFromGeneric[go.shape.%]", "main.fromGo"), mainEnd)},
	{"main.callFromGeneric[go.shape.int32]", 1, gap()},
	{"main.callFromGeneric[go.shape.string]", 1, gap()},
	{"inlined_go_leaf", 1, slices.Concat(named("inlined_go_leaf"), cgo("inlined_go_leaf"),
		named("main.inlinedInner", "main.inlinedOuter", "main.callInlined", "main.fromGo"), mainEnd)},
	{"method_leaf", 1, slices.Concat(named("method_leaf"), cgo("method_leaf"), named("main.(*caller).call",
		"main.callThrough", "main.callMethodValue", "main.fromGo"), mainEnd)},
	{"both_leaf", 1, slices.Concat(named("both_leaf"), cgo("both_leaf"), named("main.callBoth", "main.fromGo"), mainEnd)},

	// Goroutines.
	{"goroutine_leaf", 1, slices.Concat(named("goroutine_leaf"), cgo("goroutine_leaf"), named("main.fromGoroutines.func%"), goroutineEnd)},
	{"deep_leaf", 1, slices.Concat(named("deep_leaf"), cgo("deep_leaf"), named("main.fromGoroutines.func%"), times(201, "main.descend"),
		named("main.fromGoroutines.func%"), goroutineEnd)},
	// 5 + 507 = 512 frames, where the profiler stops.
	{"too_deep_leaf", 1, slices.Concat(named("too_deep_leaf"), cgo("too_deep_leaf"), named("main.fromGoroutines.func%"),
		times(507, "main.descend"))},

	// C functions, libraries, libc in between.
	{"chain_leaf", 1, slices.Concat(named("chain_leaf", "chain_middle", "static_chain"), elsewhere("_cgo_%_Cfunc_static_chain"),
		fromC("static_chain"))},
	{"inlined_callee", 1, slices.Concat(inlined("inlined_inner"), inlined("inlined_outer"), named("inlined_callee"),
		fromC("inlined_callee"))},
	{"linked_inner", 1, slices.Concat(named("linked_inner", "linked_allocate", "through_linked"), fromC("through_linked"))},
	{"opened_inner", 1, slices.Concat(named("opened_inner", "opened_allocate", "through_opened"), fromC("through_opened"))},
	{"closed_inner", 1, slices.Concat(named("closed_inner", "closed_allocate", "through_closed"), fromC("through_closed"))},
	{"through_opened", 0, slices.Concat(gap(), named("through_opened"), fromC("through_opened"))}, // what the loader allocates, too
	{"compare", 3, slices.Concat(named("compare"), some("libc.so.6"), named("sorted"), fromC("sorted"))},
	{"read_line", 2, slices.Concat(some("libc.so.6"), gap(), named("read_line", "with_getline"), fromC("with_getline"))},
	{"with_strdup", 1, slices.Concat(some("libc.so.6"), named("with_strdup"), fromC("with_strdup"))},
	{"with_asprintf", 0, slices.Concat(some("libc.so.6"), named("with_asprintf"), fromC("with_asprintf"))},

	// C++.
	{"with_new", 1, slices.Concat(named("make_numbers", "with_new"), fromC("with_new"))},
	// The vector; 1, 2, 4 ... 128 numbers.
	{"with_vector", 9, slices.Concat(gap(), named("with_vector"), fromC("with_vector"))},

	// Frames of unusual layout.
	{"realigned_locals", 1, slices.Concat(named("frame_leaf", "realigned_locals"), fromC("realigned_locals"))},
	{"realigned_arguments", 1, slices.Concat(named("frame_leaf", "realigned_with_arguments", "realigned_arguments"),
		fromC("realigned_arguments"))},
	{"variable_frame", 1, slices.Concat(named("frame_leaf", "variable_size", "variable_frame"), fromC("variable_frame"))},
	{"fp_is_a_number", 1, slices.Concat(named("frame_leaf", "fp_is_a_number"), fromC("fp_is_a_number"))},
	{"big_frame", 1, slices.Concat(named("frame_leaf", "big_frame"), fromC("big_frame"))},

	// Callbacks and threads.
	{"nested_leaf", 1, slices.Concat(named("nested_leaf"), cgo("nested_leaf"), callback("goInner", "goInner"), named("nested_middle"),
		cgo("nested_middle"), callback("goMiddle", "goMiddle"), named("nested_outer"), fromC("nested_outer"))},
	{"thread_allocate", 1, slices.Concat(named("thread_allocate", "thread_main"), threadEnd)},
	{"thread_leaf", 1, slices.Concat(named("thread_leaf"), cgo("thread_leaf"), callback("goFromThread", "goFromThread"),
		named("thread_main_go"),
		threadEnd)},

	// Other stacks. The frames in libc are the return from a signal handler, and raise.
	{"handler", 1, slices.Concat(named("handler"), some("libc.so.6"), named("raise_usr2", "on_gos_signal_stack"),
		fromC("on_gos_signal_stack"))},
	{"own_handler", 1, slices.Concat(named("own_handler"), some("libc.so.6"), named("thread_with_signal_stack"), threadEnd)},
	{"coroutine_leaf", 2, slices.Concat(named("coroutine_leaf", "coroutine_main"), threadEnd)}, // makecontext's own function
	{"coroutine_back", 2, slices.Concat(named("coroutine_back", "on_coroutine"), fromC("on_coroutine"))},
}

// frame is one function of a stack.
type frame struct {
	name       string // "": unknown
	object     string // file name of the mapping
	inProgram  bool
	fromSymbol bool // the profile has the name; if not it is from the program's table
}

func like(pattern, text string) bool {
	pieces := strings.Split(pattern, "%")
	if !strings.HasPrefix(text, pieces[0]) {
		return false
	}
	text = text[len(pieces[0]):]
	for i, piece := range pieces[1:] {
		if i == len(pieces)-2 {
			return strings.HasSuffix(text, piece)
		}
		at := strings.Index(text, piece)
		if at < 0 {
			return false
		}
		text = text[at+len(piece):]
	}
	return text == ""
}

// matches compares a whole stack with a whole pattern.
func matches(pattern []element, stack []frame, stripped bool) bool {
	if len(pattern) == 0 {
		return len(stack) == 0
	}
	first, rest := pattern[0], pattern[1:]
	switch {
	case first.kind == anything:
		return matches(rest, stack, stripped) || len(stack) > 0 && matches(pattern, stack[1:], stripped)
	case first.kind == inlinedIn && stripped:
		return matches(rest, stack, stripped)
	case len(stack) == 0:
		return false
	case first.kind == someOf:
		return like(first.name, stack[0].object) && (matches(rest, stack[1:], stripped) || matches(pattern, stack[1:], stripped))
	case first.kind == unlisted && stripped && stack[0].name == "" && stack[0].inProgram:
		return matches(rest, stack[1:], stripped)
	default:
		return like(first.name, stack[0].name) && matches(rest, stack[1:], stripped)
	}
}
