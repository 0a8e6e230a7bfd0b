// Package owners tests what is said of a program's owners of C memory: its own functions, not the library's that they call, with every block that was
// opened and closed.
package owners

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
	"github.com/cmemprof/cmemprof/e2e/profiles"
)

type sum struct {
	Bytes, Blocks int64
	Error         float64 `json:"blocks_error"`
}

type owner struct {
	Function               struct{ Name, Kind string }
	Library, Opens, Closes string
	Live, Allocated, Freed *sum
}

func TestOwnersOfAGoProgram(t *testing.T) {
	folder := t.TempDir()
	program, file := filepath.Join(folder, "program"), filepath.Join(folder, "heap.pprof")
	for _, command := range [][]string{{"go", "build", "-o", program, "./program"}, {program, file}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", command, err, out)
		}
	}
	command := built.Program(t, "CMEMPROF_COMMAND", "cmemprof")
	out, err := exec.Command(command, "owners", "--json", "--lines", "1000", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		IsFromStart bool `json:"is_from_start"`
		Total       struct{ Live, Allocated sum }
		Owners      []owner
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !answer.IsFromStart {
		t.Error("what was freed is not known")
	}
	const own = "github.com/cmemprof/cmemprof/e2e/owners/program/store."
	find := func(function, opens string) owner {
		for _, row := range answer.Owners {
			if row.Function.Name == own+function && row.Opens == opens {
				return row
			}
		}
		t.Fatalf("no row of %s with %q in\n%s", function, opens, out)
		return owner{}
	}
	// Of a name one block is made: the figures are exact, since each block was a sample.
	names := find("Keep", "C.CString")
	if names.Closes != "C.free" || names.Live.Blocks != 60 || names.Allocated.Blocks != 100 || names.Freed.Blocks != 40 || names.Live.Error != 0 ||
		names.Library != strings.TrimSuffix(own, ".") {
		t.Errorf("names: %+v %+v %+v %+v", names, names.Live, names.Allocated, names.Freed)
	}
	// A statement is several blocks, of which some are freed before it is prepared; SQLite has room of its own for others.
	statements := find("Prepare", "sqlite3_prepare_v2")
	live, made := int64(0), int64(0)
	for _, sample := range profiles.Read(t, file).Sample {
		names := ""
		for _, location := range sample.Location {
			for _, line := range location.Line {
				names += line.Function.Name + "\n"
			}
		}
		if strings.Contains(names, "sqlite3_prepare_v2\n") && strings.Contains(names, own+"Prepare\n") {
			live += sample.Value[2]
			made += sample.Value[0]
		}
	}
	if statements.Closes != "sqlite3_finalize" || statements.Library != "github.com/mattn/go-sqlite3" || live == 0 || statements.Live.Blocks != live ||
		statements.Allocated.Blocks != made || statements.Freed.Blocks != made-live || made == live {
		t.Errorf("%d of %d blocks in use; statements: %+v %+v %+v %+v", live, made, statements, statements.Live, statements.Allocated, statements.Freed)
	}
	if connection := find("Prepare", "sqlite3_open_v2"); connection.Closes != "sqlite3_close_v2" || connection.Live.Bytes < 40000 {
		t.Errorf("connection: %+v %+v", connection, connection.Live)
	}
	// All rows add up to the profile's C memory.
	var rows, want sum
	for _, row := range answer.Owners {
		rows.Bytes += row.Live.Bytes
		rows.Blocks += row.Allocated.Blocks
	}
	for _, sample := range profiles.Read(t, file).Sample {
		if sample.Label["memory"] != nil {
			want.Bytes += sample.Value[3]
			want.Blocks += sample.Value[0]
		}
	}
	if rows != want || answer.Total.Live.Bytes != want.Bytes || answer.Total.Allocated.Blocks != want.Blocks {
		t.Errorf("rows add up to %+v, the total is %+v, the profile has %+v", rows, answer.Total, want)
	}
}
