//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const (
	cID  = "8c046cb0b72cd4c99f51b5591cd5b095967f58ee003710a45280c28ee1a9c7fa"
	task = "34dc0b5e626f2c5c4c5170e34b10e765-1234567890"
	uuid = "34dc0b5e-626f-2c5c-4c51-70e34b10e765"
)

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cgroup")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestContainerID(t *testing.T) {
	for text, want := range map[string]string{
		"": "",
		"rubbish\n10:hugetlb:/kubepods/burstable/podfd52ef25-a87d-11e9-9423-0800271a638e/" + cID + "\n9:cpu:/other": cID,
		"10:hugetlb:/kubepods": "",
		"11:hugetlb:/ecs/55091c13-b8cf-4801-b527-f4601742204d/" + cID: cID,
		"1:name=systemd:/ecs/" + task:                                 task,
		"1:name=systemd:/uuid/" + uuid:                                uuid,
		"1:name=systemd:/docker/" + cID + ".scope":                    cID,
		"1:name=systemd:/docker/" + cID + ".slice":                    "",
		"0::/system.slice/docker-" + cID + ".scope":                   cID, // v2, in the host's namespace
		"5:cpu:/garden/6f265890-5165-7fab-6b52-18d1":                  "6f265890-5165-7fab-6b52-18d1",
		"1:a:/docker/" + cID[:63]:                                     "",
		"1:a:/nope\n2:pids:/docker/" + cID + "\n3:cpu:/ecs/" + task:   cID, // the first match
	} {
		id, entity := profiler.ReadContainer(writeFile(t, text), "/no/such", "/no/such")
		wantEntity := ""
		if want != "" {
			wantEntity = "ci-" + want
		}
		if id != want || entity != wantEntity {
			t.Errorf("%q: %q, %q, want %q", text, id, entity, want)
		}
	}
	if id, entity := profiler.ReadContainer("/no/such", "/no/such", "/no/such"); id+entity != "" {
		t.Errorf("without a file %q, %q", id, entity)
	}
}

// In a private namespace a process sees no id, and the inode of its cgroup is used.
func TestEntityIsTheInode(t *testing.T) {
	mount := t.TempDir()
	for _, folder := range []string{"node", "memory/docker"} {
		if err := os.MkdirAll(filepath.Join(mount, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	inode := func(folder string) string {
		info, err := os.Stat(filepath.Join(mount, folder))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("in-%d", info.Sys().(*syscall.Stat_t).Ino)
	}
	for text, want := range map[string]string{
		"0::/node":                   inode("node"),
		"0::/":                       inode("."),
		"0::/gone":                   "",
		"4:memory:/docker\n0::/node": inode("memory/docker"), // v1 takes precedence
		"4:memory:/gone\n0::/node":   inode("node"),
		"4:cpu:/docker":              "",
	} {
		if id, entity := profiler.ReadContainer(writeFile(t, text), "/no/such", mount); id != "" || entity != want {
			t.Errorf("%q: %q, %q, want %q", text, id, entity, want)
		}
	}
}

func TestHeadersOfTheContainer(t *testing.T) {
	id, entity := profiler.ReadContainer("/proc/self/cgroup", "/proc/self/ns/cgroup", "/sys/fs/cgroup")
	b := one(t, newAgent(t))
	if b.headers.Get("Datadog-Container-ID") != id || b.headers.Get("Datadog-Entity-ID") != entity {
		t.Errorf("%v, want %q and %q", b.headers, id, entity)
	}
	if id != "" && !strings.HasSuffix(entity, id) {
		t.Errorf("entity %q of %q", entity, id)
	}
	for name, want := range map[string]string{"Datadog-Container-ID": "abc", "Datadog-Entity-ID": "ci-abc"} {
		if got := profiler.HeadersIn("abc", "ci-abc")[name]; got != want {
			t.Errorf("%s: %q", name, got)
		}
		if got, ok := profiler.HeadersIn("abc", "ci-abc", profiler.WithReport(profiler.ReportContainer, false))[name]; ok {
			t.Errorf("%s: %q, which is left out", name, got)
		}
	}
}
