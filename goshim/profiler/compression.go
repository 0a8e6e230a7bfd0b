package profiler

import (
	"fmt"
	"strconv"
	"strings"
)

// compression of attachments, as DD_PROFILING_DEBUG_COMPRESSION_SETTINGS has it. The zero value is "legacy": profiles of the Go runtime as they
// come, which is gzip of level 1; what is made here, deltas and joined heaps, with gzip of level 1 too; metrics.json and go.trace as they are.
// Any other compresses all attachments anew.
type compression struct {
	algorithm string // "", "gzip" or "zstd"
	level     int
}

// The levels that are meant when none is given, and the highest: more of zstd needs memory that no service has to spare.
var compressionLevels = map[string]struct{ standard, max int }{"gzip": {6, 12}, "zstd": {3, 19}}

func parseCompression(text string) (compression, error) {
	if text == "legacy" {
		return compression{}, nil
	}
	algorithm, level, hasLevel := strings.Cut(text, "-")
	known, ok := compressionLevels[algorithm]
	if !ok {
		return compression{}, fmt.Errorf("%q is none of legacy, gzip, gzip-N, zstd and zstd-N", text)
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
