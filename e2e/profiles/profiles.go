// Package profiles finds real profiles for tests: those in captured uploads, and those that dd-trace-go tests its own delta with, from the Go
// module cache.
package profiles

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// File is a profile as sent or stored, and inflated.
type File struct {
	Name      string
	Data, Raw []byte
}

// Captures returns the pprof files of all captures except those in LZ4, which neither google/pprof nor a Go service reads (lz4/ has its own
// tests). root is the path of the top folder.
func Captures(root string) ([]File, error) { return readCaptures(root, false) }

// CapturesInLZ4 returns the others.
func CapturesInLZ4(root string) ([]File, error) { return readCaptures(root, true) }

func readCaptures(root string, inLZ4 bool) ([]File, error) {
	requests, err := filepath.Glob(filepath.Join(root, "testdata", "captures", "*", "*", "request.json"))
	if err != nil || len(requests) == 0 {
		return nil, fmt.Errorf("no captures in %s: %v", root, err)
	}
	var files []File
	for _, request := range requests {
		some, err := capture(filepath.Dir(request), inLZ4)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", request, err)
		}
		files = append(files, some...)
	}
	return files, nil
}

func capture(folder string, inLZ4 bool) ([]File, error) {
	description, err := os.ReadFile(filepath.Join(folder, "request.json"))
	if err != nil {
		return nil, err
	}
	var request struct{ Headers [][2]string }
	if err := json.Unmarshal(description, &request); err != nil {
		return nil, err
	}
	boundary := ""
	for _, header := range request.Headers {
		if strings.EqualFold(header[0], "Content-Type") {
			_, parameters, err := mime.ParseMediaType(header[1])
			if err != nil {
				return nil, err
			}
			boundary = parameters["boundary"]
		}
	}
	body, err := os.Open(filepath.Join(folder, "body.bin"))
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var files []File
	for parts := multipart.NewReader(body, boundary); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(part.FileName(), ".pprof") {
			continue
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		if isLZ4(data) != inLZ4 {
			continue
		}
		file, err := newFile(filepath.Base(filepath.Dir(folder))+"/"+part.FileName(), data)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
}

func newFile(name string, data []byte) (File, error) {
	raw, err := Inflate(data)
	return File{name, data, raw}, err
}

func isLZ4(data []byte) bool { return bytes.HasPrefix(data, []byte("\x04\x22\x4d\x18")) }

// Inflate returns the content of gzip, zstd or LZ4 data, and other data unchanged.
func Inflate(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return io.ReadAll(z)
	case isLZ4(data):
		return io.ReadAll(lz4.NewReader(bytes.NewReader(data)))
	}
	return data, nil
}

const (
	module    = "github.com/DataDog/dd-trace-go/v2@v2.12.0"
	moduleSum = "h1:YOxX+szin45JumOECU6kUNdCPHJFtNvl9CYUgAJf53k="
)

// FastDelta returns the test files of dd-trace-go's delta by name, such as heap.before.pprof. That module is not compiled, so go.mod does not
// require it.
func FastDelta() (map[string]File, error) {
	command := exec.Command("go", "mod", "download", "-json", module)
	command.Stderr = os.Stderr
	out, err := command.Output()
	var download struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(out, &download); jsonErr != nil || err != nil || download.Error != "" {
		return nil, fmt.Errorf("go mod download %s: %v %v %s", module, err, jsonErr, download.Error)
	}
	if download.Sum != moduleSum {
		return nil, fmt.Errorf("%s has the sum %s, want %s", module, download.Sum, moduleSum)
	}
	paths, err := filepath.Glob(filepath.Join(download.Dir, "profiler", "internal", "fastdelta", "testdata", "*.pprof"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no profiles in %s: %v", download.Dir, err)
	}
	files := map[string]File{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := newFile(filepath.Base(path), data)
		if err != nil {
			return nil, err
		}
		files[file.Name] = file
	}
	return files, nil
}
