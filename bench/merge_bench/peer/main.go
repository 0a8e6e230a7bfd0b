// The program peer measures fastdelta of dd-trace-go v2 and google/pprof's Merge on encoded profiles.
//
// usage: peer MODE FILE...
//
//	delta      fastdelta, raw to raw: ns of CPU time per step; the files are taken in turn
//	delta-gz   the same, gzip to gzip with the compressor that dd-trace-go uses, level 1
//	merge-gz   google/pprof: parse all, Merge, write: ns for all files, and on a second line the peak memory in bytes
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/DataDog/dd-trace-go/v2/profiler/internal/fastdelta"
	"github.com/DataDog/dd-trace-go/v2/profiler/internal/pprofutils"
	"github.com/cmemprof/cmemprof/bench/merge_bench/timing"
	"github.com/google/pprof/profile"
	"github.com/klauspost/compress/gzip"
)

func newDelta() *fastdelta.DeltaComputer {
	return fastdelta.NewDeltaComputer(pprofutils.ValueType{Type: "alloc_objects", Unit: "count"}, pprofutils.ValueType{Type: "alloc_space", Unit: "bytes"})
}

func delta(files [][]byte) {
	computer := newDelta()
	timing.Steps(func(i int) { timing.Check(computer.Delta(files[i%len(files)], io.Discard)) })
}

func deltaGzip(files [][]byte) {
	computer := newDelta()
	writer, err := gzip.NewWriterLevel(io.Discard, 1)
	timing.Check(err)
	reader := new(gzip.Reader)
	var raw bytes.Buffer
	timing.Steps(func(i int) {
		raw.Reset()
		timing.Check(reader.Reset(bytes.NewReader(files[i%len(files)])))
		_, err := raw.ReadFrom(reader)
		timing.Check(err)
		writer.Reset(io.Discard)
		timing.Check(computer.Delta(raw.Bytes(), writer))
		timing.Check(writer.Close())
	})
}

func merge(paths []string) {
	var profiles []*profile.Profile
	for _, data := range timing.Read(paths) {
		parsed, err := profile.ParseData(data)
		timing.Check(err)
		profiles = append(profiles, parsed)
	}
	merged, err := profile.Merge(profiles)
	timing.Check(err)
	timing.Check(merged.Write(io.Discard))
}

func main() {
	switch mode, paths := os.Args[1], os.Args[2:]; mode {
	case "delta":
		delta(timing.Read(paths))
	case "delta-gz":
		deltaGzip(timing.Read(paths))
	case "merge-gz":
		timing.Once(func() { merge(paths) })
		timing.Peak()
	default:
		fmt.Fprintln(os.Stderr, "bench: there is no mode", mode)
		os.Exit(2)
	}
}
