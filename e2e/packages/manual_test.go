// Package packages tests what is installed beside the programs: man pages and completions against the real options of the command, the
// packages, the archives.
package packages

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/google/pprof/profile"
)

func command(t *testing.T) string { return built.Program(t, "CMEMPROF_COMMAND", "cmemprof") }

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ask runs the command and returns both of its streams, and whether it exited with 0.
func ask(t *testing.T, arguments ...string) (output string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, command(t), arguments...)
	c.Dir = t.TempDir()
	out, err := c.CombinedOutput()
	return string(out), err == nil
}

// option is what a completion says of an option: whether a value follows, and which ones, if it says so.
type option struct {
	hasValue bool
	values   []string
}

var (
	fishOption = regexp.MustCompile(`(?m)^complete -c cmemprof -n '__fish_seen_subcommand_from (\w+)'((?: -[sl] \S+)+)(.*)$`)
	fishName   = regexp.MustCompile(` -([sl]) (\S+)`)
	fishValues = regexp.MustCompile(`^ -x -a '([^('][^']*)'`)
)

// completed returns the options that fish's completion has, by command and name with dashes.
func completed(t *testing.T) map[string]map[string]option {
	t.Helper()
	commands := map[string]map[string]option{}
	for _, m := range fishOption.FindAllStringSubmatch(read(t, "build", "manual", "completions", "cmemprof.fish"), -1) {
		if commands[m[1]] == nil {
			commands[m[1]] = map[string]option{}
		}
		o := option{hasValue: strings.HasPrefix(m[3], " -x") || strings.HasPrefix(m[3], " -r")}
		if values := fishValues.FindStringSubmatch(m[3]); values != nil {
			o.values = strings.Fields(values[1])
		}
		for _, name := range fishName.FindAllStringSubmatch(m[2], -1) {
			dashes := map[string]string{"s": "-", "l": "--"}[name[1]]
			commands[m[1]][dashes+name[2]] = o
		}
	}
	return commands
}

