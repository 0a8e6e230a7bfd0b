package otlp

import (
	"fmt"
	"sort"
	"strings"
)

func sorted(lines []string) string {
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// difference shows the first line that differs.
func difference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d:\n%s\nnot\n%s", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, not %d", len(a), len(b))
}
