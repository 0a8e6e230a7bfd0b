package main

import (
	"fmt"
	"strings"
)

// bashCompletion returns a script that needs nothing but bash.
func bashCompletion(t tool) string {
	var b strings.Builder
	b.WriteString(`# Completion of cmemprof for bash. Made by packaging/docgen from cmemprof's help.

_cmemprof() {
    local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} i
    local options= kind=files
    # --option=value is three words here.
    if [[ $word == = ]]; then
        word=
    elif [[ $option == = ]]; then
        option=${COMP_WORDS[COMP_CWORD-2]}
    fi
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
`)
	names := []string{}
	for _, c := range append(append([]command{}, t.commands...), t.small...) {
		names = append(names, c.name)
	}
	fmt.Fprintf(&b, "        COMPREPLY=($(compgen -W '%s --help --version' -- \"$word\"))\n        return\n    fi\n", strings.Join(names, " "))
	b.WriteString("    case $command in\n")
	for _, c := range t.commands {
		fmt.Fprintf(&b, "    %s)\n        options='%s'\n", c.name, strings.Join(allNames(c), " "))
		switch c.operands() {
		case "PID":
			b.WriteString("        kind=processes\n")
		case "PROGRAM":
			b.WriteString(bashProgram(c))
		case "":
			b.WriteString("        kind=nothing\n")
		}
		b.WriteString("        case $option in\n")
		for _, o := range c.all() {
			if o.value == "" {
				continue
			}
			how, list := o.completes()
			switch how {
			case words:
				fmt.Fprintf(&b, "        %s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", strings.Join(o.names, " | "), strings.Join(list, " "))
			case file:
				fmt.Fprintf(&b, "        %s) kind=value-files ;;\n", strings.Join(o.names, " | "))
			case folder:
				fmt.Fprintf(&b, "        %s) kind=value-folders ;;\n", strings.Join(o.names, " | "))
			default:
				fmt.Fprintf(&b, "        %s) return ;;\n", strings.Join(o.names, " | "))
			}
		}
		b.WriteString("        esac\n        ;;\n")
	}
	fmt.Fprintf(&b, "    help)\n        ((COMP_CWORD > 2)) || COMPREPLY=($(compgen -W '%s' -- \"$word\"))\n        return\n        ;;\n    version) return ;;\n    esac\n", strings.Join(names, " "))
	b.WriteString(`    if [[ $word == -* && $kind != value-* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
        return
    fi
    case $kind in
    *files | *folders)
        compopt -o filenames
        if [[ $kind == *files ]]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -d -- "$word")
        fi
        ;;
    programs)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
        ;;
    processes) COMPREPLY=($(compgen -W "$(cd /proc && echo [0-9]*)" -- "$word")) ;;
    esac
}
complete -F _cmemprof cmemprof
`)
	return b.String()
}

// bashProgram: behind the first word that is neither an option nor the value of one, words are the program's.
func bashProgram(c command) string {
	var withValue []string
	for _, o := range c.all() {
		if o.value != "" {
			withValue = append(withValue, o.names...)
		}
	}
	return fmt.Sprintf(`        kind=programs
        for ((i = 2; i < COMP_CWORD; i++)); do
            case ${COMP_WORDS[i]} in
            %s) ((i++)); [[ ${COMP_WORDS[i]} != = ]] || ((i++)) ;;
            --) ((++i < COMP_CWORD)) && kind=files; options= option=; break ;;
            -*) ;;
            *) kind=files options= option=; break ;;
            esac
        done
`, strings.Join(withValue, " | "))
}

func allNames(c command) []string {
	var names []string
	for _, o := range c.all() {
		names = append(names, o.names...)
	}
	return names
}
