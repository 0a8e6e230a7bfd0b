//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cmemprof/cmemprof/merge"
)

// goroutine is an entry of the runtime's goroutine listing.
type goroutine struct {
	id       int64
	state    string
	wait     time.Duration // whole minutes, as the runtime reports it
	onThread bool          // locked to its thread
	frames   []goroutineFrame
}

type goroutineFrame struct {
	function, file string
	line           int64
}

// "goroutine 7 gp=0xc000 m=nil [chan receive, 3 minutes, locked to thread]:"; what is between number and state depends on the Go version.
var goroutineHead = lazyRegexp(`^goroutine (\d+)[^\[]*\[([^\]]*)\]:?$`)

// parseGoroutines parses the goroutine profile with debug=2. Unknown blocks are skipped and counted.
func parseGoroutines(text []byte) (all []goroutine, unknown int) {
	for _, block := range bytes.Split(text, []byte("\n\n")) {
		lines := strings.Split(strings.TrimSpace(string(block)), "\n")
		head := goroutineHead().FindStringSubmatch(withoutLabels(lines[0]))
		if head == nil {
			if lines[0] != "" {
				unknown++
			}
			continue
		}
		g := goroutine{}
		g.id, _ = strconv.ParseInt(head[1], 10, 64)
		g.readState(head[2])
		g.frames = parseFrames(lines[1:])
		all = append(all, g)
	}
	return all, unknown
}

// withoutLabels cuts what GODEBUG=tracebacklabels=1 adds to a goroutine's line: [running labels:{"user": "alice"}]: in Go 1.26,
// [running] {user: alice}: in 1.27. What is no word is quoted, and may hold either form.
func withoutLabels(head string) string {
	cut := len(head)
	for _, begin := range []string{" labels:{", "] {"} {
		if at := strings.Index(head, begin); at >= 0 {
			cut = min(cut, at)
		}
	}
	if cut < len(head) {
		return head[:cut] + "]"
	}
	return head
}

// readState parses "chan receive, 3 minutes, locked to thread". The state itself may contain a comma: "select, durable".
func (g *goroutine) readState(text string) {
	var state []string
	for _, part := range strings.Split(text, ", ") {
		minutes, isWait := strings.CutSuffix(part, " minutes")
		n, err := strconv.ParseInt(minutes, 10, 64)
		switch {
		case isWait && err == nil:
			g.wait = time.Duration(n) * time.Minute
		case part == "locked to thread":
			g.onThread = true
		default:
			state = append(state, part)
		}
	}
	g.state = strings.Join(state, ", ")
}

// parseFrames parses pairs of lines: the function with its arguments, then a tab and file:line. The last frame is the one that started the
// goroutine.
func parseFrames(lines []string) []goroutineFrame {
	var frames []goroutineFrame
	for _, line := range lines {
		if at, isPosition := strings.CutPrefix(line, "\t"); isPosition {
			if len(frames) > 0 {
				last := &frames[len(frames)-1]
				last.file, last.line = parsePosition(at)
			}
			continue
		}
		name, started := strings.CutPrefix(line, "created by ")
		if started {
			name, _, _ = strings.Cut(name, " in goroutine ")
		} else if open := strings.LastIndex(name, "("); open > 0 {
			name = name[:open] // cuts the arguments; a method's "(*T)" comes before them
		}
		frames = append(frames, goroutineFrame{function: name}) // also for "...additional frames elided...", where the stack was truncated
	}
	return frames
}

// parsePosition parses "/src/main.go:12 +0x1d".
func parsePosition(text string) (file string, line int64) {
	text, _, _ = strings.Cut(text, " +0x")
	colon := strings.LastIndex(text, ":")
	if colon < 0 {
		return text, 0
	}
	line, err := strconv.ParseInt(text[colon+1:], 10, 64)
	if err != nil {
		return text, 0
	}
	return text[:colon], line
}

// waitProfileOf converts a goroutine listing to a profile: one sample per goroutine, whose value is its waiting time.
func waitProfileOf(text []byte, now time.Time) ([]byte, error) {
	goroutines, unknown := parseGoroutines(text)
	w := newWaitWriter(now)
	for _, g := range goroutines {
		w.add(&g)
	}
	if unknown > 0 {
		w.comment(fmt.Sprintf("error: %d goroutines could not be read", unknown))
	}
	return merge.Compress(w.finish(), merge.Output{})
}
