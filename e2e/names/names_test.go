// Package names compares names with those of other tools: frames with libdw's, demangled names with c++filt's.
package names

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

func mustRun(t *testing.T, input, name string, arguments ...string) string {
	t.Helper()
	c := exec.Command(name, arguments...)
	c.Stdin = strings.NewReader(input)
	output, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, arguments, err, output)
	}
	return string(output)
}

// beside compares frames at every n-th address of each file ("file,debug-file") with libdw's.
func beside(t *testing.T, every string, files ...string) {
	t.Helper()
	output := mustRun(t, "", built.Program(t, "CMEMPROF_BESIDE_LIBDW", "beside-libdw"), append([]string{every}, files...)...)
	t.Log(strings.TrimSpace(output))
}

func runIn(t *testing.T, directory, name string, arguments ...string) {
	t.Helper()
	c := exec.Command(name, arguments...)
	c.Dir = directory
	if output, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, arguments, err, output)
	}
}

func compile(t *testing.T, compiler, source string, flags ...string) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("programs", source))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "program")
	arguments := append(append([]string{"-g", "-w", "-o", program}, flags...), source)
	runIn(t, filepath.Dir(program), compiler, arguments...) // where split data lands
	return program
}

// TestFramesAreThoseOfLibdw: debug data of both compilers in each DWARF version and compression, with units that refer to one another. libdw
// takes seconds for each, so most run only in make stress.
func TestFramesAreThoseOfLibdw(t *testing.T) {
	ways := []string{"g++ -O2 -gdwarf-5 -gz=zlib", "clang++ -O2 -gdwarf-4", "g++ -O2 -flto"}
	if os.Getenv("CMEMPROF_STRESS") == "full" {
		ways = append(ways, "g++ -O2 -gdwarf-3", "g++ -O2 -gdwarf-4", "clang++ -O2 -gdwarf-3", "clang++ -O2 -gdwarf-5 -gz=zlib", "clang++ -O2 -flto",
			"g++ -O2 -gdwarf-5 -gdwarf64", "g++ -O2 -gz=zlib-gnu", "g++ -O2 -fdebug-types-section")
	}
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			compiler, flags, _ := strings.Cut(way, " ")
			beside(t, "90", compile(t, compiler, "scopes.cc", strings.Fields(flags)...))
		})
	}
}

func TestSplitDebugData(t *testing.T) {
	for compiler, version := range map[string]string{"g++": "-gdwarf-5", "clang++": "-gdwarf-4"} {
		t.Run(compiler+version, func(t *testing.T) {
			beside(t, "90", compile(t, compiler, "scopes.cc", "-O2", "-gsplit-dwarf", version))
		})
	}
}

// TestPackagedDebugData: a program without its split data, but with the package made of it. libdw reads the files that the package
// was made of. binutils' dwp (2.40) crashes on DWARF 5, and llvm-dwp (14) hangs on gcc's.
func TestPackagedDebugData(t *testing.T) {
	for _, way := range []string{"g++ -gdwarf-4 dwp", "clang++ -gdwarf-4 dwp", "clang++ -gdwarf-4 llvm-dwp", "clang++ -gdwarf-5 llvm-dwp"} {
		t.Run(way, func(t *testing.T) {
			words, made, moved := strings.Fields(way), t.TempDir(), filepath.Join(t.TempDir(), "moved")
			var sources []string
			for _, source := range []string{"mangled.cc", "scopes.cc"} {
				source, err := filepath.Abs(filepath.Join("programs", source))
				if err != nil {
					t.Fatal(err)
				}
				sources = append(sources, source)
			}
			runIn(t, made, words[0], append([]string{words[1], "-w", "-O2", "-gsplit-dwarf", "-o", "program"}, sources...)...)
			runIn(t, made, words[2], "-e", "program", "-o", "program.dwp")
			if err := os.Rename(made, moved); err != nil {
				t.Fatal(err)
			}
			program := filepath.Join(t.TempDir(), "program")
			mustRun(t, "", "cp", filepath.Join(moved, "program"), program)
			mustRun(t, "", "mv", filepath.Join(moved, "program.dwp"), program+".dwp")
			beside(t, "30", program+","+filepath.Join(moved, "program"))
		})
	}
}

// TestDebugFileByLink: stripped, with a debug file beside it.
func TestDebugFileByLink(t *testing.T) {
	program := compile(t, "g++", "scopes.cc", "-O2")
	debug := program + ".debug"
	mustRun(t, "", "objcopy", "--only-keep-debug", program, debug)
	mustRun(t, "", "objcopy", "--strip-all", "--add-gnu-debuglink="+debug, program)
	beside(t, "60", program+","+debug)
}

// TestLibc: the distribution's libc with its common parts moved to a separate file (dwz), if its debug file is installed.
func TestLibc(t *testing.T) {
	const libc = "/lib/x86_64-linux-gnu/libc.so.6"
	id := regexp.MustCompile(`Build ID: (\w\w)(\w+)`).FindStringSubmatch(mustRun(t, "", "readelf", "-n", libc))
	if id == nil {
		t.Skip("it has no build ID")
	}
	debug := filepath.Join("/usr/lib/debug/.build-id", id[1], id[2]+".debug")
	if _, err := os.Stat(debug); err != nil {
		t.Skip("libc6-dbg is not installed")
	}
	beside(t, "200", libc+","+debug)
}

