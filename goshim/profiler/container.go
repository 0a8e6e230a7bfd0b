//go:build linux && amd64 && cgo

package profiler

import (
	"bufio"
	"io"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// hostCgroupInode is the inode of the first cgroup namespace, PROC_CGROUP_INIT_INO in Linux: outside of all containers, or in one that shares it.
const hostCgroupInode = 0xEFFFFFFB

// The end of a path of /proc/self/cgroup: 64 digits of Docker and containerd, a UUID of Garden and of some others (the last group may be cut),
// a task of ECS on Fargate.
var containerPath = regexp.MustCompile(`([0-9a-f]{64}|[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_](?:[0-9a-f]{12}|[0-9a-f]{4})|[0-9a-f]{32}-\d+)(?:\.scope)?$`)

// containerIdentity is what the headers Datadog-Container-ID and Datadog-Entity-ID say. The process cannot move to another container.
var containerIdentity = sync.OnceValues(func() (containerID, entityID string) {
	return readContainer("/proc/self/cgroup", "/proc/self/ns/cgroup", "/sys/fs/cgroup")
})

// readContainer: in a cgroup namespace of its own (cgroups v2, as a rule) a process cannot see the container's id. The inode of its cgroup is then
// the entity, from which the Agent knows the container.
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

// parseCgroups reads lines of ID:CONTROLLERS:PATH, in v2 the one line 0::PATH. It gives the first container id and the path of each controller.
func parseCgroups(r io.Reader) (containerID string, nodes map[string]string) {
	nodes = map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.SplitN(lines.Text(), ":", 3)
		if len(fields) != 3 {
			continue
		}
		nodes[fields[1]] = fields[2]
		if found := containerPath.FindStringSubmatch(fields[2]); found != nil && containerID == "" {
			containerID = found[1]
		}
	}
	return containerID, nodes
}

// inode is 0 if there is no such file.
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
