package main

import (
	"fmt"
	"regexp"
	"strings"
)

// tool is cmemprof as its help describes it.
type tool struct {
	version  string
	commands []command // those with options
	small    []command // version and help
	epilogue string    // last paragraph of the help
}

type command struct {
	name, summary string
	own           bool // without a help of its own
	arguments     string
	paragraphs    []string // before the options
	blocks        []block
	after         []string // paragraphs behind the options
}

// block is options with a line of text above, if that is not "".
type block struct {
	heading string
	options []option
}

// option is one entry of the list, which may have several names: -o, --output FILE.
type option struct {
	names []string // with their dashes
	value string   // "": none
	text  string
	inner []option // options that the text describes: "...; --show REGEX: keep only those"
}

var (
	commandLine = regexp.MustCompile(`^  ([a-z]+) +(.+)$`)
	optionStart = regexp.MustCompile(`^ {2,6}-`)
	textColumn  = regexp.MustCompile(`^ {2,6}-.*?[^ ] {2,}(\S)`)
	oneName     = regexp.MustCompile(`^(--?[a-zA-Z][a-z_-]*)(?: (\S+))?$`)
	innerOption = regexp.MustCompile(`^(--[a-z_-]+)(?: ([A-Z=]+))?: (.+)$`)
)

func parseMain(text string) (tool, error) {
	var t tool
	for _, line := range strings.Split(text, "\n") {
		if m := commandLine.FindStringSubmatch(line); m != nil {
			t.commands = append(t.commands, command{name: m[1], summary: m[2], own: m[1] == "version" || m[1] == "help"})
		} else if line != "" && !strings.HasPrefix(line, "usage: ") {
			t.epilogue = strings.TrimSpace(t.epilogue + " " + line)
		}
	}
	if len(t.commands) < 3 {
		return t, fmt.Errorf("cmemprof --help lists %d commands", len(t.commands))
	}
	return t, nil
}

// overview is the command of the page cmemprof(1).
func (t tool) overview() command {
	return command{summary: "profile the C memory of programs, and read profiles", arguments: "COMMAND [OPTIONS]", after: []string{t.epilogue}}
}

func (c *command) parse(text string) error {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	usage := "usage: cmemprof " + c.name + " "
	if !strings.HasPrefix(lines[0], usage) {
		return fmt.Errorf("cmemprof %s --help begins with %q", c.name, lines[0])
	}
	c.arguments = strings.TrimPrefix(lines[0], usage)
	column := textStart(lines)
	inList, began := false, false // inside of the list; the paragraph goes on
	for _, line := range lines[1:] {
		switch {
		case line == "":
			inList, began = false, false
		case optionStart.MatchString(line):
			if len(c.blocks) == 0 {
				c.blocks = append(c.blocks, block{})
			}
			o, err := parseOption(line, column)
			if err != nil {
				return err
			}
			last := &c.blocks[len(c.blocks)-1]
			last.options = append(last.options, o)
			inList = true
		case inList && strings.HasPrefix(line, "   "): // the option's text goes on
			options := c.blocks[len(c.blocks)-1].options
			o := &options[len(options)-1]
			o.text = strings.TrimSpace(o.text + " " + strings.TrimSpace(line))
		case inList:
			c.blocks = append(c.blocks, block{heading: line})
		default:
			where := &c.paragraphs
			if len(c.blocks) > 0 {
				where = &c.after
			}
			if !began || strings.HasPrefix(line, "Exit status: ") {
				*where = append(*where, line)
			} else {
				(*where)[len(*where)-1] += " " + line
			}
			began = true
		}
	}
	if len(c.blocks) == 0 {
		return fmt.Errorf("cmemprof %s --help lists no options", c.name)
	}
	for i := range c.blocks {
		for j := range c.blocks[i].options {
			c.blocks[i].options[j].splitInner()
		}
	}
	return nil
}

// textStart returns the column at which the texts of most options begin.
func textStart(lines []string) int {
	counts, best := map[int]int{}, 0
	for _, line := range lines {
		if m := textColumn.FindStringSubmatchIndex(line); m != nil {
			counts[m[2]]++
			if counts[m[2]] > counts[best] {
				best = m[2]
			}
		}
	}
	return best
}

func parseOption(line string, column int) (option, error) {
	head, text := line, ""
	if len(line) > column && line[column-1] == ' ' {
		head, text = line[:column], line[column:]
	}
	o := option{text: text}
	for _, name := range strings.Split(strings.TrimSpace(head), ", ") {
		m := oneName.FindStringSubmatch(name)
		if m == nil {
			return o, fmt.Errorf("not an option: %q", line)
		}
		o.names = append(o.names, m[1])
		if m[2] != "" {
			o.value = m[2]
		}
	}
	return o, nil
}

// splitInner takes options that stand in the text behind a semicolon, or at its start, as "KEY=REGEX ...; --tagignore KEY=REGEX: only samples without".
func (o *option) splitInner() {
	parts := strings.Split(o.text, "; ")
	kept := parts[:0]
	for _, part := range parts {
		if m := innerOption.FindStringSubmatch(part); m != nil {
			o.inner = append(o.inner, option{names: []string{m[1]}, value: m[2], text: m[3]})
		} else {
			kept = append(kept, part)
		}
	}
	o.text = strings.Join(kept, "; ")
	if o.text == "this text" {
		o.text = "print the options"
	}
}

var mentioned = regexp.MustCompile(`\((?:default: )?(--[a-z-]+)\)`)

// all returns every option with what it takes, one name or group of equal names each. Options that a text only mentions, as "(--flat)", come last.
func (c command) all() []option {
	var list []option
	known := map[string]bool{}
	add := func(o option) {
		if !known[o.names[0]] {
			known[o.names[0]] = true
			list = append(list, o)
		}
	}
	for _, b := range c.blocks {
		for _, o := range b.options {
			if len(o.names) > 1 && strings.HasPrefix(o.names[0], "--") { // not short and long, but two
				for _, name := range o.names {
					add(option{names: []string{name}, value: o.value, text: o.text})
				}
			} else {
				add(option{names: o.names, value: o.value, text: o.text})
			}
			for _, inner := range o.inner {
				add(inner)
			}
		}
	}
	for _, b := range c.blocks {
		for _, o := range b.options {
			for _, m := range mentioned.FindAllStringSubmatch(o.text, -1) {
				add(option{names: []string{m[1]}, text: "opposite of " + o.names[len(o.names)-1]})
			}
		}
	}
	if !known["-h"] {
		add(option{names: []string{"-h", "--help"}, text: "print the options"})
	}
	return list
}
