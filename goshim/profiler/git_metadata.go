package profiler

import (
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/cmemprof/cmemprof/goshim/profiler/internal/immutable"
)

// gitMetadata identifies the source code of the program. The git variables override DD_TAGS, which override the build info.
type gitMetadata struct {
	enabled            bool
	repository, commit string // from the environment
}

var readBuildInfo = debug.ReadBuildInfo // replaced by tests

// moveInto appends the git tags and removes the tags that they replace. If disabled, it returns tags unchanged.
func (g gitMetadata) moveInto(tags immutable.StringSlice) immutable.StringSlice {
	if !g.enabled {
		return tags
	}
	found := map[string]string{"git.repository_url": withoutCredentials(g.repository), "git.commit.sha": g.commit, "go_path": ""}
	others := slices.DeleteFunc(tags.Slice(), func(tag string) bool {
		key, value, _ := strings.Cut(tag, ":")
		current, ours := found[key]
		if ours && current == "" {
			found[key] = withoutCredentials(value)
		}
		return ours
	})
	addBuildInfo(found)
	for _, key := range []string{"git.repository_url", "git.commit.sha", "go_path"} {
		if found[key] != "" {
			others = append(others, key+":"+found[key])
		}
	}
	return immutable.NewStringSlice(others)
}

// addBuildInfo adds the revision, which is known if the program was built in its checkout with -buildvcs.
func addBuildInfo(found map[string]string) {
	info, ok := readBuildInfo()
	if !ok {
		return
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["vcs"] != "git" {
		return
	}
	for key, value := range map[string]string{"git.commit.sha": settings["vcs.revision"], "go_path": info.Path} {
		if found[key] == "" {
			found[key] = value
		}
	}
}

var credentials = lazyRegexp(`://.*@`)

// withoutCredentials removes user and password: a repository's URL often contains a token, which must not be sent.
func withoutCredentials(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return credentials().ReplaceAllString(text, "://") // a password may contain characters that are invalid in a URL
	}
	if u.User == nil {
		return text
	}
	u.User = nil
	return u.String()
}

// pgoTag reports whether the program was built with profile-guided optimization.
func pgoTag() string {
	return "pgo:" + strconv.FormatBool(buildSetting("-pgo", ""))
}

// buildSetting reports whether the program was built with this setting and its value contains part.
func buildSetting(key, part string) bool {
	info, ok := readBuildInfo()
	return ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == key && s.Value != "" && strings.Contains(s.Value, part)
	})
}
