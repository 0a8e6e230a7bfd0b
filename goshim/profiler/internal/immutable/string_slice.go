// Package immutable provides an immutable list of strings, safe for concurrent reads.
package immutable

import "slices"

// StringSlice is an immutable list. The zero value is empty.
type StringSlice struct {
	s []string
}

// NewStringSlice copies s.
func NewStringSlice(s []string) StringSlice {
	return StringSlice{slices.Clone(s)}
}

// Slice returns a copy, which is never nil.
func (l StringSlice) Slice() []string {
	return append([]string{}, l.s...)
}

// Append returns a new list with more appended.
func (l StringSlice) Append(more ...string) StringSlice {
	return StringSlice{slices.Concat(l.s, more)}
}