// documentedCommands are those that `cmemprof --help` lists, except the two without options.
func documentedCommands(t *testing.T) []string {
	t.Helper()
	text, _ := ask(t, "--help")
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z]+) `).FindAllStringSubmatch(text, -1) {
		if m[1] != "version" && m[1] != "help" {
			names = append(names, m[1])
		}
	}
	if len(names) < 8 {
		t.Fatalf("cmemprof --help lists %q", names)
	}
	return names
}

func keys[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// TestCompletedOptionsAreReal: the command knows each option that is completed, and wants a value where one is completed and only there.
func TestCompletedOptionsAreReal(t *testing.T) {
	commands := completed(t)
	for _, name := range documentedCommands(t) {
		if len(commands[name]) < 3 {
			t.Errorf("%s: only %d options are completed", name, len(commands[name]))
		}
		for _, flag := range keys(commands[name]) {
			if flag == "-h" || flag == "--help" {
				if text, ok := ask(t, name, flag); !ok || !strings.HasPrefix(text, "usage: cmemprof "+name+" ") {
					t.Errorf("%s %s: %s", name, flag, text)
				}
			} else if commands[name][flag].hasValue {
				if text, _ := ask(t, name, flag); !strings.Contains(text, flag+" needs a value") {
					t.Errorf("%s %s: a value is completed, and the command says %q", name, flag, text)
				}
			} else if text, _ := ask(t, name, flag, "--no-such-option"); !strings.Contains(text, "unknown option --no-such-option") {
				t.Errorf("%s %s: no value is completed, and the command says %q", name, flag, text)
			}
		}
	}
}

// likePprof are the options of top and diff that are there because go tool pprof has them: the help says how they are called here.
var likePprof = strings.Fields("sample_index inuse_space inuse_objects alloc_space alloc_objects tagroot functions filefunctions files nodecount top text")

// sourcesOf are the files with the options of a command, the tables that commands share included.
var sourcesOf = map[string][]string{
	"run":       {"run/run_options.c"},
	"receiver":  {"serve/receiver_options.c"},
	"memory":    {"memory_command.c"},
	"top":       {"report/table_rules.h"},
	"diff":      {"report/table_rules.h", "base/options.c"},
	"merge":     {"merge_command.c", "base/options.c"},
	"delta":     {"delta_command.c", "base/options.c"},
	"suspects":  {"suspects_command.c"},
	"symbolize": {"symbolize_command.c", "base/options.c"},
	"convert":   {"convert_command.c", "base/options.c"},
	"view":      {"view_command.c"},
	"report":    {"report_command.c"},
	"mcp":       {"mcp_command.c"},
	"owners":    {"report/table_rules.h"},
	"tree":      {"report/table_rules.h"},
	"peek":      {"report/table_rules.h"},
	"list":      {"report/table_rules.h"},
	"disasm":    {"report/table_rules.h"},
}

// isReport are the commands that are one report of top: they refuse the options of others.
var isReport = map[string]bool{"owners": true, "tree": true, "peek": true, "list": true, "disasm": true}

func refuses(t *testing.T, name, long string) bool {
	pairs := filepath.Join(t.TempDir(), "pairs")
	if err := os.WriteFile(pairs, []byte("img_new img_free\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"type": "cpu", "memory": "C", "by": "line", "diff_base": "x", "base": "x", "depth": "1", "peek": "x", "list": "x", "disasm": "x", "debug-dir": ".", "fail-if": "cpu>1",
		"summary": "junit:x", "group-by": "x", "gauges": "sum", "lines": "1", "interval": "2s", "count": "1", "source_path": "x", "trim_path": "x", "pairs": pairs}
	arguments := []string{name, "--" + long}
	if value := values[long]; value != "" {
		arguments = append(arguments, value)
	}
	text, ok := ask(t, append(arguments, "x", "x")...)
	return !ok && regexp.MustCompile(`does not apply|exclude each other|there is no base|is of the rules|is of --live|only one --peek, --list or --disasm`).MatchString(text)
}

// TestRealOptionsAreCompleted reads the tables that the command parses its options by.
func TestRealOptionsAreCompleted(t *testing.T) {
	row := regexp.MustCompile(`(?:\{"([a-z_-]+)", (?:no|required)_argument|X\([A-Z_]+, "([a-z_-]+)", (?:true|false),)`)
	help := map[string]bool{}
	for _, name := range likePprof {
		help[name] = true
	}
	// What applies to one profile only, and diff refuses with a message that says so.
	ofOneProfile := map[string]bool{}
	for _, name := range strings.Fields("diff_base base peek tree list disasm debug-dir traces raw tags owners pairs live interval count source_path trim_path gauges") {
		ofOneProfile[name] = true
	}
	commands := completed(t)
	for _, name := range documentedCommands(t) {
		count := 0
		for _, source := range sourcesOf[name] {
			for _, m := range row.FindAllStringSubmatch(read(t, "command", source), -1) {
				long := m[1] + m[2]
				count++
				_, isThere := commands[name]["--"+long]
				if !isThere && long != "h" && !help[long] && !(name == "diff" && ofOneProfile[long]) && !(isReport[name] && (long == name || refuses(t, name, long))) {
					t.Errorf("%s --%s is not completed", name, long)
				}
			}
		}
		if count == 0 {
			t.Errorf("%s: %d options found in %q", name, count, sourcesOf[name])
		}
	}
}

// TestShellsCompleteTheSame: each shell's script has the same options.
func TestShellsCompleteTheSame(t *testing.T) {
	bash := read(t, "build", "manual", "completions", "cmemprof")
	zsh := read(t, "build", "manual", "completions", "_cmemprof")
	bashOptions := regexp.MustCompile(`(?m)^    (\w+)\)\n        options='([^']*)'`)
	zshCommand := regexp.MustCompile(`(?m)^        (\w+)\)\n((?:            _arguments|                ).*\n)+`)
	zshOption := regexp.MustCompile(`(?:'\*|[{,])(--?[a-z][a-z_-]*)`)
	inBash, inZsh := map[string][]string{}, map[string][]string{}
	for _, m := range bashOptions.FindAllStringSubmatch(bash, -1) {
		inBash[m[1]] = strings.Fields(m[2])
	}
	for _, m := range zshCommand.FindAllStringSubmatch(zsh, -1) {
		for _, o := range zshOption.FindAllStringSubmatch(m[0], -1) {
			inZsh[m[1]] = append(inZsh[m[1]], o[1])
		}
	}
	for name, options := range completed(t) {
		want := strings.Join(keys(options), " ")
		for shell, got := range map[string][]string{"bash": inBash[name], "zsh": inZsh[name]} {
			sort.Strings(got)
			if text := strings.Join(got, " "); text != want {
				t.Errorf("%s: %s completes\n%s\nfish\n%s", name, shell, text, want)
			}
		}
	}
}

