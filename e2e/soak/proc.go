package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// figures are the kernel's figures of one process.
type figures struct {
	rssMB, vmSizeMB, vmDataMB float64
	threads, descriptors      float64
	faults, cpuSeconds        float64 // of the process without its children
	units                     int64
	done                      bool
}

const ticksPerSecond = 100 // USER_HZ of every Linux on amd64 and arm64

func readFigures(pid int) (f figures, err error) {
	directory := "/proc/" + strconv.Itoa(pid)
	read := func(name string) string {
		text, readError := os.ReadFile(directory + "/" + name)
		if err == nil {
			err = readError
		}
		return string(text)
	}
	rollup, status, stat := read("smaps_rollup"), read("status"), read("stat")
	descriptors, readError := os.ReadDir(directory + "/fd")
	if err == nil {
		err = readError
	}
	if err != nil {
		return f, err
	}
	f.rssMB = field(rollup, "Rss:") / 1000 * 1.024
	f.vmSizeMB = field(status, "VmSize:") / 1000 * 1.024
	f.vmDataMB = field(status, "VmData:") / 1000 * 1.024
	f.threads = field(status, "Threads:")
	f.descriptors = float64(len(descriptors))
	// man 5 proc_pid_stat: the second field is the name in brackets; then state is the third, minflt the tenth.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 || f.rssMB == 0 || f.vmSizeMB == 0 || f.threads == 0 {
		return f, fmt.Errorf("%s cannot be read", directory)
	}
	number := func(n int) float64 { value, _ := strconv.ParseFloat(fields[n-3], 64); return value }
	f.faults = number(10) + number(12)
	f.cpuSeconds = (number(14) + number(15)) / ticksPerSecond
	return f, nil
}

// field returns the number after a name, 0 if there is none. Memory is in KiB.
func field(text, name string) float64 {
	_, rest, found := strings.Cut(text, name)
	values := strings.Fields(rest)
	if !found || len(values) == 0 {
		return 0
	}
	value, _ := strconv.ParseFloat(values[0], 64)
	return value
}

// record has the figures of both processes at one time, and the profiler's own.
type record struct {
	seconds  float64
	off, on  figures
	profiler profilerFigures
}

var recordHead = func() string {
	names := []string{"seconds"}
	for _, which := range []string{"off", "on"} {
		for _, name := range []string{"rss_mb", "vmsize_mb", "vmdata_mb", "threads", "descriptors", "faults", "cpu_s", "units"} {
			names = append(names, which+"_"+name)
		}
	}
	return strings.Join(append(names, "samples", "live", "stacks", "own_bytes", "lost_stacks", "lost_shards", "lost_live", "reclaimed_stacks", "reclaimed_samples",
		"cut", "sampling_s", "batches_sent", "batches_dropped", "batches_failed", "profiles_failed"), "\t")
}()

func (r record) String() string {
	text := fmt.Sprintf("%.1f", r.seconds)
	for _, f := range []figures{r.off, r.on} {
		text += fmt.Sprintf("\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t%.0f\t%.2f\t%d", f.rssMB, f.vmSizeMB, f.vmDataMB, f.threads, f.descriptors, f.faults, f.cpuSeconds, f.units)
	}
	c, b := &r.profiler.C, &r.profiler.Batches
	return text + fmt.Sprintf("\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.2f\t%d\t%d\t%d\t%d", c.Samples, c.Live, c.Stacks, c.OwnBytes, c.LostStacks, c.LostShards, c.LostLive,
		c.ReclaimedStacks, c.ReclaimedSamples, c.CutNoRule+c.CutUnsupported+c.CutUnreadable+c.CutDepth, float64(c.SamplingNs)/1e9, b.BatchesSent, b.BatchesDropped,
		b.BatchesFailed, b.ProfilesFailed)
}
