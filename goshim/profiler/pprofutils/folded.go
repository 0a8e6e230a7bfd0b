package pprofutils

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// Protobuf converts a profile to folded text.
type Protobuf struct {
	// SampleTypes writes the values of all sample types, and a header line that names them: "samples/count cpu/nanoseconds". Otherwise only the
	// first value is written.
	SampleTypes bool
}

// Convert writes the stacks sorted by their first value, largest first. Stacks of the same functions are summed, regardless of line numbers.
// protobuf is not changed.
func (c Protobuf) Convert(protobuf *profile.Profile, text io.Writer) error {
	p := protobuf.Copy()
	if err := p.Aggregate(true, true, false, false, false, false); err != nil {
		return err
	}
	p = p.Compact()
	slices.SortStableFunc(p.Sample, func(a, b *profile.Sample) int { return cmp.Compare(b.Value[0], a.Value[0]) })
	w := bufio.NewWriter(text)
	if c.SampleTypes {
		var types []string
		for _, t := range p.SampleType {
			types = append(types, t.Type+"/"+t.Unit)
		}
		fmt.Fprintln(w, strings.Join(types, " "))
	}
	for _, s := range p.Sample {
		values := s.Value
		if !c.SampleTypes {
			values = values[:1]
		}
		w.WriteString(strings.Join(stackOf(s), ";"))
		for _, v := range values {
			fmt.Fprintf(w, " %d", v)
		}
		w.WriteString("\n")
	}
	return w.Flush()
}

// stackOf returns the functions of a sample, root first; locations and their lines are leaf first.
func stackOf(s *profile.Sample) []string {
	var stack []string
	for _, l := range slices.Backward(s.Location) {
		for _, line := range slices.Backward(l.Line) {
			stack = append(stack, line.Function.Name)
		}
	}
	return stack
}

// Text converts folded text to a profile.
type Text struct{}

// Convert parses the output of Protobuf. Without a header line there is one sample type, samples/count.
func (Text) Convert(text io.Reader) (*profile.Profile, error) {
	all, err := io.ReadAll(text)
	if err != nil {
		return nil, err
	}
	b := builder{
		p: &profile.Profile{
			TimeNanos:  time.Now().UnixNano(),
			SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}},
			PeriodType: &profile.ValueType{}, // required by profile.Merge
			Mapping:    []*profile.Mapping{{ID: 1, HasFunctions: true}},
		},
		locations: map[string]*profile.Location{},
	}
	for i, line := range strings.Split(string(all), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if i == 0 && isHeader(line) {
			err = b.header(line)
		} else {
			err = b.sample(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d, %q: %w", i+1, line, err)
		}
	}
	return b.p, b.p.CheckValid()
}

// isHeader reports whether every word is type/unit. A stack ends in its value, which has no slash.
func isHeader(line string) bool {
	return !slices.ContainsFunc(strings.Split(line, " "), func(word string) bool { return !strings.Contains(word, "/") })
}

type builder struct {
	p         *profile.Profile
	locations map[string]*profile.Location // by function
}

func (b *builder) header(line string) error {
	b.p.SampleType = nil
	for _, word := range strings.Split(line, " ") {
		name, unit, _ := strings.Cut(word, "/")
		if name == "" || unit == "" || strings.Contains(unit, "/") {
			return fmt.Errorf("%q is not of the form type/unit", word)
		}
		b.p.SampleType = append(b.p.SampleType, &profile.ValueType{Type: name, Unit: unit})
	}
	return nil
}

// sample parses one line. Function names may contain spaces; values come last.
func (b *builder) sample(line string) error {
	words := strings.Split(line, " ")
	count := len(b.p.SampleType)
	if len(words) <= count {
		return fmt.Errorf("want a stack and %d values", count)
	}
	s := &profile.Sample{}
	for _, word := range words[len(words)-count:] {
		value, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return err
		}
		s.Value = append(s.Value, value)
	}
	stack := strings.Split(strings.Join(words[:len(words)-count], " "), ";")
	for _, function := range slices.Backward(stack) {
		s.Location = append(s.Location, b.location(function))
	}
	b.p.Sample = append(b.p.Sample, s)
	return nil
}

func (b *builder) location(name string) *profile.Location {
	if l := b.locations[name]; l != nil {
		return l
	}
	id := uint64(len(b.locations) + 1)
	function := &profile.Function{ID: id, Name: name}
	l := &profile.Location{ID: id, Mapping: b.p.Mapping[0], Line: []profile.Line{{Function: function}}}
	b.p.Function = append(b.p.Function, function)
	b.p.Location = append(b.p.Location, l)
	b.locations[name] = l
	return l
}
