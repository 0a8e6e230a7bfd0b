package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// manPage returns the page of a command in mdoc(7): name, synopsis, description and options from its help, other sections from more, which has
// these in order and may begin with text for the description.
func manPage(t tool, c command, more string, date time.Time) (string, error) {
	name, usage := "cmemprof", "cmemprof"
	if c.name != "" {
		name, usage = name+"-"+c.name, usage+" "+c.name
	}
	description, sections, err := splitSections(more)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, ".\\\" Made by packaging/docgen from cmemprof's help and packaging/man.\n")
	fmt.Fprintf(&b, ".Dd %s\n.Dt %s 1\n.Os cmemprof %s\n", date.Format("January 2, 2006"), strings.ToUpper(name), t.version)
	fmt.Fprintf(&b, ".Sh NAME\n.Nm %s\n.Nd %s\n", name, roff(c.summary))
	fmt.Fprintf(&b, ".Sh SYNOPSIS\n.Nm %s\n%s.Sh DESCRIPTION\n", usage, synopsis(c.arguments))
	paragraphs := append([]string{}, c.paragraphs...)
	status := ""
	for _, text := range c.after {
		if rest, ok := strings.CutPrefix(text, "Exit status: "); ok {
			status = rest
		} else {
			paragraphs = append(paragraphs, text)
		}
	}
	if c.name == "" {
		b.WriteString(commandList(t))
	}
	for i, text := range paragraphs {
		if i > 0 || c.name == "" {
			b.WriteString(".Pp\n")
		}
		b.WriteString(sentences(text))
	}
	if description != "" {
		b.WriteString(".Pp\n" + description)
	}
	for i, block := range c.blocks {
		heading := "The options are:"
		if i > 0 {
			heading = block.heading
		}
		b.WriteString(".Pp\n" + sentences(heading) + optionList(block.options))
	}
	if status != "" {
		sections["EXIT STATUS"] = sentences("The status is " + statusNumber.ReplaceAllString(status, "$1: $2"))
	}
	for _, section := range sectionOrder {
		if text, ok := sections[section]; ok {
			fmt.Fprintf(&b, ".Sh %s\n%s", section, text)
		}
	}
	return b.String(), nil
}

var sectionOrder = []string{"ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"}

func splitSections(more string) (description string, sections map[string]string, err error) {
	parts := strings.Split("\n"+more, "\n.Sh ")
	sections = map[string]string{}
	for _, part := range parts[1:] {
		title, text, _ := strings.Cut(part, "\n")
		known := false
		for _, s := range sectionOrder {
			known = known || s == title
		}
		if !known {
			return "", nil, fmt.Errorf("section %q is not one of %q", title, sectionOrder)
		}
		sections[title] = strings.TrimRight(text, "\n") + "\n"
	}
	description = strings.TrimLeft(parts[0], "\n")
	if description != "" {
		description = strings.TrimRight(description, "\n") + "\n"
	}
	return description, sections, nil
}

func commandList(t tool) string {
	var b strings.Builder
	b.WriteString("The commands are:\n.Bl -tag -width symbolize\n")
	for _, c := range t.commands {
		fmt.Fprintf(&b, ".It Cm %s\n%s, see\n.Xr cmemprof-%s 1 .\n", c.name, roff(c.summary), c.name)
	}
	for _, c := range t.small {
		fmt.Fprintf(&b, ".It Cm %s\n%s.\n", c.name, roff(c.summary))
	}
	b.WriteString(".El\n")
	return b.String()
}

func optionList(options []option) string {
	var b strings.Builder
	b.WriteString(".Bl -tag -width Ds\n")
	one := func(o option) {
		b.WriteString(".It")
		for i, name := range o.names {
			if i > 0 {
				b.WriteString(" ,")
			}
			b.WriteString(" Fl " + argument(strings.TrimPrefix(name, "-")))
			if o.value != "" && (i == len(o.names)-1 || strings.HasPrefix(name, "--")) {
				b.WriteString(" Ar " + argument(o.value))
			}
		}
		b.WriteString("\n" + sentences(o.text))
	}
	for _, o := range options {
		one(o)
		for _, inner := range o.inner {
			one(inner)
		}
	}
	b.WriteString(".El\n")
	return b.String()
}

// synopsis returns what is behind the name: "[OPTIONS] [--] PROGRAM [ARGUMENTS]".
func synopsis(arguments string) string {
	var b strings.Builder
	words := strings.Fields(arguments)
	for i := 0; i < len(words); i++ {
		inside, optional := strings.CutPrefix(words[i], "[")
		inside = strings.TrimSuffix(inside, "]")
		flag, isFlag := strings.CutPrefix(inside, "-")
		switch {
		case inside == "|":
			b.WriteString("|\n")
			continue
		case optional && isFlag:
			b.WriteString(".Op Fl " + argument(flag))
		case optional:
			b.WriteString(".Op Ar " + argument(inside))
		case isFlag:
			b.WriteString(".Fl " + argument(flag))
			if i+1 < len(words) {
				i++
				b.WriteString(" Ar " + argument(words[i]))
			}
		default:
			b.WriteString(".Ar " + argument(inside))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// sentences returns text for a page, a sentence a line, as mdoc wants it.
func sentences(text string) string {
	return sentenceEnd.ReplaceAllString(roff(text), "$1.\n") + "\n"
}

var (
	sentenceEnd  = regexp.MustCompile(`([^.])\. `)
	statusNumber = regexp.MustCompile(`(\d) (\w)`)
)

var inText = strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`)

// roff escapes a line of text.
func roff(text string) string {
	text = inText.Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

var macroName = regexp.MustCompile(`^[A-Z%][a-zA-Z0-9]{1,2}$`)

// argument escapes a word on a macro line.
func argument(word string) string {
	word = inText.Replace(word)
	if macroName.MatchString(word) || strings.Trim(word, ".,;:()[]|?!") == "" {
		word = `\&` + word
	}
	return word
}
