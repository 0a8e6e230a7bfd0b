// Package immutable has a list of strings that many goroutines may read, since nobody can change it.
package immutable

import "slices"

// StringSlice is such a list. The zero value is an empty one.
type StringSlice struct {
	s []string
}

// NewStringSlice makes one of a copy of s.
func NewStringSlice(s []string) StringSlice {
	return StringSlice{slices.Clone(s)}
}

// Slice returns a copy, which is never nil.
func (l StringSlice) Slice() []string {
	return append([]string{}, l.s...)
}

// Append returns a new list with more strings at its end. The one it is called on stays as it is.
func (l StringSlice) Append(more ...string) StringSlice {
	return StringSlice{slices.Concat(l.s, more)}
}