// TestCompletedValuesAreReal: the command takes each word that is completed, its help has it, and another one is refused.
func TestCompletedValuesAreReal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.pprof")
	p := &profile.Profile{Sample: []*profile.Sample{{}}}
	for _, name := range []string{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space", "cpu"} {
		unit := map[bool]string{true: "bytes", false: "count"}[strings.HasSuffix(name, "space")]
		if name == "cpu" {
			unit = "nanoseconds"
		}
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: name, Unit: unit})
		p.Sample[0].Value = append(p.Sample[0].Value, 1000)
	}
	out, err := os.Create(file)
	if err == nil {
		err = p.Write(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	out.Close()
	arguments := map[string][]string{"top": {file}, "diff": {file, file}, "merge": {"-o", os.DevNull, file}, "delta": {"-o", os.DevNull, file, file}, "symbolize": {"--binary", command(t), "-o", os.DevNull, file}, "convert": {"-o", os.DevNull, recording(t)}, "owners": {file}, "tree": {file}, "peek": {"x", file}, "list": {"x", file}, "disasm": {"x", file}, "run": {"--", "true"}, "receiver": {"--help"}}
	counted := 0
	for name, options := range completed(t) {
		help, _ := ask(t, name, "--help")
		for flag, o := range options {
			for _, value := range o.values {
				counted++
				before := []string{name, flag, value}
				if name == "convert" && flag == "--type" {
					continue // no recording has all of them; command/test/convert_command_test.c has some
				}
				if name == "owners" && flag == "--unit" {
					// it is of bytes
				} else if flag == "--unit" && strings.ContainsAny(value[len(value)-1:], "snh") { // of time
					before = append(before, "--type", "cpu")
				} else if flag == "--unit" {
					before = append(before, "--type", "inuse_space")
				}
				if flag == "--compression" && name == "diff" {
					before = append(before, "-o", os.DevNull)
				}
				// The profile has no function.
				if text, ok := ask(t, append(before, arguments[name]...)...); !ok && !(isReport[name] && strings.Contains(text, "no selected sample has a matching function")) {
					t.Errorf("%s %s %s is completed, and refused: %s", name, flag, value, text)
				}
				if !regexp.MustCompile(`\b` + value + `\b`).MatchString(help) {
					t.Errorf("%s %s %s is not in the help", name, flag, value)
				}
			}
			if len(o.values) > 0 {
				if text, ok := ask(t, append([]string{name, flag, "bread"}, arguments[name]...)...); ok {
					t.Errorf("%s %s bread is taken, so that this test cannot fail: %s", name, flag, text)
				}
			}
		}
	}
	if counted < 50 {
		t.Errorf("only %d values are completed", counted)
	}
}

// TestBashCompletes runs the script in bash.
func TestBashCompletes(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a b.pprof", "*.pprof"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	script, _ := filepath.Abs("../../build/manual/completions/cmemprof")
	for _, c := range []struct {
		words []string // the last one is completed
		want  string
	}{
		{[]string{"me"}, "memory|merge"},
		{[]string{"--v"}, "--version"},
		{[]string{"top", "--ow"}, "--owner|--owners"},
		{[]string{"top", "--owner", ""}, "program|cmemprof"},
		{[]string{"top", "--owner", "=", "p"}, "program"},
		{[]string{"top", "--owner", "="}, "program|cmemprof"},
		{[]string{"top", "--lines", ""}, ""},
		{[]string{"top", ""}, "*.pprof|a b.pprof|folder"},
		{[]string{"top", "a"}, "a b.pprof"},
		{[]string{"receiver", ""}, ""},
		{[]string{"receiver", "--data", ""}, "folder"},
		{[]string{"help", "sy"}, "symbolize"},
		{[]string{"help", "top", ""}, ""},
		{[]string{"run", "--si"}, "--signal"},
		{[]string{"run", "--signal", "U"}, "USR1|USR2"},
		{[]string{"run", "--signal", "USR1", "cmemprof-prog"}, "cmemprof-program"},
		{[]string{"run", "--output", "=", "x", "--", "cmemprof-prog"}, "cmemprof-program"},
		{[]string{"run", "prog", "--signal", ""}, "*.pprof|a b.pprof|folder"}, // the program's own
		{[]string{"run", "--", "prog", "a"}, "a b.pprof"},
		{[]string{"version", ""}, ""},
	} {
		code := `source "$0"; cmemprof-program() { :; }; COMP_WORDS=(cmemprof "$@"); COMP_CWORD=$#; _cmemprof 2>/dev/null; IFS='|'; echo "${COMPREPLY[*]}"`
		c2 := exec.Command("bash", append([]string{"--norc", "-c", code, script}, c.words...)...)
		c2.Dir = folder
		c2.Env = append(os.Environ(), "LC_ALL=C")
		out, err := c2.CombinedOutput()
		got := strings.Split(strings.TrimRight(string(out), "\n"), "|")
		sort.Strings(got)
		want := strings.Split(c.want, "|")
		sort.Strings(want)
		if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q: %q (%v), want %q", c.words, got, err, want)
		}
	}
	pids := exec.Command("bash", "--norc", "-c", `source "$0"; COMP_WORDS=(cmemprof memory ""); COMP_CWORD=2; _cmemprof; printf '%s\n' "${COMPREPLY[@]}" | grep -x $$`, script)
	if out, err := pids.CombinedOutput(); err != nil {
		t.Errorf("memory: bash's own process is not completed: %v %s", err, out)
	}
}

