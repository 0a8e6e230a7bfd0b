package profiler

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"
)

const maxProcessTagRunes = 200

// processTags identifies the program, as dd-trace-go v2 does: sorted by key, "entrypoint.name:server,entrypoint.type:executable".
var processTags = sync.OnceValue(func() string {
	var tags []string
	add := func(key, value string) {
		if value != "" {
			tags = append(tags, normalizedTag(key+":"+value))
		}
	}
	executable, err := os.Executable()
	if err == nil {
		add("entrypoint.basedir", folderName(filepath.Dir(executable)))
		add("entrypoint.name", filepath.Base(executable))
		add("entrypoint.type", "executable")
	}
	if folder, err := os.Getwd(); err == nil {
		add("entrypoint.workdir", folderName(folder))
	}
	return strings.Join(tags, ",")
})

// folderName returns the last element of a path, or "" if that is meaningless.
func folderName(path string) string {
	name := filepath.Base(path)
	if name == "bin" || name == "/" || name == "." {
		return ""
	}
	return name
}

// normalizedTag normalizes as the backend does: lower case, letters, digits and _-:./ only, no repeated or trailing underscores.
func normalizedTag(tag string) string {
	tag = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-:./", r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, tag)
	for strings.Contains(tag, "__") {
		tag = strings.ReplaceAll(tag, "__", "_")
	}
	if runes := []rune(tag); len(runes) > maxProcessTagRunes {
		tag = string(runes[:maxProcessTagRunes])
	}
	return strings.TrimRight(tag, "_")
}
