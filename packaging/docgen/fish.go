package main

import (
	"fmt"
	"strings"
)

func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}

func fishCompletion(t tool) string {
	var b strings.Builder
	b.WriteString(`# Completion of cmemprof for fish. Made by packaging/docgen from cmemprof's help.

complete -c cmemprof -f
complete -c cmemprof -n __fish_is_first_arg -s h -l help -d 'print the commands'
complete -c cmemprof -n __fish_is_first_arg -l version -d 'print the version'
`)
	for _, c := range append(append([]command{}, t.commands...), t.small...) {
		fmt.Fprintf(&b, "complete -c cmemprof -n __fish_is_first_arg -a %s -d %s\n", c.name, fishQuote(c.summary))
	}
	var names []string
	for _, c := range t.commands {
		names = append(names, c.name)
		seen := "complete -c cmemprof -n '__fish_seen_subcommand_from " + c.name + "'"
		for _, o := range c.all() {
			b.WriteString(seen)
			for _, name := range o.names {
				if long, ok := strings.CutPrefix(name, "--"); ok {
					b.WriteString(" -l " + long)
				} else {
					b.WriteString(" -s " + strings.TrimPrefix(name, "-"))
				}
			}
			if o.value != "" {
				how, list := o.completes()
				switch how {
				case words:
					b.WriteString(" -x -a " + fishQuote(strings.Join(list, " ")))
				case file:
					b.WriteString(" -r -F")
				case folder:
					b.WriteString(" -x -a '(__fish_complete_directories)'")
				default:
					b.WriteString(" -x")
				}
			}
			b.WriteString(" -d " + fishQuote(short(o.text)) + "\n")
		}
		switch c.operands() {
		case "FILE":
			b.WriteString(seen + " -F\n")
		case "PID":
			b.WriteString(seen + " -a '(__fish_complete_pids)'\n")
		case "PROGRAM":
			b.WriteString(seen + " -a '(__fish_complete_subcommand --commandline 3)'\n")
		}
	}
	fmt.Fprintf(&b, "complete -c cmemprof -n '__fish_seen_subcommand_from help' -a %s\n", fishQuote(strings.Join(names, " ")))
	return b.String()
}
