package sharedlimit_test

import (
	"math"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler/internal/sharedlimit"
)

const mb = 1 << 20

// world is a process with Go and others in it. Each look is a second after the one before.
type world struct {
	t      *testing.T
	policy *sharedlimit.Policy
	at     time.Time
	f      sharedlimit.Figures
}

// newWorld has a limit of 1,000 MB for all, of which Go uses 100 MB, 40 of them live.
func newWorld(t *testing.T) *world {
	return &world{t: t, policy: sharedlimit.New(1000*mb, 1000*mb), at: time.Unix(1000, 0),
		f: sharedlimit.Figures{Process: 100 * mb, Go: 100 * mb, Fixed: 10 * mb, Live: 40 * mb}}
}

func (w *world) look() sharedlimit.Step {
	w.at = w.at.Add(time.Second)
	w.f.At, w.f.GoLimit = w.at, w.policy.InForce()
	return w.policy.Step(w.f)
}

// others makes others hold so much, and looks.
func (w *world) others(megabytes uint64) sharedlimit.Step {
	w.f.Process = w.f.Go + megabytes*mb
	return w.look()
}

func (w *world) want(step sharedlimit.Step, megabytes int64) {
	w.t.Helper()
	if step.Limit != megabytes*mb || w.policy.InForce() != step.Limit {
		w.t.Errorf("limit %.1f MB, want %d", float64(step.Limit)/mb, megabytes)
	}
}

func TestOthersAreTakenOff(t *testing.T) {
	w := newWorld(t)
	w.want(w.others(0), 1000)
	w.want(w.others(15), 1000) // less than a 64th
	w.want(w.others(16), 984)
	w.want(w.others(300), 700)
	w.want(w.others(310), 700)
	w.want(w.others(316), 684)
}

// Memory that Go has mapped and not written to is not in the process's figure.
func TestMoreMappedThanResident(t *testing.T) {
	w := newWorld(t)
	w.f.Go, w.f.Process = 500*mb, 300*mb
	w.want(w.look(), 1000)
	w.f.Process = 700 * mb // written to, and 200 MB more
	w.want(w.look(), 800)
}

func TestRaisedLateAndAtOnceWhenFree(t *testing.T) {
	w := newWorld(t)
	w.want(w.others(500), 500)
	for range 30 {
		w.want(w.others(450), 500) // less than a 16th
	}
	for range 10 {
		w.want(w.others(400), 500)
	}
	w.want(w.others(400), 600)
	for range 9 {
		w.want(w.others(100), 600)
	}
	w.want(w.others(390), 600) // it was not free for ten seconds
	for range 10 {
		w.want(w.others(100), 600)
	}
	w.want(w.others(100), 900)
	for range 10 {
		w.want(w.others(60), 900)
	}
	w.want(w.others(0), 900)
	for range 10 {
		w.others(0)
	}
	w.want(w.others(0), 1000) // all of it, though that is less than a 16th from 940
}

// At the floor the room above what is live is a quarter, and 3 % of the heap that Go's pacer keeps free; at least 4 MB.
func TestFloor(t *testing.T) {
	w := newWorld(t)
	w.f.Live, w.f.Stacks = 320*mb, 64*mb
	step := w.others(900)
	want := 10*mb + (320+96)*mb + (320+96)*mb/32
	if step.Limit != int64(want) || !step.AtFloor {
		t.Errorf("limit %d, want %d; at the floor: %t", step.Limit, want, step.AtFloor)
	}
	w.f.Live = 640 * mb // the floor rises at once
	if step = w.others(900); step.Limit != int64(10*mb+(640+176)*mb+(640+176)*mb/32) {
		t.Errorf("limit %d", step.Limit)
	}
	w.f.Live = 2000 * mb // never above the limit of the whole
	w.want(w.others(900), 1000)
	w = newWorld(t)
	w.f.Live = mb
	if step = w.others(2000); step.Limit != 10*mb+5*mb+5*mb/32 {
		t.Errorf("limit %d", step.Limit)
	}
	if step = w.others(100); step.AtFloor {
		t.Error("at the floor with 890 MB to spare")
	}
}

