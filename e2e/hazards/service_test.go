package hazards

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// Output of service/main.go.
type outcome struct {
	Profiles                    int
	Samples, LostStacks         uint64
	AllocObjects, InUse, Events int64
	GoAndC                      int64 // samples whose stack has both a C function and the Go function that called it
	CutUnreadable, CutNoRule    uint64
	Missing                     int64 // samples that the last profile neither shows nor counts as lost
}

// A Go program with C: under Go's own CPU profiler at 1 kHz, with 64 goroutines in C, and while it starts other programs.
func TestGo(t *testing.T) {
	program := built("service")
	command(t, "go", "build", "-o", program, "./service")
	rounds := strconv.Itoa(20 * scale())
	for _, what := range []string{"cpu", "goroutines", "exec"} {
		for _, rate := range []int{1, 4096, 524288} {
			t.Run(fmt.Sprintf("%s/%d", what, rate), func(t *testing.T) {
				t.Parallel()
				var got outcome
				out := run(t, nil, program, what, strconv.Itoa(rate), rounds)
				if err := json.Unmarshal([]byte(out), &got); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				t.Log(strings.TrimSpace(out))
				if got.Samples == 0 || got.Profiles == 0 || got.Events == 0 {
					t.Error("nothing happened")
				}
				if rate == 1 && uint64(got.AllocObjects)+got.LostStacks != got.Samples {
					t.Errorf("%d samples, %d emitted, %d lost", got.Samples, got.AllocObjects, got.LostStacks)
				}
				if got.Missing != 0 {
					t.Errorf("%d samples are neither in the profile nor counted as lost", got.Missing)
				}
				if got.InUse > got.AllocObjects {
					t.Errorf("%d in use of %d", got.InUse, got.AllocObjects)
				}
				if got.GoAndC == 0 {
					t.Error("no stack has C and Go")
				}
			})
		}
	}
}
