// seeds writes the first inputs of the fuzz targets in merge/fuzz: usage: seeds FOLDER. Makes FOLDER/read, merge and delta.
//
// Small inputs make a fuzzer fast: each seed has a few samples of a real profile and what they refer to.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"

	"github.com/cmemprof/cmemprof/e2e/profiles"
	"github.com/google/pprof/profile"
	"github.com/klauspost/compress/zstd"
)

const (
	slices      = 6
	sliceLength = 4 // samples
	largest     = 6000
)

type seeds struct {
	folder string
	count  int
	err    error
}

func (s *seeds) write(target string, data []byte) {
	if s.err != nil {
		return
	}
	s.count++
	folder := filepath.Join(s.folder, target)
	if s.err = os.MkdirAll(folder, 0o755); s.err == nil {
		s.err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("seed%04d", s.count)), data, 0o644)
	}
}

// series writes profiles as an input of the merger and of the delta, and each one as an input of the reader.
func (s *seeds) series(raws ...[]byte) {
	var framed []byte
	for _, raw := range raws {
		s.write("read", raw)
		framed = binary.AppendUvarint(framed, uint64(len(raw)))
		framed = append(framed, raw...)
	}
	s.write("merge", framed)
	s.write("delta", framed)
}

func (s *seeds) readable(raw []byte) {
	s.series(raw, raw)
	s.write("read", gzipOf(raw))
	s.write("read", zstdOf(raw))
	s.write("read", lz4Of(raw))
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: seeds FOLDER")
	}
	s := &seeds{folder: os.Args[1]}
	if err := s.real(); err != nil {
		log.Fatal(err)
	}
	for _, raw := range nasties() {
		s.readable(raw)
	}
	s.bombs()
	if s.err != nil {
		log.Fatal(s.err)
	}
	fmt.Println(s.count, "seeds")
}

// ---- Real profiles ----

func (s *seeds) real() error {
	files, err := profiles.Captures("..")
	if err != nil {
		return err
	}
	for _, file := range files {
		s.slices(file.Raw, file.Raw)
	}
	deltas, err := profiles.FastDelta()
	if err != nil {
		return err
	}
	var names []string
	for name := range deltas {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		before := deltas[name].Raw
		after := before
		if base, is := bytes.CutSuffix([]byte(name), []byte(".before.pprof")); is {
			after = deltas[string(base)+".after.pprof"].Raw
		}
		s.slices(before, after)
	}
	return nil
}

func (s *seeds) slices(before, after []byte) {
	for i := range slices {
		first, second := slice(before, i), slice(after, i)
		if first == nil || second == nil || len(first) > largest || len(second) > largest {
			continue
		}
		s.series(first, second)
		if i == 0 {
			s.write("read", gzipOf(first))
			s.write("read", zstdOf(first))
			s.write("read", lz4Of(first))
		}
	}
}

func slice(data []byte, index int) []byte {
	p, err := profile.ParseData(data)
	if err != nil || len(p.Sample) == 0 {
		return nil
	}
	var some []*profile.Sample
	for i := range sliceLength {
		sample := p.Sample[(index*len(p.Sample)/slices+i)%len(p.Sample)]
		if len(sample.Location) > 8 {
			sample.Location = sample.Location[:8]
		}
		some = append(some, sample)
	}
	p.Sample = some
	return encode(p.Compact())
}

// ---- Bytes ----

func encode(p *profile.Profile) []byte {
	var b bytes.Buffer
	if err := p.WriteUncompressed(&b); err != nil {
		log.Fatal(err)
	}
	return b.Bytes()
}

func gzipOf(raw []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(raw)
	z.Close()
	return b.Bytes()
}

func zstdOf(raw []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		log.Fatal(err)
	}
	return z.EncodeAll(raw, nil)
}

// An LZ4 frame of independent blocks of 64 KiB without checksums, up to its first block.
const lz4Header = "\x04\x22\x4d\x18\x60\x40\x82"

// lz4Of stores the bytes uncompressed, which every reader of LZ4 accepts.
func lz4Of(raw []byte) []byte {
	out := []byte(lz4Header)
	for len(raw) > 0 {
		n := min(len(raw), 1<<16)
		out = append(binary.LittleEndian.AppendUint32(out, uint32(n)|1<<31), raw[:n]...)
		raw = raw[n:]
	}
	return binary.LittleEndian.AppendUint32(out, 0)
}

// lz4Zeros is one block: a zero, a match that repeats it, and the five literal bytes that must end a block.
func lz4Zeros(n int) []byte {
	block := []byte{0x1f, 0, 1, 0}
	rest := n - 1 - 5 - 4 - 15
	for ; rest >= 255; rest -= 255 {
		block = append(block, 255)
	}
	block = append(block, byte(rest), 0x50, 0, 0, 0, 0, 0)
	out := append(binary.LittleEndian.AppendUint32([]byte(lz4Header), uint32(len(block))), block...)
	return binary.LittleEndian.AppendUint32(out, 0)
}

// bombs: few bytes that inflate to many, but not too many, since the fuzzer runs them repeatedly.
func (s *seeds) bombs() {
	zeros := make([]byte, 1<<15)
	unknown := binary.AppendUvarint([]byte{0x82, 0x01}, uint64(len(zeros)))
	for _, raw := range [][]byte{zeros, append(unknown, zeros...)} {
		s.write("read", gzipOf(raw))
		s.write("read", zstdOf(raw))
	}
	s.write("read", lz4Zeros(1<<15))
}
