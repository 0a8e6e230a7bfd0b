package immutable

import (
	"slices"
	"testing"
)

func TestNobodyCanChangeIt(t *testing.T) {
	given := make([]string, 2, 8) // spare capacity, which an append could write to
	given[0], given[1] = "a", "b"
	list := NewStringSlice(given)
	given[0] = "changed"
	list.Slice()[1] = "changed"
	one, other := list.Append("one"), list.Append("other")
	_ = append(list.Slice(), "changed")
	for _, c := range []struct {
		list StringSlice
		want []string
	}{{list, []string{"a", "b"}}, {one, []string{"a", "b", "one"}}, {other, []string{"a", "b", "other"}}} {
		if got := c.list.Slice(); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestZeroValueIsEmpty(t *testing.T) {
	var list StringSlice
	if got := list.Slice(); got == nil || len(got) != 0 {
		t.Errorf("%#v", got)
	}
	if got := list.Append("a").Slice(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("%q", got)
	}
}
