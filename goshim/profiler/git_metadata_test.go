//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"runtime/debug"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func TestGitMetadata(t *testing.T) {
	a := newAgent(t)
	build := &debug.BuildInfo{Path: "example.com/server/cmd", Settings: []debug.BuildSetting{
		{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "of-build"}, {Key: "-pgo", Value: "/src/default.pgo"}}}
	want := func(repository, commit, path, pgo []string) {
		t.Helper()
		b := one(t, a)
		b.wantTag(t, "git.repository_url", repository...)
		b.wantTag(t, "git.commit.sha", commit...)
		b.wantTag(t, "go_path", path...)
		b.wantTag(t, "pgo", pgo...)
	}
	restore := profiler.SetBuildInfo(nil)
	want(nil, nil, nil, []string{"false"})
	restore()
	defer profiler.SetBuildInfo(build)()
	want(nil, []string{"of-build"}, []string{"example.com/server/cmd"}, []string{"true"})

	t.Setenv("DD_TAGS", "git.commit.sha:of-tags,git.repository_url:https://token@host/repo,other:tag,go_path:of-tags")
	want([]string{"https://host/repo"}, []string{"of-tags"}, []string{"of-tags"}, []string{"true"})
	one(t, a).wantTag(t, "other", "tag")

	t.Setenv("DD_GIT_COMMIT_SHA", "of-environment")
	t.Setenv("DD_GIT_REPOSITORY_URL", "git@host:team/repo.git")
	want([]string{"git@host:team/repo.git"}, []string{"of-environment"}, []string{"of-tags"}, []string{"true"})

	t.Setenv("DD_GIT_REPOSITORY_URL", "https://user:to%ken@x@host/repo") // not a URL, because of the percent sign
	want([]string{"https://host/repo"}, []string{"of-environment"}, []string{"of-tags"}, []string{"true"})

	t.Setenv("DD_TRACE_GIT_METADATA_ENABLED", "false")
	want([]string{"https://token@host/repo"}, []string{"of-tags"}, []string{"of-tags"}, []string{"true"})
}

func TestBuildOfAnotherVersionControl(t *testing.T) {
	a := newAgent(t)
	defer profiler.SetBuildInfo(&debug.BuildInfo{Path: "p", Settings: []debug.BuildSetting{{Key: "vcs", Value: "hg"}, {Key: "vcs.revision", Value: "1"}}})()
	b := one(t, a)
	b.wantTag(t, "git.commit.sha")
	b.wantTag(t, "go_path")
}
