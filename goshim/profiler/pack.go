//go:build linux && (amd64 || arm64) && cgo

package profiler

import "github.com/cmemprof/cmemprof/merge"

// ofDelta returns the output format of deltas: raw if the attachment is compressed later.
func (c compression) ofDelta() merge.Output {
	if c.algorithm != "" {
		return merge.Output{Compression: merge.Raw}
	}
	return merge.Output{}
}

// compress recompresses data, which may be compressed already.
func compress(data []byte, c compression) ([]byte, error) {
	raw, err := merge.Inflate(data, nil)
	if err != nil {
		return nil, err
	}
	output := merge.Output{Compression: merge.Gzip, Level: c.level}
	if c.algorithm == "zstd" {
		output.Compression = merge.Zstd
	}
	return merge.Compress(raw, output)
}
