//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"bytes"
	"slices"

	"github.com/cmemprof/cmemprof/merge"
)

// traceIDLabel is what Datadog's tracer labels goroutines with while its application security (AppSec) is on: a value for each request. Profiles have no
// use for it, since they have span ids, and it would make each request's samples and strings its own. dd-trace-go's profiler leaves it out as well.
const traceIDLabel = "trace id"

// withoutTraceIDs returns the CPU profile without that label, uncompressed. Not changed: it has none, WithCustomProfilerLabelKeys names it, or it
// could not be read; what is returned may then be compressed.
func (k *collector) withoutTraceIDs(profile []byte) (raw []byte, changed bool) {
	if slices.Contains(k.cfg.labelKeys, traceIDLabel) {
		return profile, false
	}
	inflated, err := merge.Inflate(profile, ofOwnProfiles)
	if err != nil {
		return profile, false
	}
	// An entry of the string table: tag, length, text.
	entry := append([]byte{6<<3 | 2, byte(len(traceIDLabel))}, traceIDLabel...)
	if !bytes.Contains(inflated, entry) {
		return inflated, false
	}
	without := inflated
	k.try(CPUProfile, func() error {
		m := merge.NewMerger(merge.MergerOptions{DropLabels: []string{traceIDLabel}})
		defer m.Close()
		if err := m.Add(inflated); err != nil {
			return err
		}
		result, err := m.Result(merge.Output{Compression: merge.Raw})
		if err == nil {
			without, changed = result, true
		}
		return err
	})
	return without, changed
}
