package main

import (
	"regexp"
	"strings"
)

// values are the words that an option takes, where it takes only these, or these are the usual ones. Every word is in the option's help, and the
// test of the packages gives each to the program.
var values = map[string]string{
	"--memory":      "C Go",
	"--owner":       "program cmemprof",
	"--by":          "stack function line file package",
	"--by GROUP":    "function line file package",
	"--type":        "inuse_space inuse_objects alloc_space alloc_objects cpu",
	"--type KIND":   "cpu wall allocation heap-live lock exception file-io socket-io class-load native-wall native-allocation",
	"--to":          "pprof otlp folded speedscope json csv svg png html",
	"--unit":        "B kB MB GB KiB MiB GiB ns us ms s min h",
	"--unit BYTES":  "B kB MB GB KiB MiB GiB",
	"--compression": "gzip zstd none",
	"--gauges":      "mean last max sum",
	"--compat":      "fastdelta pprof",
	"--signal":      "USR1 USR2",
	"--confine":     "on must off",
}

type kind int

const (
	nothing kind = iota // nobody can know it: a number, a pattern
	words
	file
	folder
)

// completes returns how the value of an option is completed.
func (o option) completes() (kind, []string) {
	name := o.names[len(o.names)-1]
	if list, ok := values[name+" "+o.value]; ok {
		return words, strings.Fields(list)
	}
	if list, ok := values[name]; ok {
		return words, strings.Fields(list)
	}
	switch o.value {
	case "FILE":
		return file, nil
	case "DIR":
		return folder, nil
	}
	return nothing, nil
}

// operands is what a command takes beside options: "FILE", "PID", "PROGRAM", or "".
func (c command) operands() string {
	fields := strings.Fields(strings.NewReplacer("...", "", "[", "", "]", "", "--binary FILE | --debug-dir DIR", "").Replace(c.arguments))
	for _, f := range fields {
		switch f {
		case "PID", "PROGRAM":
			return f
		case "FILE", "BASE", "OLD", "PROFILE":
			return "FILE"
		}
	}
	return ""
}

var inParentheses = regexp.MustCompile(` \([^)]*\)`)

// short returns the start of a description, without what is in parentheses, for a menu.
func short(text string) string {
	text = inParentheses.ReplaceAllString(text, "")
	if at := sentenceEnd.FindStringIndex(text); at != nil {
		text = text[:at[0]+1]
	}
	text, _, _ = strings.Cut(text, "; ")
	return text
}
