package packages

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/hardened"
)

// machine is what a file of a release is named after; Go says it as Debian does.
type machine struct {
	debian, gnu string
	elf         elf.Machine
}

var machines = []machine{{"amd64", "x86_64", elf.EM_X86_64}, {"arm64", "aarch64", elf.EM_AARCH64}}

// named says for which machine the file is, and its name with MACHINE instead.
func named(file string) (*machine, string) {
	for i, m := range machines {
		for _, name := range []string{m.debian, m.gnu} {
			if strings.Contains(file, name) {
				return &machines[i], strings.ReplaceAll(strings.ReplaceAll(file, m.debian, "MACHINE"), m.gnu, "MACHINE")
			}
		}
	}
	return nil, file
}

type entry struct {
	content []byte
	link    string
	mode    os.FileMode
}

// released is an archive, a wheel or a package: what it has at which path.
type released struct {
	path    string
	machine *machine
	files   map[string]entry
}

// general is a path in it as the other machines' have it.
func (r *released) general(name string) string {
	return strings.ReplaceAll(name, r.machine.gnu+"-linux-gnu", "MACHINE")
}

func fromTar(t *testing.T, in io.Reader, strip string) map[string]entry {
	t.Helper()
	files := map[string]entry{}
	for reader := tar.NewReader(in); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeDir {
			continue
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		name := path.Clean(strings.TrimPrefix(strings.TrimPrefix(header.Name, "./"), strip))
		files[name] = entry{content, header.Linkname, os.FileMode(header.Mode)}
	}
}

func fromZip(t *testing.T, file string) map[string]entry {
	t.Helper()
	reader, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	files := map[string]entry{}
	for _, member := range reader.File {
		content, err := fs.ReadFile(reader, member.Name)
		if err != nil {
			t.Fatal(err)
		}
		files[member.Name] = entry{content, "", member.Mode()}
	}
	return files
}

func unpack(t *testing.T, file string, m *machine) *released {
	t.Helper()
	r := &released{path: file, machine: m}
	switch name := filepath.Base(file); {
	case strings.HasSuffix(name, ".tar.gz"):
		packed, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer packed.Close()
		unzipped, err := gzip.NewReader(packed)
		if err != nil {
			t.Fatal(err)
		}
		r.files = fromTar(t, unzipped, strings.TrimSuffix(name, ".tar.gz")+"/")
	case strings.HasSuffix(name, ".whl"):
		r.files = fromZip(t, file)
	default:
		out, err := exec.Command("dpkg-deb", "--fsys-tarfile", file).Output()
		if err != nil {
			t.Fatal(err)
		}
		r.files = fromTar(t, bytes.NewReader(out), "")
	}
	if len(r.files) == 0 {
		t.Fatal("nothing is in it")
	}
	return r
}

