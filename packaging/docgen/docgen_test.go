package main

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

const mainHelp = `usage: tool COMMAND [OPTIONS]

  brew     make a drink
  version  print the version
  help     print this text

tool -OPTION... FILE means tool brew -OPTION... FILE.
`

const brewHelp = `usage: cmemprof brew --kind NAME | --list FILE [OPTIONS] [--] CUP...

Makes a drink. One paragraph
goes over two lines.

  -o, --output FILE    file to write; - is standard output
      --by THING       stack (default), line
  --hot|--cold
`

func parsed(t *testing.T, text string) command {
	t.Helper()
	c := command{name: "brew", summary: "make a drink"}
	if err := c.parse(text); err != nil {
		t.Fatal(err)
	}
	return c
}

const goodHelp = `usage: cmemprof brew [OPTIONS] FILE...

Makes a drink. One paragraph
goes over two lines.

  -o, --output FILE    file to write; - is standard output
  --hide REGEX         drop these; --show REGEX: keep these
  --tagfocus KEY=REGEX only such. A second
                       sentence (--flat)
  --send FILE, --read FILE
                       two files
Instead of a drink:
  --water              plain 'water'.
  -h, --help           this text

A last word.
Exit status: 0 done, 1 failed.
`

func TestParse(t *testing.T) {
	c := parsed(t, goodHelp)
	if want := []string{"Makes a drink. One paragraph goes over two lines."}; !reflect.DeepEqual(c.paragraphs, want) {
		t.Errorf("paragraphs %q", c.paragraphs)
	}
	if want := []string{"A last word.", "Exit status: 0 done, 1 failed."}; !reflect.DeepEqual(c.after, want) {
		t.Errorf("after %q", c.after)
	}
	if len(c.blocks) != 2 || c.blocks[1].heading != "Instead of a drink:" || len(c.blocks[1].options) != 2 {
		t.Errorf("blocks %+v", c.blocks)
	}
	var got []string
	for _, o := range c.all() {
		got = append(got, strings.Join(o.names, ",")+" "+o.value+" "+o.text)
	}
	want := []string{
		"-o,--output FILE file to write; - is standard output",
		"--hide REGEX drop these",
		"--show REGEX keep these",
		"--tagfocus KEY=REGEX only such. A second sentence (--flat)",
		"--send FILE two files",
		"--read FILE two files",
		"--water  plain 'water'.",
		"-h,--help  print the options",
		"--flat  opposite of --tagfocus",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("options\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no options":         "usage: cmemprof brew FILE\n\nMakes a drink.\n",
		"another command":    "usage: cmemprof cook FILE\n",
		"no name":            brewHelp,
		"a name with spaces": "usage: cmemprof brew\n\n  --a b c\n",
	} {
		c := command{name: "brew"}
		if c.parse(text) == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if _, err := parseMain("usage: tool\n"); err == nil {
		t.Error("a help without commands")
	}
}

func TestParseMain(t *testing.T) {
	tool, err := parseMain(mainHelp)
	if err != nil || len(tool.commands) != 3 || tool.commands[0].own || !tool.commands[2].own || !strings.HasPrefix(tool.epilogue, "tool -OPTION") {
		t.Errorf("%v %+v", err, tool)
	}
}

func TestManPage(t *testing.T) {
	page, err := manPage(tool{version: "1.2.3"}, parsed(t, goodHelp), "More of it.\n.Sh EXAMPLES\n.Dl brew\n", time.Unix(0, 0).UTC())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		".Dd January 1, 1970\n.Dt CMEMPROF-BREW 1\n.Os cmemprof 1.2.3\n",
		".Sh SYNOPSIS\n.Nm cmemprof brew\n.Op Ar OPTIONS\n.Ar FILE...\n.Sh DESCRIPTION\nMakes a drink.\nOne paragraph goes over two lines.\n.Pp\nA last word.\n.Pp\nMore of it.\n",
		".It Fl o , Fl \\-output Ar FILE\nfile to write; \\- is standard output\n.It Fl \\-hide Ar REGEX\n",
		".El\n.Pp\nInstead of a drink:\n.Bl",
		"plain \\(aqwater\\(aq.\n",
		".Sh EXIT STATUS\nThe status is 0: done, 1: failed.\n.Sh EXAMPLES\n.Dl brew\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if _, err := manPage(tool{}, parsed(t, goodHelp), ".Sh EXAMPELS\n", time.Unix(0, 0)); err == nil {
		t.Error("a section with another name is taken")
	}
}

func TestSynopsis(t *testing.T) {
	got := synopsis("--kind NAME | --list FILE [OPTIONS] [--] PID")
	want := ".Fl \\-kind Ar NAME\n|\n.Fl \\-list Ar FILE\n.Op Ar OPTIONS\n.Op Fl \\-\n.Ar \\&PID\n"
	if got != want {
		t.Errorf("%q", got)
	}
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		`.hidden\n`:      `\&.hidden\en`,
		"FILE.1, ... if": "FILE.1, ... if\n",
		"One. Two.":      "One.\nTwo.\n",
	} {
		got := roff(text)
		if strings.HasSuffix(want, "\n") {
			got = sentences(text)
		}
		if got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := argument("Ar"); got != `\&Ar` {
		t.Errorf("the name of a macro: %q", got)
	}
}

func TestShort(t *testing.T) {
	for text, want := range map[string]string{
		"what to keep: an age (12h, 7d), a size; default 30d": "what to keep: an age, a size",
		"write FILE.1, FILE.2, ... when asked":                "write FILE.1, FILE.2, ... when asked",
		"a row each (by tenant). With --by: more":             "a row each",
	} {
		if got := short(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestCompletions: what each shell is told of one option of each kind.
func TestCompletions(t *testing.T) {
	c := parsed(t, "usage: cmemprof brew [OPTIONS] FILE...\n\n  -o, --output FILE  it's a file\n  --data DIR         where\n  --by THING         by\n  --level N          how much\n  --json             no value\n")
	for _, shell := range []struct {
		script string
		wants  []string
	}{
		{bashCompletion(tool{commands: []command{c}}), []string{
			"options='-o --output --data --by --level --json -h --help'", "-o | --output) kind=value-files", "--data) kind=value-folders",
			"--by) COMPREPLY=($(compgen -W 'stack function line file package'", "--level) return"}},
		{zshCompletion(tool{commands: []command{c}}), []string{
			`'(-o --output)'{-o+,--output=}'[it'\''s a file]:file:_files'`, `'*--data=[where]:dir:_files -/'`,
			"'*--by=[by]:thing:(stack function line file package)'", "'*--level=[how much]:n:'", "'*--json[no value]'", "'*:file:_files'"}},
		{fishCompletion(tool{commands: []command{c}}), []string{
			`-s o -l output -r -F -d 'it\'s a file'`, "-l data -x -a '(__fish_complete_directories)'", "-l by -x -a 'stack function line file package'",
			"-l level -x -d", "-l json -d", "' -F\n"}},
	} {
		for _, want := range shell.wants {
			if !strings.Contains(shell.script, want) {
				t.Errorf("no %q in\n%s", want, shell.script)
			}
		}
	}
}
