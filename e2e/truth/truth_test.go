// Package truth tests that profiles are right: a program allocates known amounts at known sites, and the estimates must agree with them within
// their theoretical error.
package truth

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/pprof/profile"
)

// Error probability of the checks. Sampling is random, and its seed cannot be set from outside. An allocation of s bytes is sampled
// with p = 1 - exp(-(s+1)/interval), independently of all others (sampler.h), and has the weight 1/p. So n of them give a binomial number of
// samples, and
//
//	Var(estimated count) = n(1-p)/p        Var(estimated bytes) = s^2 n(1-p)/p
//
// and the variances of several sizes at one site add up. An estimate may be off by 4 standard errors plus one step of 1/p, since it changes in
// steps of one sample: where 0.01 misses are expected, one miss is already 10 standard errors. A correct profiler fails one such check
// with a probability of about 6e-5, and one of the 78 of a process in at most 0.5 % of the runs. A failed run is therefore repeated
// once, with a new process, which must pass: 2 failures in 100,000 runs. A real bias fails both times. A bias too small for a single site
// shows in two more checks over all sites, each at 4 standard errors: the mean of the deviations (all estimates are slightly too high) and the
// sum of their squares (they scatter more, or less, than expected).
const sigmas = 4

// Output of program/main.go.
type allocations struct {
	Site                   string
	SizeBytes, Made, Alive uint64
}

type result struct {
	Allocations []allocations
	Stats       map[string]uint64
}

// quantity is a number of allocations and their bytes, with the variances of their estimates.
type quantity struct {
	count, bytes                 float64
	countVariance, bytesVariance float64
	countStep, bytesStep         float64 // of one sample; the largest if there are several sizes
	samples                      float64 // expected
}

func (q *quantity) add(number, sizeBytes, interval float64) {
	p := -math.Expm1(-(sizeBytes + 1) / interval)
	if interval == 1 {
		p = 1
	}
	q.count += number
	q.bytes += number * sizeBytes
	q.countVariance += number * (1 - p) / p
	q.bytesVariance += sizeBytes * sizeBytes * number * (1 - p) / p
	q.samples += number * p
	if p < 1 {
		q.countStep = math.Max(q.countStep, 1/p)
		q.bytesStep = math.Max(q.bytesStep, sizeBytes/p)
	}
}

// estimate has the profile's values of one site.
type estimate struct {
	allocCount, allocBytes, inuseCount, inuseBytes float64
	records                                        float64 // each is rounded to whole numbers
}

// site has the true amounts: allocated, and of these alive and freed, which are sampled independently of each other.
type site struct{ all, alive, freed quantity }

func sitesOf(r result, interval float64) map[string]*site {
	sites := map[string]*site{}
	for _, a := range r.Allocations {
		s := sites[a.Site]
		if s == nil {
			s = &site{}
			sites[a.Site] = s
		}
		s.all.add(float64(a.Made), float64(a.SizeBytes), interval)
		s.alive.add(float64(a.Alive), float64(a.SizeBytes), interval)
		s.freed.add(float64(a.Made-a.Alive), float64(a.SizeBytes), interval)
	}
	return sites
}

// estimates sums the profile by site: a sample belongs to the site whose function is on its stack.
func estimates(p *profile.Profile, sites map[string]*site) map[string]*estimate {
	all := map[string]*estimate{}
	for name := range sites {
		all[name] = &estimate{}
	}
	for _, sample := range p.Sample {
		for _, location := range sample.Location {
			for _, line := range location.Line {
				if e := all[line.Function.Name]; e != nil {
					e.allocCount += float64(sample.Value[0])
					e.allocBytes += float64(sample.Value[1])
					e.inuseCount += float64(sample.Value[2])
					e.inuseBytes += float64(sample.Value[3])
					e.records++
				}
			}
		}
	}
	return all
}

func compare(what string, estimated, truth, variance, step, rounding float64) error {
	allowed := sigmas*math.Sqrt(variance) + step + rounding
	if math.Abs(estimated-truth) > allowed {
		return fmt.Errorf("%s: estimated %.0f, truth %.0f: off by %.2f standard errors, %+.2f %%, allowed %.0f",
			what, estimated, truth, (estimated-truth)/math.Sqrt(variance), 100*(estimated/truth-1), allowed)
	}
	return nil
}