// While collections take too much of the CPU time, the room at the floor is doubled.
func TestCollectionsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.f.Live = 320 * mb
	room := func() float64 {
		heap := float64(w.others(900).Limit-10*mb) * 32 / 33
		return math.Round((heap/(320*mb) - 1) * 100)
	}
	w.f.CPUSeconds, w.f.GCSeconds = 50, 40 // before: not judged
	if got := room(); got != 25 {
		t.Errorf("room %.0f %%", got)
	}
	for i, want := range []float64{50, 100, 100} {
		w.f.CPUSeconds += 2
		w.f.GCSeconds += 1
		room() // judged by this look
		if got := room(); got != want {
			t.Errorf("%d: room %.0f %%, want %.0f", i, got, want)
		}
	}
	w.f.CPUSeconds += 0.5 // too little to judge
	w.f.GCSeconds += 0
	room()
	if got := room(); got != 100 {
		t.Errorf("room %.0f %%", got)
	}
	for i, want := range []float64{100, 50, 25, 25} {
		w.f.CPUSeconds += 10
		w.f.GCSeconds += []float64{3, 1, 1, 1}[i]
		room()
		for range 12 { // what is lowered is lowered by more than a 64th
			room()
		}
		if got := room(); got != want {
			t.Errorf("%d: room %.0f %%, want %.0f", i, got, want)
		}
	}
}

// If Go does not come down by itself a collection is asked for, seldom.
func TestCollectionIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.f.Go, w.f.Process = 800*mb, 800*mb
	if w.look().Collect {
		t.Error("Go is below its limit")
	}
	if w.others(500).Collect {
		t.Error("Go had no time to come down")
	}
	if !w.others(500).Collect {
		t.Error("Go stayed above its limit")
	}
	w.policy.Collected(w.at, 100*time.Millisecond)
	if w.others(500).Collect { // 1 s later
		t.Error("it took 0.1 s, and is repeated after less than 2 s")
	}
	if !w.others(500).Collect {
		t.Error("it was not repeated")
	}
	w.policy.Collected(w.at, time.Millisecond)
	w.f.Go, w.f.Process = 500*mb, 1000*mb // it came down
	for range 2 {
		if w.look().Collect {
			t.Error("Go is at its limit")
		}
	}
	w.f.Go, w.f.Live, w.f.Fixed = 800*mb, 600*mb, 195*mb
	for range 5 {
		if w.others(900).Collect {
			t.Error("there is nothing to gain")
		}
	}
}

func TestTimeUntilTheNextLook(t *testing.T) {
	policy := sharedlimit.New(8<<30, 8<<30)
	for process, want := range map[uint64]time.Duration{
		0: 2 * time.Second, 4 << 30: 2 * time.Second, 7 << 30: 500 * time.Millisecond, 8<<30 - 256*mb: 125 * time.Millisecond,
		8<<30 - 10*mb: 20 * time.Millisecond, 8 << 30: 20 * time.Millisecond, 9 << 30: 20 * time.Millisecond,
	} {
		if got := policy.Step(sharedlimit.Figures{At: time.Unix(1, 0), Process: process, Go: process}).Wait; got != want {
			t.Errorf("%d bytes: %s, want %s", process, got, want)
		}
	}
}

// Go has no limit of its own, the process has one.
func TestLimitOfTheCgroup(t *testing.T) {
	w := newWorld(t)
	w.policy = sharedlimit.New(math.MaxInt64, 900*mb)
	w.want(w.others(0), 900)
	w.want(w.others(100), 800)
	if w.policy.Own() != math.MaxInt64 {
		t.Errorf("own %d", w.policy.Own())
	}
	w.policy.Adopt(500 * mb) // by the program
	if w.policy.Whole() != 500*mb || w.policy.Own() != 500*mb {
		t.Errorf("%d, %d", w.policy.Whole(), w.policy.Own())
	}
	w.want(w.others(100), 400)
	w.policy.Adopt(math.MaxInt64)
	if step := w.others(100); step.Limit != math.MaxInt64 || step.Collect {
		t.Errorf("%+v", step)
	}
}
