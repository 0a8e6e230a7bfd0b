package profiles

import (
	"bytes"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/google/pprof/profile"
)

// Sum is a function's self value, and its total.
type Sum struct{ Self, Total int64 }

var topLine = regexp.MustCompile(`^\s*(-?[0-9.]+)[A-Za-z]*\s+[-0-9.e]+%\s+[-0-9.e]+%\s+(-?[0-9.]+)[A-Za-z]*\s+[-0-9.e]+%\s+(.+?)(?: \((?:partial-)?inline\))?$`)

// PprofProgram is the program behind `go tool pprof`, looked up once: the go command takes longer than pprof itself.
var PprofProgram = sync.OnceValues(func() (string, error) {
	path, err := exec.Command("go", "tool", "-n", "pprof").Output()
	if err == nil {
		return strings.TrimSpace(string(path)), nil
	}
	return "", fmt.Errorf("go tool -n pprof: %w", err)
})

// Top returns the output of `go tool pprof -top` for one sample type of a file: all functions, in the smallest unit.
func Top(file string, sampleType *profile.ValueType) (map[string]Sum, error) {
	unit := map[string]string{"bytes": "B", "nanoseconds": "ns"}[sampleType.Unit]
	if unit == "" {
		unit = "minimum"
	}
	program, err := PprofProgram()
	if err != nil {
		return nil, err
	}
	var stderr bytes.Buffer
	command := exec.Command(program, "-top", "-symbolize=none", "-trim=false", "-sample_index="+sampleType.Type, "-unit="+unit, file)
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof: %w\n%s", err, stderr.String())
	}
	sums := map[string]Sum{}
	for _, line := range strings.Split(string(output), "\n") {
		match := topLine.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		self, err := strconv.ParseFloat(match[1], 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		total, err := strconv.ParseFloat(match[2], 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		sum := sums[match[3]]
		sums[match[3]] = Sum{sum.Self + int64(self), sum.Total + int64(total)}
	}
	return sums, nil
}

// Tree is the receiver's answer to a request for a call tree.
type Tree struct {
	Type, Unit  string
	Total, Self float64
	Gauge       bool // of several uploads the values are means
	Uploads     int
	Functions   []struct{ Name, File, Kind string }
	Nodes       [][]float64
}

// Sums sums self and total of each function; a recursive function counts once in its total. Means are multiplied back to sums: all uploads must
// have the sample type.
func (t *Tree) Sums() map[string]Sum {
	sums := map[string]Sum{}
	names := make([]string, len(t.Nodes)+1)
	parents := make([]int, len(t.Nodes)+1)
	of := 1.0
	if t.Gauge && t.Uploads > 1 {
		of = float64(t.Uploads)
	}
	for i, node := range t.Nodes {
		name := t.Functions[int(node[1])].Name
		names[i+1], parents[i+1] = name, int(node[0])
		again := false
		for at := int(node[0]); at > 0; at = parents[at] {
			again = again || names[at] == name
		}
		sum := sums[name]
		sum.Self += int64(math.Round(node[3] * of))
		if !again {
			sum.Total += int64(math.Round(node[4] * of))
		}
		sums[name] = sum
	}
	for name, sum := range sums {
		if sum == (Sum{}) {
			delete(sums, name)
		}
	}
	return sums
}

// Differences lists the functions whose sums in the receiver differ from pprof's.
func Differences(got, want map[string]Sum) []string {
	var differences []string
	for name, sum := range want {
		if got[name] != sum {
			differences = append(differences, fmt.Sprintf("%s is %d, go tool pprof says %d", name, got[name], sum))
		}
	}
	for name, sum := range got {
		if _, ok := want[name]; !ok {
			differences = append(differences, fmt.Sprintf("%s is %d, go tool pprof does not know it", name, sum))
		}
	}
	return differences
}
