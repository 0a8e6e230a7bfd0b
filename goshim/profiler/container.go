//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"bufio"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// hostCgroupInode is the inode of the initial cgroup namespace, PROC_CGROUP_INIT_INO in Linux: that of the host and of containers that share it.
const hostCgroupInode = 0xEFFFFFFB

// The end of a path in /proc/self/cgroup: 64 hex digits for Docker and containerd, a UUID for Garden and some others (the last group may be
// truncated), a task ID for ECS on Fargate.
var containerPath = lazyRegexp(`([0-9a-f]{64}|[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_](?:[0-9a-f]{12}|[0-9a-f]{4})|[0-9a-f]{32}-\d+)(?:\.scope)?$`)

// containerIdentity returns the values of the headers Datadog-Container-ID and Datadog-Entity-ID. A process never changes its container.
var containerIdentity = sync.OnceValues(func() (containerID, entityID string) {
	return readContainer("/proc/self/cgroup", "/proc/self/ns/cgroup", "/sys/fs/cgroup")
})

// readContainer: in a private cgroup namespace (the default with cgroups v2) a process cannot see its container's id. The entity is then the inode
// of its cgroup, which the Agent resolves to the container.
func readContainer(cgroupFile, namespaceFile, mount string) (containerID, entityID string) {
	file, err := os.Open(cgroupFile)
	if err != nil {
		return "", ""
	}
	defer file.Close()
	containerID, nodes := parseCgroups(file)
	if containerID != "" {
		return containerID, "ci-" + containerID
	}
	if inode(namespaceFile) == hostCgroupInode {
		return "", ""
	}
	for _, controller := range []string{"memory", ""} { // v1, then v2
		if node, ok := nodes[controller]; ok {
			if n := inode(path.Join(mount, controller, node)); n != 0 {
				return "", "in-" + strconv.FormatUint(n, 10)
			}
		}
	}
	return "", ""
}

// parseCgroups reads lines of ID:CONTROLLERS:PATH; v2 has the single line 0::PATH. It returns the first container id and each controller's path.
func parseCgroups(r io.Reader) (containerID string, nodes map[string]string) {
	nodes = map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.SplitN(lines.Text(), ":", 3)
		if len(fields) != 3 {
			continue
		}
		nodes[fields[1]] = fields[2]
		if found := containerPath().FindStringSubmatch(fields[2]); found != nil && containerID == "" {
			containerID = found[1]
		}
	}
	return containerID, nodes
}

// inode returns 0 if the file does not exist.
func inode(file string) uint64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
