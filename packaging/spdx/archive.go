package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"sort"
	"strings"
)

type archive struct {
	name, sha256 string
	files        []archived
}

// archived is a plain file; links are none of their own.
type archived struct{ name, sha1, sha256 string }

func hexOf(sum []byte) string { return hex.EncodeToString(sum) }

func readArchive(name string, in io.Reader) (archive, error) {
	all, err := io.ReadAll(in)
	if err != nil {
		return archive{}, err
	}
	sum := sha256.Sum256(all)
	a := archive{name: name, sha256: hexOf(sum[:])}
	unzipped, err := gzip.NewReader(bytes.NewReader(all))
	if err != nil {
		return a, err
	}
	reader := tar.NewReader(unzipped)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return a, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		one, two := sha1.New(), sha256.New()
		if _, err := io.Copy(io.MultiWriter(one, two), reader); err != nil {
			return a, err
		}
		a.files = append(a.files, archived{header.Name, hexOf(one.Sum(nil)), hexOf(two.Sum(nil))})
	}
	if len(a.files) == 0 {
		return a, errors.New("no files")
	}
	return a, nil
}

// verificationCode is SPDX's: SHA-1 of the files' SHA-1 sums in order.
func (a archive) verificationCode() string {
	var sums []string
	for _, f := range a.files {
		sums = append(sums, f.sha1)
	}
	sort.Strings(sums)
	sum := sha1.Sum([]byte(strings.Join(sums, "")))
	return hexOf(sum[:])
}