// mangled returns the C++ and Rust names in a file.
func mangled(t *testing.T, arguments ...string) []string {
	var names []string
	for _, line := range strings.Split(mustRun(t, "", "nm", arguments...), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		name, _, _ := strings.Cut(fields[len(fields)-1], "@")
		if strings.HasPrefix(name, "_Z") || strings.HasPrefix(name, "_R") {
			names = append(names, name)
		}
	}
	return names
}

// TestNamesAreThoseOfCxxfilt: names of libstdc++ and of a program with all kinds. c++filt (binutils 2.40) omits a blank after an empty pack.
func TestNamesAreThoseOfCxxfilt(t *testing.T) {
	library := strings.TrimSpace(mustRun(t, "", "g++", "-print-file-name=libstdc++.so.6"))
	names := mangled(t, "-D", "--defined-only", library)
	object := filepath.Join(t.TempDir(), "mangled.o")
	for _, compiler := range []string{"g++", "clang++"} {
		for _, standard := range []string{"-std=c++14", "-std=c++20"} {
			mustRun(t, "", compiler, "-w", "-c", standard, "-o", object, filepath.Join("programs", "mangled.cc"))
			names = append(names, mangled(t, object)...)
		}
	}
	input := strings.Join(names, "\n") + "\n"
	ours := strings.Split(mustRun(t, input, built.Program(t, "CMEMPROF_DEMANGLE", "demangle")), "\n")
	theirs := strings.Split(mustRun(t, input, "c++filt", "-i"), "\n")
	if len(ours) != len(theirs) || len(names) < 1000 {
		t.Fatalf("%d names, %d and %d lines", len(names), len(ours), len(theirs))
	}
	otherwise := regexp.MustCompile(`Ul.*E[0-9]*_[CD][0-9]E|CI[0-9]`) // it calls their constructors, and inherited ones, by another name
	for i, name := range names {
		if !otherwise.MatchString(name) && strings.ReplaceAll(ours[i], "> >", ">>") != strings.ReplaceAll(theirs[i], "> >", ">>") {
			t.Errorf("%s\nours    %s\nc++filt %s", name, ours[i], theirs[i])
		}
	}
	t.Logf("%d names", len(names))
}

// TestPreloadedLibraryNeedsLibcAlone: LD_LIBRARY_PATH could replace any other library that it needed.
func TestPreloadedLibraryNeedsLibcAlone(t *testing.T) {
	library := built.Program(t, "CMEMPROF_LIBRARY", "libcmemprof.so")
	for _, needed := range regexp.MustCompile(`NEEDED.*\[(.*)\]`).FindAllStringSubmatch(mustRun(t, "", "readelf", "-d", library), -1) {
		if !regexp.MustCompile(`^(libc|libdl|libpthread|ld-linux-x86-64)\.so\.[0-9]+$`).MatchString(needed[1]) {
			t.Errorf("it needs %s", needed[1])
		}
	}
}

// TestForeignLibrariesInTheWay: a directory with different libraries of the same names comes first, as conda's does; for the program only, or for
// the command as well. It has every library that the command needs, directly or not, except those that any program needs.
func TestForeignLibrariesInTheWay(t *testing.T) {
	folder, profiles := t.TempDir(), t.TempDir()
	command := built.Program(t, "CMEMPROF_COMMAND", "cmemprof")
	foreign := filepath.Join(profiles, "foreign.so")
	mustRun(t, "int other;\n", "gcc", "-shared", "-x", "c", "-o", foreign, "-")
	content, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	needed := regexp.MustCompile(`(?m)^\s*(\S+) => /`).FindAllStringSubmatch(mustRun(t, "", "ldd", command), -1)
	names := []string{"libdw.so.1", "libelf.so.1"}
	for _, library := range needed {
		if !regexp.MustCompile(`^lib(c|m|dl|pthread|asan|ubsan|gcc_s|stdc\+\+)\.so`).MatchString(library[1]) {
			names = append(names, library[1])
		}
	}
	if len(names) < 8 || !slices.Contains(names, "libzstd.so.1") || !slices.Contains(names, "libz.so.1") { // libz: of libcurl
		t.Fatalf("the command needs only %v", names)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	foreignFirst := "LD_LIBRARY_PATH=" + folder
	for name, way := range map[string]struct{ before, program []string }{
		"program": {nil, []string{"env", foreignFirst, "/bin/true"}},
		// All names are looked up at once: what is foreign is noticed without being called.
		"command": {[]string{foreignFirst, "LD_BIND_NOW=1"}, []string{"/bin/true"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(profiles, name+".pprof")
			mustRun(t, "", "env", slices.Concat(way.before, []string{command, "run", "--rate", "1", "--output", file, "--"}, way.program)...)
			if _, err := os.Stat(file); err != nil {
				t.Error(err)
			}
		})
	}
}
