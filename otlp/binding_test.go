//go:build cgo

package otlp_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/otlp"
)

func encoded(t *testing.T, at time.Time, duration time.Duration) []byte {
	t.Helper()
	f := &profile.Function{ID: 1, Name: "main"}
	l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f}}}
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}}, DurationNanos: int64(duration),
		Function: []*profile.Function{f}, Location: []*profile.Location{l}, Sample: []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{1}}}}
	if !at.IsZero() {
		p.TimeNanos = at.UnixNano()
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What a profile says of its time holds; one without a duration gets the file's.
func TestTimeOfFiles(t *testing.T) {
	start, own := time.Unix(1700000000, 5), time.Unix(1600000000, 7)
	for name, c := range map[string]struct {
		data         []byte
		duration     time.Duration
		wantTime     time.Time
		wantDuration time.Duration
	}{
		"none":            {encoded(t, time.Time{}, 0), time.Minute, start, time.Minute},
		"time only":       {encoded(t, own, 0), time.Minute, start, time.Minute},
		"both":            {encoded(t, own, time.Second), time.Minute, own, time.Second},
		"nothing of file": {encoded(t, own, 0), 0, own, 0},
	} {
		request, err := otlp.Encode(nil, []otlp.File{{Name: "a.pprof", Profile: c.data, Start: start, Duration: c.duration}})
		if err != nil {
			t.Fatal(err)
		}
		read, err := otlp.Decode(request)
		if err != nil || len(read) != 1 {
			t.Fatalf("%s: %d profiles, %v", name, len(read), err)
		}
		p, err := profile.ParseData(read[0].Profile)
		if err != nil {
			t.Fatal(err)
		}
		if p.TimeNanos != c.wantTime.UnixNano() || p.DurationNanos != int64(c.wantDuration) {
			t.Errorf("%s: %d for %d, want %d for %d", name, p.TimeNanos, p.DurationNanos, c.wantTime.UnixNano(), c.wantDuration)
		}
	}
}

func TestResourceComesBack(t *testing.T) {
	resource := []otlp.Attribute{{Key: "service.name", Text: "shop"}, {Key: "process.pid", Number: 7, IsNumber: true}, {Key: "empty"}}
	request, err := otlp.Encode(resource, []otlp.File{{Name: "a.pprof", Profile: encoded(t, time.Time{}, 0)}})
	if err != nil {
		t.Fatal(err)
	}
	read, err := otlp.Decode(request)
	if err != nil || len(read) != 1 {
		t.Fatalf("%d profiles, %v", len(read), err)
	}
	if !reflect.DeepEqual(read[0].Resource, resource) {
		t.Errorf("%+v, want %+v", read[0].Resource, resource)
	}
}

func TestFaultNamesTheFile(t *testing.T) {
	good := encoded(t, time.Time{}, 0)
	_, err := otlp.Encode(nil, []otlp.File{{Name: "a.pprof", Profile: good}, {Name: "b.pprof", Profile: good[:len(good)/2]}})
	var bad *otlp.FileError
	var fault *merge.Error
	if !errors.As(err, &bad) || bad.Index != 1 || !errors.As(err, &fault) {
		t.Errorf("%v", err)
	}
}