// TestManPages: there is one for each command, with each of its options and nothing else, and they refer to each other only.
func TestManPages(t *testing.T) {
	commands := completed(t)
	item := regexp.MustCompile(`(?m)^\.It( Fl .*)$`)
	flag := regexp.MustCompile(` Fl (\S+)`)
	for _, name := range documentedCommands(t) {
		page := read(t, "build", "manual", "man", "cmemprof-"+name+".1")
		got := map[string]bool{}
		for _, m := range item.FindAllStringSubmatch(page, -1) {
			for _, f := range flag.FindAllStringSubmatch(m[1], -1) {
				got["-"+strings.ReplaceAll(f[1], `\-`, "-")] = true
			}
		}
		for option := range commands[name] {
			// Of run and receiver the help does not list it; an opposite stands beside its option.
			if !got[option] && option != "-h" && option != "--help" && !strings.Contains(page, strings.ReplaceAll(option, "-", `\-`)) {
				t.Errorf("cmemprof-%s(1) lacks %s", name, option)
			}
		}
		for option := range got {
			if _, ok := commands[name][option]; !ok {
				t.Errorf("cmemprof-%s(1) has %s, which is not an option", name, option)
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^\.Xr (cmemprof\S*) 1`).FindAllStringSubmatch(page, -1) {
			read(t, "build", "manual", "man", m[1]+".1")
		}
	}
	version, _ := ask(t, "version")
	if page := read(t, "build", "manual", "man", "cmemprof.1"); !strings.Contains(page, ".Os "+strings.TrimSpace(version)+"\n") {
		t.Errorf("cmemprof(1) is not of %s", version)
	}
}

// TestServiceOptions: the command knows the options that the service gives it.
func TestServiceOptions(t *testing.T) {
	unit := read(t, "packaging", "systemd", "cmemprof-receiver.service")
	m := regexp.MustCompile(`(?m)^ExecStart=@BINDIR@/cmemprof (receiver .*) \$OPTIONS$`).FindStringSubmatch(unit)
	if m == nil {
		t.Fatal("the service has no such ExecStart")
	}
	options := completed(t)["receiver"]
	for _, word := range strings.Fields(m[1]) {
		if _, ok := options[word]; strings.HasPrefix(word, "-") && !ok {
			t.Errorf("%s is not an option of the receiver", word)
		}
	}
}

// recording returns the file of dd-java-agent's recording among the captures.
func recording(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("../../testdata/captures/java-gzip/0002-POST-profiling_v1_input/body.bin")
	if err != nil {
		t.Fatal(err)
	}
	boundary, _, _ := strings.Cut(string(body), "\r\n")
	for _, part := range strings.Split(string(body), "\r\n"+boundary) {
		if head, content, found := strings.Cut(part, "\r\n\r\n"); found && strings.Contains(head, "main.jfr") {
			file := filepath.Join(t.TempDir(), "main.jfr")
			if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			return file
		}
	}
	t.Fatal("the capture has no recording")
	return ""
}
