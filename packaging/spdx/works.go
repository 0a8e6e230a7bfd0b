package main

import (
	"fmt"
	"regexp"
	"strings"
)

type use int

const (
	linked use = iota // into services
	loaded            // by the command when it runs
)

// work is an entry of THIRD_PARTY_LICENSES.
type work struct {
	name, version, licence string
	use                    use
}

var (
	entryLine = regexp.MustCompile(`^  (\S+)(?: (\S+))? {2,}(\S.*?)(?: {2,}.*)?$`)
	useOf     = map[string]use{"Linked": linked, "Loaded": loaded}
)

func parseWorks(text string) ([]work, error) {
	list, _, found := strings.Cut(text, "\n---")
	if !found {
		return nil, fmt.Errorf("the list of works does not end with a rule")
	}
	var works []work
	heading := ""
	for _, line := range strings.Split(list, "\n") {
		if m := entryLine.FindStringSubmatch(line); m != nil {
			first, _, _ := strings.Cut(heading, " ")
			how, ok := useOf[first]
			if !ok {
				return nil, fmt.Errorf("%s: what it is used for is not known: %q", m[1], heading)
			}
			works = append(works, work{m[1], m[2], m[3], how})
		} else if line != "" {
			heading = line
		}
	}
	if len(works) == 0 {
		return nil, fmt.Errorf("the list of works is empty")
	}
	return works, nil
}

// purl is the package's address in its registry, "" for a library of the system.
func (w work) purl() string {
	if w.use == linked {
		return "pkg:golang/" + w.name + "@" + w.version
	}
	return ""
}