// write unpacks it into a new folder.
func (r *released) write(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, file := range r.files {
		to := filepath.Join(folder, name)
		err := os.MkdirAll(filepath.Dir(to), 0o755)
		if err == nil && file.link != "" {
			err = os.Symlink(file.link, to)
		} else if err == nil {
			err = os.WriteFile(to, file.content, file.mode.Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

var member = regexp.MustCompile(`(?s)^(.{16})(?:.{32})([0-9 ]{10})` + "`\n")

// objects calls each for every ELF file in it, also those in static libraries, and returns how many there are.
func (r *released) objects(t *testing.T, each func(name string, file *elf.File)) int {
	t.Helper()
	count := 0
	look := func(name string, content []byte) {
		if !bytes.HasPrefix(content, []byte(elf.ELFMAG)) {
			return
		}
		file, err := elf.NewFile(bytes.NewReader(content))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		count++
		each(name, file)
	}
	for name, file := range r.files {
		look(name, file.content)
		rest, isArchive := bytes.CutPrefix(file.content, []byte("!<arch>\n"))
		for isArchive && len(rest) > 0 {
			head, size := member.FindSubmatch(rest), 0
			if head == nil {
				t.Fatalf("%s is not a static library: %.60q", name, rest)
			}
			if _, err := fmt.Sscan(string(head[2]), &size); err != nil || 60+size > len(rest) {
				t.Fatalf("%s is cut: %v", name, err)
			}
			look(name+"("+strings.TrimSpace(string(head[1]))+")", rest[60:60+size])
			rest = rest[min(len(rest), 60+size+size%2):]
		}
	}
	return count
}

// TestReleased looks into what make release and make deb have written, in the folders $CMEMPROF_RELEASED (scripts/look-into): each file is for the machine
// that it is named after and runs there, hardened, with the same names in it as the others', and knows nothing of where it was built.
func TestReleased(t *testing.T) {
	folders := strings.FieldsFunc(os.Getenv("CMEMPROF_RELEASED"), func(c rune) bool { return c == '\n' })
	if len(folders) == 0 {
		t.Skip("scripts/look-into runs it")
	}
	same := map[string]*released{}
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range entries {
			m, general := named(file.Name())
			if m == nil || !strings.HasSuffix(general, ".tar.gz") && !strings.HasSuffix(general, ".whl") && !strings.HasSuffix(general, ".deb") {
				continue
			}
			t.Run(file.Name(), func(t *testing.T) {
				r := unpack(t, filepath.Join(folder, file.Name()), m)
				lookInto(t, r)
				if other := same[general]; other != nil {
					compare(t, other, r)
				}
				same[general] = r
				run(t, r)
			})
		}
	}
	if len(same) == 0 {
		t.Errorf("nothing is there for a machine: %q", folders)
	}
}

func lookInto(t *testing.T, r *released) {
	tree, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	debugData := strings.Contains(filepath.Base(r.path), "-dbgsym_")
	if r.objects(t, func(name string, file *elf.File) {
		if file.Machine != r.machine.elf {
			t.Errorf("%s is for %v", name, file.Machine)
		}
		for _, section := range file.Sections {
			if section.Flags&elf.SHF_COMPRESSED == 0 {
				continue // of the content, which is looked at below
			}
			if text, err := section.Data(); err != nil || bytes.Contains(text, []byte(tree)) {
				t.Errorf("%s of %s names the folder that it was built in: %v", section.Name, name, err)
			}
		}
		if file.Type == elf.ET_REL || debugData {
			return
		}
		function := "main"
		if strings.Contains(name, ".so") {
			function = "malloc"
		}
		hardened.Check(t, name, file, function)
	}) == 0 {
		t.Error("no program and no library is in it")
	}
	for name, file := range r.files {
		if bytes.Contains(file.content, []byte(tree)) {
			t.Errorf("%s names the folder that it was built in", name)
		}
	}
	if strings.HasSuffix(r.path, ".whl") {
		checkWheel(t, r)
	}
	if strings.HasSuffix(r.path, ".deb") {
		if got := field(t, r, "Architecture"); got != r.machine.debian {
			t.Errorf("it is for %q", got)
		}
	}
}

// field is one of a package's control file.
func field(t *testing.T, r *released, name string) string {
	t.Helper()
	out, err := exec.Command("dpkg-deb", "-f", r.path, name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func checkWheel(t *testing.T, r *released) {
	t.Helper()
	tag, listed := "py3-none-linux_"+r.machine.gnu, 0
	for name, file := range r.files {
		switch path.Base(name) {
		case "WHEEL":
			if !strings.HasSuffix(r.path, "-"+tag+".whl") || !bytes.Contains(file.content, []byte("\nTag: "+tag+"\n")) {
				t.Errorf("its tag is not %s: %s", tag, file.content)
			}
		case "RECORD":
			for _, line := range strings.Fields(string(file.content)) {
				part := strings.Split(line, ",")
				sum := sha256.Sum256(r.files[part[0]].content)
				if want := "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]); part[0] != name && part[1] != want {
					t.Errorf("%s is not %s", line, want)
				}
				listed++
			}
		}
	}
	if listed != len(r.files) {
		t.Errorf("RECORD lists %d of %d files", listed, len(r.files))
	}
}

// on makes a command for programs of that machine.
func on(t *testing.T, m *machine, program string, arguments ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOARCH == m.debian {
		return exec.Command(program, arguments...)
	}
	emulated := filepath.Join("..", "..", "scripts", "emulated")
	if out, err := exec.Command(emulated, "true").CombinedOutput(); err != nil {
		t.Skipf("not run: %s", out)
	}
	return exec.Command(emulated, append([]string{program}, arguments...)...)
}

const linked = `#include <stdio.h>
#include <stdlib.h>
#include <cmemprof.h>
int main(void) {
    enum cmemprof_error error = cmemprof_start(1);
    void *volatile kept = malloc(100);
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    uint8_t *bytes;
    size_t size;
    error = error ? error : cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size);
    printf("%s, %d\n", cmemprof_error_text(error), kept && size > 100);
    return error;
}
`

// run starts the command, which profiles itself by the archive's library, and a program that is linked to the static library.
func run(t *testing.T, r *released) {
	t.Helper()
	folder := r.write(t)
	version, err := exec.Command(filepath.Join("..", "..", "scripts", "version")).Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range r.files {
		switch file := filepath.Join(folder, name); path.Base(name) {
		case "cmemprof":
			if path.Base(path.Dir(name)) != "bin" {
				continue
			}
			if out, err := on(t, r.machine, file, "version").CombinedOutput(); err != nil || string(out) != "cmemprof "+string(version) {
				t.Errorf("%s: %v: %q, not of version %s", name, err, out, version)
			}
			if !strings.HasSuffix(r.path, ".tar.gz") {
				continue // has it below other names, or not
			}
			profile := filepath.Join(t.TempDir(), "p.pprof")
			if out, err := on(t, r.machine, file, "run", "--rate", "1", "-o", profile, "--", file, "version").CombinedOutput(); err != nil {
				t.Errorf("%s run: %v: %s", name, err, out)
			}
			if out, err := on(t, r.machine, file, "top", "--raw", profile).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("inuse_space")) {
				t.Errorf("%s top: %v: %s", name, err, out)
			}
		case "libcmemprof.a":
			source, program := filepath.Join(t.TempDir(), "p.c"), filepath.Join(t.TempDir(), "p")
			if err := os.WriteFile(source, []byte(linked), 0o600); err != nil {
				t.Fatal(err)
			}
			header := "include"
			if strings.HasSuffix(r.path, ".deb") {
				header = "usr/include"
			}
			arguments := []string{"-o", program, "-I" + filepath.Join(folder, header), source, file, "-pthread", "-ldl"}
			if out, err := exec.Command(r.machine.gnu+"-linux-gnu-gcc", arguments...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			} else if out, err := on(t, r.machine, program).CombinedOutput(); err != nil || string(out) != "ok, 1\n" {
				t.Errorf("%s: %v: %q", name, err, out)
			}
		}
	}
}

var versions = regexp.MustCompile(` \([^)]*\)`)

// compare says what one machine's has and the other's has not.
func compare(t *testing.T, a, b *released) {
	t.Helper()
	general := map[string]entry{}
	for name, file := range a.files {
		general[a.general(name)] = file
	}
	debugData := strings.Contains(a.path, "-dbgsym_") // named after the build ID
	for name, file := range b.files {
		other, found := general[b.general(name)]
		delete(general, b.general(name))
		if debugData {
			continue
		}
		switch {
		case !found:
			t.Errorf("%s is only there", name)
		case other.mode != file.mode || a.general(other.link) != b.general(file.link):
			t.Errorf("%s is %v %s there, %v %s here", name, other.mode, other.link, file.mode, file.link)
		}
	}
	for name := range general {
		if !debugData {
			t.Errorf("%s is only here", name)
		}
	}
	if !strings.HasSuffix(a.path, ".deb") {
		return
	}
	for _, name := range []string{"Depends", "Pre-Depends", "Recommends", "Suggests"} {
		if of, to := versions.ReplaceAllString(field(t, a, name), ""), versions.ReplaceAllString(field(t, b, name), ""); of != to {
			t.Errorf("%s: %s, and %s", name, of, to)
		}
	}
	// Both can be installed at once, so what they share is the same.
	if field(t, a, "Multi-Arch") == "same" && !debugData {
		for name, file := range a.files {
			if other, shared := b.files[name]; shared && !bytes.Equal(file.content, other.content) {
				t.Errorf("%s is another file there", name)
			}
		}
	}
}
