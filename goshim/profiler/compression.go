package profiler

import (
	"fmt"
	"strconv"
	"strings"
)

// compression of attachments, as set by DD_PROFILING_DEBUG_COMPRESSION_SETTINGS. The zero value is "legacy": profiles in gzip level 1, both the
// Go runtime's, unchanged, and those made here (deltas and merged heaps); peak.pprof, memory.pprof, metrics.json and go.trace uncompressed. Any
// other value recompresses all attachments.
type compression struct {
	algorithm string // "", "gzip" or "zstd"
	level     int
}

// The default and the maximum level. Higher levels of zstd need too much memory for a service.
var compressionLevels = map[string]struct{ standard, max int }{"gzip": {6, 9}, "zstd": {3, 19}}

func parseCompression(text string) (compression, error) {
	if text == "legacy" {
		return compression{}, nil
	}
	algorithm, level, hasLevel := strings.Cut(text, "-")
	known, ok := compressionLevels[algorithm]
	if !ok {
		return compression{}, fmt.Errorf("%q is not one of legacy, gzip, gzip-N, zstd and zstd-N", text)
	}
	if !hasLevel {
		return compression{algorithm, known.standard}, nil
	}
	n, err := strconv.Atoi(level)
	if err != nil || n < 1 || n > known.max {
		return compression{}, fmt.Errorf("%q: levels of %s are 1 to %d", text, algorithm, known.max)
	}
	return compression{algorithm, n}, nil
}

func (c compression) String() string {
	if c.algorithm == "" {
		return "legacy"
	}
	return fmt.Sprintf("%s-%d", c.algorithm, c.level)
}