func compareQuantity(what string, count, bytes float64, q quantity, rounding float64) error {
	return errors.Join(
		compare(what+" count", count, q.count, q.countVariance, q.countStep, rounding),
		compare(what+" bytes", bytes, q.bytes, q.bytesVariance, q.bytesStep, rounding))
}

// deviations returns the deviations, in standard errors, of independent estimates with enough samples (10) for a normal distribution.
type deviations []float64

func (d *deviations) add(estimated float64, q quantity) {
	if q.samples >= 10 && q.countVariance > 0 && q.count-q.samples >= 10 {
		*d = append(*d, (estimated-q.count)/math.Sqrt(q.countVariance))
	}
}

// check checks all sites together. The sum of m squares is chi-squared, whose cube root is nearly normal (Wilson and Hilferty, 1931).
func (d deviations) check() (mean, scatter float64, err error) {
	m := float64(len(d))
	if m == 0 {
		return 0, 0, nil
	}
	var sum, squares float64
	for _, z := range d {
		sum += z
		squares += z * z
	}
	mean = sum / math.Sqrt(m)
	scatter = (math.Cbrt(squares/m) - (1 - 2/(9*m))) / math.Sqrt(2/(9*m))
	if math.Abs(mean) > sigmas {
		err = fmt.Errorf("all sites together are off by %+.2f standard errors", mean)
	}
	if math.Abs(scatter) > sigmas {
		err = errors.Join(err, fmt.Errorf("the sites scatter by %.2f of what chance has, %+.2f standard errors from 1", squares/m, scatter))
	}
	return mean, scatter, err
}

func buildProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if output, err := exec.Command("go", "build", "-o", path, "./program").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return path
}

func runProgram(t *testing.T, program string, interval int, arguments ...string) (result, *profile.Profile) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile")
	command := exec.Command(program, append(arguments, strconv.Itoa(interval), file)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	var r result
	if err := json.Unmarshal(output, &r); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"} {
		if got := p.SampleType[i].Type + "/" + p.SampleType[i].Unit; got != want {
			t.Fatalf("sample type %d is %s, not %s", i, got, want)
		}
	}
	for _, counter := range []string{"LostStacks", "LostShards", "LostLive", "CutNoRule", "CutUnsupported", "CutUnreadable", "CutDepth"} {
		if r.Stats[counter] != 0 {
			t.Errorf("%s is %d", counter, r.Stats[counter])
		}
	}
	return r, p
}

// verdict compares one run with the true amounts.
func verdict(t *testing.T, r result, p *profile.Profile, interval int) error {
	t.Helper()
	sites := sitesOf(r, float64(interval))
	var failed error
	var all deviations
	checks := 0
	for name, e := range estimates(p, sites) {
		s := sites[name]
		rounding := e.records / 2
		if interval == 1 {
			rounding = 0
		}
		failed = errors.Join(failed,
			compareQuantity(name+" alloc", e.allocCount, e.allocBytes, s.all, rounding),
			compareQuantity(name+" in-use", e.inuseCount, e.inuseBytes, s.alive, rounding))
		all.add(e.inuseCount, s.alive)
		all.add(e.allocCount-e.inuseCount, s.freed)
		checks += 4
	}
	mean, scatter, err := all.check()
	t.Logf("interval %d: %d sites, %d checks, %d samples; %d independent estimates together: mean %+.2f, scatter %+.2f standard errors",
		interval, len(sites), checks, r.Stats["Samples"], len(all), mean, scatter)
	return errors.Join(failed, err)
}

func testTwice(t *testing.T, program string, interval int, arguments ...string) {
	t.Helper()
	r, p := runProgram(t, program, interval, arguments...)
	err := verdict(t, r, p, interval)
	if err != nil && interval > 1 {
		t.Logf("failed, which chance may do once, so it is repeated: %v", err)
		r, p = runProgram(t, program, interval, arguments...)
		err = verdict(t, r, p, interval)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestEstimates: at interval 1 everything is seen exactly.
func TestEstimates(t *testing.T) {
	program := buildProgram(t)
	for _, interval := range []int{1, 4096, 512 * 1024} {
		t.Run(strconv.Itoa(interval), func(t *testing.T) { testTwice(t, program, interval) })
	}
}

// TestSmallSizesHaveNoBias: at the default interval few small allocations are sampled, so it takes tens of millions to see a bias.
func TestSmallSizesHaveNoBias(t *testing.T) {
	testTwice(t, buildProgram(t), 512*1024, "bias")
}
