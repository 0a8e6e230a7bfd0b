// Package pprofutils subtracts profiles and converts them to folded text and back.
//
// Folded text has one line per stack, root first, followed by its value:
//
//	main;work;alloc 3
//
// It is the input of flame graph tools, and short enough to write by hand in tests.
package pprofutils

import (
	"errors"
	"slices"

	"github.com/google/pprof/profile"
)

// ValueType is a sample type and its unit, such as "alloc_space" and "bytes".
type ValueType struct {
	Type, Unit string
}

// Delta subtracts one profile from another.
type Delta struct {
	// SampleTypes are subtracted. All others keep the values of the later profile.
	SampleTypes []ValueType
}

// Convert returns b - a without samples that are zero. a must have every type of SampleTypes. Neither profile is changed.
func (d Delta) Convert(a, b *profile.Profile) (*profile.Profile, error) {
	ratios := make([]float64, len(a.SampleType))
	found := 0
	for i, t := range a.SampleType {
		if slices.Contains(d.SampleTypes, ValueType{t.Type, t.Unit}) {
			ratios[i] = -1
			found++
		}
	}
	if found != len(d.SampleTypes) {
		return nil, errors.New("a sample type is not in the profile")
	}
	negative := a.Copy()
	if err := negative.ScaleN(ratios); err != nil {
		return nil, err
	}
	delta, err := profile.Merge([]*profile.Profile{negative, b})
	if err != nil {
		return nil, err
	}
	return delta, delta.CheckValid()
}
