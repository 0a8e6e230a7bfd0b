// Program allocates known amounts in C while it is profiled, writes the profile to a file and prints the true amounts on its standard output.
//
//	program INTERVAL FILE        the sites of every size
//	program bias INTERVAL FILE   tens of millions of small allocations
package main

// #include <stdlib.h>
// #include "sites.h"
import "C"

import (
	"encoding/json"
	"log"
	"math"
	"os"
	"strconv"

	"github.com/cmemprof/cmemprof/cmemprof"
)

// allocations of one size at one site. truth_test.go reads the same fields.
type allocations struct {
	Site      string
	SizeBytes uint64
	Made      uint64 // ever
	Alive     uint64 // at the end
}

type truth struct {
	Allocations []allocations
	Stats       cmemprof.Stats
}

// plan has the number of samples wanted at each site, in all, and of blocks that stay alive or that another thread frees.
type plan struct {
	interval             float64
	samples, heldSamples float64
	minMade              float64
}

// maxHeldBytes bounds the live bytes of one site: mostly address space, since nothing writes to the blocks.
const maxHeldBytes = 256 << 20

func planFor(interval int64) plan {
	switch {
	case interval == 1:
		return plan{interval: 1, samples: 600, heldSamples: 100, minMade: 600}
	case interval < 64*1024:
		return plan{interval: float64(interval), samples: 8000, heldSamples: 800, minMade: 1000}
	default:
		return plan{interval: float64(interval), samples: 250, heldSamples: 15, minMade: 200}
	}
}

// fate converts the wanted number of samples into numbers of allocations. Another thread frees half of the held blocks.
func (p plan) fate(sizeBytes uint64) C.struct_fate {
	probability := -math.Expm1(-(float64(sizeBytes) + 1) / p.interval)
	if p.interval == 1 {
		probability = 1
	}
	made := math.Max(math.Ceil(p.samples/probability), p.minMade)
	held := math.Min(math.Ceil(p.heldSamples/probability), maxHeldBytes/float64(sizeBytes))
	return C.struct_fate{passed: C.size_t(made - 2*held), handed: C.size_t(held), kept: C.size_t(held)}
}

func made(f C.struct_fate) uint64 { return uint64(f.passed + f.handed + f.kept) }

func check(ok C._Bool) {
	if !ok {
		log.Fatal("no memory or no thread")
	}
}

func siteByName(name string) C.size_t {
	for site := range C.sites_count() {
		if C.GoString(C.site_name(site)) == name {
			return site
		}
	}
	log.Fatalf("no site %s", name)
	return 0
}

func (t *truth) run(name string, sizeBytes uint64, f C.struct_fate) {
	check(C.site_run(siteByName(name), C.size_t(sizeBytes), f))
	t.Allocations = append(t.Allocations, allocations{name, sizeBytes, made(f), uint64(f.kept)})
}

func (t *truth) runOnThreads(name string, sizeBytes uint64, f C.struct_fate) {
	f.passed, f.handed, f.kept = f.passed/C.SITE_THREADS, f.handed/C.SITE_THREADS, f.kept/C.SITE_THREADS
	check(C.site_run_on_threads(siteByName(name), C.size_t(sizeBytes), f))
	t.Allocations = append(t.Allocations, allocations{name, sizeBytes, made(f) * C.SITE_THREADS, uint64(f.kept) * C.SITE_THREADS})
}

// grow: each realloc frees the old block and allocates one of the new size, so only the last size is alive.
func (t *truth) grow(p plan) {
	sizes := []C.size_t{1000, 5000, 20_000, 100_000, 600_000}
	number := math.Max(math.Ceil(12*p.interval/1000), 300) // 12 samples or more of the rarest, the first size
	held := math.Min(number/10, 50)
	f := C.struct_fate{passed: C.size_t(number - 2*held), handed: C.size_t(held), kept: C.size_t(held)}
	check(C.site_grow(&sizes[0], C.size_t(len(sizes)), f))
	for i, size := range sizes {
		a := allocations{Site: C.GoString(C.site_grow_name()), SizeBytes: uint64(size), Made: made(f)}
		if i == len(sizes)-1 {
			a.Alive = uint64(f.kept)
		}
		t.Allocations = append(t.Allocations, a)
	}
}

func (t *truth) everySize(interval int64) {
	p := planFor(interval)
	for _, site := range []struct {
		name      string
		sizeBytes uint64
	}{
		{"site_malloc_1", 1}, {"site_malloc_16", 16}, {"site_malloc_24", 24}, {"site_malloc_100", 100}, {"site_malloc_512", 512},
		{"site_calloc_2k", 2048}, {"site_malloc_4096", 4096}, {"site_malloc_40000", 40_000}, {"site_calloc_64k", 64 << 10},
		{"site_malloc_512k", 512 << 10}, {"site_calloc_1m", 1 << 20}, {"site_malloc_4m", 4 << 20}, {"site_posix_memalign_192", 192},
		{"site_aligned_alloc_1k", 1024}, {"site_aligned_alloc_64k", 64 << 10},
		{"site_mixed", 200}, {"site_mixed", 1500}, {"site_mixed", 70_000}, {"site_mixed", 900_000},
	} {
		t.run(site.name, site.sizeBytes, p.fate(site.sizeBytes))
	}
	t.runOnThreads("site_threads_48", 48, p.fate(48))
	t.runOnThreads("site_threads_10000", 10_000, p.fate(10_000))
	t.grow(p)
}

// bias: 229 and 3,891 samples are expected at 512 KiB, so a bias of 26 % at 1 byte and of 6.4 % at 16 bytes is 4 standard errors. Weighting by
// the size without the extra 1 of every allocation would be off by 100 % and 6.25 %.
func (t *truth) bias() {
	t.run("site_bias_1", 1, C.struct_fate{passed: 60_000_000})
	t.run("site_bias_16", 16, C.struct_fate{passed: 120_000_000})
}

func main() {
	arguments := os.Args[1:]
	bias := len(arguments) > 0 && arguments[0] == "bias"
	if bias {
		arguments = arguments[1:]
	}
	if len(arguments) != 2 {
		log.Fatal("usage: program [bias] INTERVAL FILE")
	}
	interval, err := strconv.ParseInt(arguments[0], 10, 64)
	must(err)
	cmemprof.SetMemoryLimit(1 << 30) // at 1 byte every block is a sample
	must(cmemprof.Start(interval))
	var t truth
	if bias {
		t.bias()
	} else {
		t.everySize(interval)
	}
	cmemprof.Stop()
	profile, err := cmemprof.Profile()
	must(err)
	must(os.WriteFile(arguments[1], profile, 0o600))
	t.Stats = cmemprof.GetStats()
	must(json.NewEncoder(os.Stdout).Encode(t))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
