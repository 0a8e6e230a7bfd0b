//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cmemprof/cmemprof/upload"
)

// maxSameSecond bounds the search for a free directory name.
const maxSameSecond = 1000

// writeBatch writes a batch's files to a new directory named after the end of the period, such as 20060102T150405Z. A second batch of the
// same second gets the suffix "-2". Nothing is ever removed.
func (c *config) writeBatch(b batch) error {
	event, err := c.event(b)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.outputDir, 0o700); err != nil {
		return err
	}
	folder, err := makeFolder(filepath.Join(c.outputDir, b.end.UTC().Format("20060102T150405Z")))
	if err != nil {
		return err
	}
	for _, file := range append([]upload.Attachment{{Name: "event.json", Bytes: event}}, b.attachments...) {
		if err := os.WriteFile(filepath.Join(folder, file.Name), file.Bytes, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func makeFolder(path string) (string, error) {
	for n := 1; n <= maxSameSecond; n++ {
		name := path
		if n > 1 {
			name += "-" + strconv.Itoa(n)
		}
		if err := os.Mkdir(name, 0o700); !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
	return "", fmt.Errorf("%s and %d more of the same second already exist", path, maxSameSecond-1)
}
