// Command docgen writes the man pages of cmemprof and its completions for bash, zsh and fish, from what `cmemprof --help` prints. So neither
// can name an option that is not there, or lack one that is.
//
//	docgen PROGRAM MANUAL OUTPUT
//
// PROGRAM is the built cmemprof. MANUAL is a folder with, for each command, what a page has beyond the help: sections in mdoc(7). The pages
// have the date of SOURCE_DATE_EPOCH, so that they are the same bytes each time.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: docgen PROGRAM MANUAL OUTPUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run(program, manual, output string) error {
	tool, err := readTool(program)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	files := map[string]string{
		"completions/cmemprof":      bashCompletion(tool),
		"completions/_cmemprof":     zshCompletion(tool),
		"completions/cmemprof.fish": fishCompletion(tool),
	}
	for _, c := range append([]command{tool.overview()}, tool.commands...) {
		name := "cmemprof"
		if c.name != "" {
			name += "-" + c.name
		}
		more, err := os.ReadFile(filepath.Join(manual, name+".mdoc"))
		if err != nil {
			return err
		}
		if files["man/"+name+".1"], err = manPage(tool, c, string(more), time.Unix(seconds, 0).UTC()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, text := range files {
		path := filepath.Join(output, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// readTool asks the program for its commands and options.
func readTool(program string) (tool, error) {
	ask := func(arguments ...string) (string, error) {
		out, err := exec.Command(program, arguments...).Output()
		return string(out), err
	}
	version, err := ask("version")
	if err != nil {
		return tool{}, err
	}
	main, err := ask("--help")
	if err != nil {
		return tool{}, err
	}
	t, err := parseMain(main)
	t.version = strings.TrimSpace(strings.TrimPrefix(version, "cmemprof "))
	for i := range t.commands {
		c := &t.commands[i]
		if c.own { // version, help
			continue
		}
		text, askErr := ask(c.name, "--help")
		if askErr != nil {
			return tool{}, askErr
		}
		if err == nil {
			err = c.parse(text)
		}
	}
	if err != nil {
		return tool{}, err
	}
	documented := t.commands[:0]
	for _, c := range t.commands {
		if c.own {
			t.small = append(t.small, c)
		} else {
			documented = append(documented, c)
		}
	}
	t.commands = documented
	return t, nil
}
