package main

import (
	"fmt"
	"strings"
)

var zshText = strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`)

func zshCompletion(t tool) string {
	var b strings.Builder
	b.WriteString(`#compdef cmemprof
# Completion of cmemprof for zsh. Made by packaging/docgen from cmemprof's help.

_cmemprof() {
    local curcontext=$curcontext state line
    _arguments -C '(- *)'{-h,--help}'[print the commands]' '(- *)--version[print the version]' '1: :->command' '*:: :->arguments'
    case $state in
    command)
        local -a commands=(
`)
	for _, c := range append(append([]command{}, t.commands...), t.small...) {
		fmt.Fprintf(&b, "            '%s:%s'\n", c.name, strings.ReplaceAll(c.summary, "'", `'\''`))
	}
	b.WriteString("        )\n        _describe command commands\n        ;;\n    arguments)\n        case $words[1] in\n")
	for _, c := range t.commands {
		fmt.Fprintf(&b, "        %s)\n            _arguments -S", c.name)
		for _, o := range c.all() {
			b.WriteString(" \\\n                " + zshOption(o))
		}
		switch c.operands() {
		case "FILE":
			b.WriteString(" \\\n                '*:file:_files'")
		case "PID":
			b.WriteString(" \\\n                '1:process:_pids'")
		case "PROGRAM":
			b.WriteString(" \\\n                '(-)1:program:_command_names -e' \\\n                '*::arguments:_normal'")
		}
		b.WriteString("\n            ;;\n")
	}
	var names []string
	for _, c := range t.commands {
		names = append(names, c.name)
	}
	fmt.Fprintf(&b, "        help) _arguments '1:command:(%s)' ;;\n        esac\n        ;;\n    esac\n}\n\n_cmemprof \"$@\"\n", strings.Join(names, " "))
	return b.String()
}

func zshOption(o option) string {
	text := "[" + zshText.Replace(short(o.text)) + "]"
	if o.value != "" {
		how, list := o.completes()
		text += ":" + zshText.Replace(strings.ToLower(o.value)) + ":"
		switch how {
		case words:
			text += "(" + strings.Join(list, " ") + ")"
		case file:
			text += "_files"
		case folder:
			text += "_files -/"
		}
	}
	if len(o.names) == 1 {
		name := o.names[0]
		if o.value != "" {
			name += "="
		}
		return "'*" + name + text + "'"
	}
	short, long := o.names[0], o.names[1]
	if o.value != "" {
		short, long = short+"+", long+"="
	}
	return fmt.Sprintf("'(%s)'{%s,%s}'%s'", strings.Join(o.names, " "), short, long, text)
}
