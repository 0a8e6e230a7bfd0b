package cmemprof

import (
	"bytes"
	"compress/gzip"
	"io"
)

// uncompressed returns a profile as C reads it. Go's own are compressed with gzip.
func uncompressed(profile []byte) ([]byte, error) {
	if !bytes.HasPrefix(profile, []byte{0x1f, 0x8b}) {
		return profile, nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(profile))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}
