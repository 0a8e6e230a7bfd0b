// The program generate writes heap profiles like those of a Go service over a day: the same stacks with growing counters, and in each
// profile some stacks that others lack. The same arguments give the same bytes.
//
// usage: generate DIR SAMPLES PROFILES   writes DIR/pN.pprof (uncompressed) and DIR/pN.pb.gz, N from 0
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cmemprof/cmemprof/bench/merge_bench/timing"
	"github.com/google/pprof/profile"
)

// service is shared by all profiles of one process.
type service struct {
	random    *rand.Rand
	profile   *profile.Profile
	stacks    [][]*profile.Location
	allocated []int64 // objects per stack so far
}

func newService(samples int) *service {
	s := &service{random: rand.New(rand.NewSource(int64(samples)))}
	s.profile = &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "alloc_objects", Unit: "count"}, {Type: "alloc_space", Unit: "bytes"},
			{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}},
		PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: 512 << 10, DefaultSampleType: "inuse_space",
		Mapping: []*profile.Mapping{{ID: 1, Start: 0x400000, Limit: 0x4000000, File: "/usr/local/bin/service", BuildID: "5f6f7d2c", HasFunctions: true}},
	}
	s.addLocations(200 + samples/2)
	// 10 % more stacks than a profile has, so that each lacks some.
	for range samples + samples/10 {
		s.stacks = append(s.stacks, s.stack())
	}
	s.allocated = make([]int64, len(s.stacks))
	return s
}

func (s *service) addLocations(count int) {
	p := s.profile
	for i := range 1 + count/3 {
		name := fmt.Sprintf("example.com/service/internal/part%d.(*Worker).step%d", i%97, i)
		p.Function = append(p.Function, &profile.Function{ID: uint64(i + 1), Name: name, SystemName: name,
			Filename: fmt.Sprintf("/src/service/internal/part%d/worker%d.go", i%97, i%13)})
	}
	for i := range count {
		l := &profile.Location{ID: uint64(i + 1), Mapping: p.Mapping[0], Address: 0x400000 + uint64(i)*37}
		for range 1 + s.random.Intn(5)/4 { // every fifth has an inlined function
			l.Line = append(l.Line, profile.Line{Function: p.Function[s.random.Intn(len(p.Function))], Line: int64(1 + s.random.Intn(900))})
		}
		p.Location = append(p.Location, l)
	}
}

// stack returns 12 to 52 frames, with few distinct ones near the root, as in any program.
func (s *service) stack() []*profile.Location {
	depth := 12 + s.random.Intn(41)
	stack := make([]*profile.Location, depth)
	for i := range stack {
		choice := len(s.profile.Location)
		if fromRoot := depth - 1 - i; fromRoot < 8 {
			choice = min(choice, 4<<fromRoot)
		}
		stack[i] = s.profile.Location[s.random.Intn(choice)]
	}
	return stack
}

// next returns the profile a minute later: half of the stacks have allocated, a third hold memory.
func (s *service) next(samples, number int) *profile.Profile {
	p := &profile.Profile{SampleType: s.profile.SampleType, PeriodType: s.profile.PeriodType, Period: s.profile.Period,
		DefaultSampleType: s.profile.DefaultSampleType, Mapping: s.profile.Mapping, Location: s.profile.Location, Function: s.profile.Function}
	p.TimeNanos, p.DurationNanos = int64(1700000000+60*number)*1e9, 60e9
	chosen := s.random.Perm(len(s.stacks))[:samples]
	for _, i := range chosen {
		size := int64(16) << (i % 12)
		if s.allocated[i] == 0 || s.random.Intn(2) == 0 {
			s.allocated[i] += 1 + s.random.Int63n(50000)
		}
		held := int64(0)
		if s.random.Intn(3) == 0 {
			held = 1 + s.random.Int63n(s.allocated[i])
		}
		p.Sample = append(p.Sample, &profile.Sample{Location: s.stacks[i], Value: []int64{s.allocated[i], s.allocated[i] * size, held, held * size},
			NumLabel: map[string][]int64{"bytes": {size}}, NumUnit: map[string][]string{"bytes": {"bytes"}}})
	}
	return p
}

func write(p *profile.Profile, path string) {
	var raw, packed bytes.Buffer
	timing.Check(p.WriteUncompressed(&raw))
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write(raw.Bytes())
	timing.Check(err)
	timing.Check(writer.Close())
	timing.Check(os.WriteFile(path+".pprof", raw.Bytes(), 0o644))
	timing.Check(os.WriteFile(path+".pb.gz", packed.Bytes(), 0o644))
}

func main() {
	samples, err := strconv.Atoi(os.Args[2])
	timing.Check(err)
	profiles, err := strconv.Atoi(os.Args[3])
	timing.Check(err)
	timing.Check(os.MkdirAll(os.Args[1], 0o755))
	s := newService(samples)
	for i := range profiles {
		write(s.next(samples, i), filepath.Join(os.Args[1], fmt.Sprintf("p%d", i)))
	}
}
