package command

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The rows of --json have the values of `go tool pprof -top`, also of a difference.
func TestJSON(t *testing.T) {
	for name, p := range captured(t) {
		if strings.HasSuffix(name, "/events.pprof") { // labels without functions: frames are made of them here
			continue
		}
		p.DropFrames = "" // pprof leaves these frames out, cmemprof shows them
		path := write(t, p)
		st := p.SampleType[len(p.SampleType)-1]
		for _, options := range [][]string{{path}, {"-diff_base", path, path}} {
			out := succeed(t, append([]string{"top", "--json", "--by", "function", "--lines", "1000000", "--type", st.Type}, options...)...)
			var answer struct {
				Type, Unit string
				Rows       []struct {
					Value, Total int64
					Name, File   string
				}
				Left int `json:"rows_left_out"`
			}
			if err := json.Unmarshal([]byte(out), &answer); err != nil || answer.Type != st.Type || answer.Unit != st.Unit || answer.Left != 0 {
				t.Fatalf("%s: %v %s", name, err, out)
			}
			var text strings.Builder
			for _, row := range answer.Rows {
				if row.Name == "" { // samples without a stack
					continue
				}
				fmt.Fprintf(&text, "%d 0%% %d 0%%  %s\n", row.Value, row.Total, strings.TrimRight(row.Name+" "+row.File, " "))
			}
			if len(options) > 1 {
				if len(answer.Rows) != 0 {
					t.Errorf("%s: the difference to itself has %d rows", name, len(answer.Rows))
				}
				continue
			}
			compare(t, name, text.String(), goPprof(t, st, "-filefunctions", path))
		}
	}
}
