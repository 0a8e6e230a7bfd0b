// Package pprofutils subtracts profiles and turns them into folded text and back.
//
// Folded text has one line for each stack, root first, with its value behind it:
//
//	main;work;alloc 3
//
// It is what flame graph tools take, and small enough to be written by hand in tests.
package pprofutils

import (
	"errors"
	"slices"

	"github.com/google/pprof/profile"
)

// ValueType is a type of value and its unit, as "alloc_space" and "bytes".
type ValueType struct {
	Type, Unit string
}

// Delta subtracts one profile from another.
type Delta struct {
	// SampleTypes are those that are subtracted; of all others the values of the later profile remain.
	SampleTypes []ValueType
}

// Convert returns b - a, without the samples that are zero then. Every type of SampleTypes must be in a. Neither profile is changed.
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
