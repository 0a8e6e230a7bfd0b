// Package java makes recordings of Java Flight Recorder, of a program with planted work (program/Load.java): by JDKs, by dd-java-agent and by
// async-profiler. What is not installed is fetched and kept below build/; where that is not possible, the test is skipped. Tests run in a folder of e2e.
package java

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// kept is a folder below build/ for what is the same each time. Hidden, since make looks for dependencies in all others.
func kept(t testing.TB, name string) string {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", "..", "build", ".java", name))
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func run(t testing.TB, folder, name string, arguments ...string) []byte {
	t.Helper()
	command := exec.Command(name, arguments...)
	command.Dir = folder
	var output, log bytes.Buffer
	command.Stdout, command.Stderr = &output, &log
	if err := command.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(arguments, " "), err, &output, &log)
	}
	return output.Bytes()
}

// ---- JDKs ----

// JDK is an installed JDK. java starts it; what else it needs comes before the program's own arguments.
type JDK struct {
	version string
	java    []string
}

func (j JDK) Command(arguments ...string) *exec.Cmd {
	return exec.Command(j.java[0], append(append([]string{}, j.java[1:]...), arguments...)...)
}

func installedJDK(version string) (JDK, bool) {
	for _, pattern := range []string{"/usr/lib/jvm/*-" + version + "-*/bin/java", "/usr/lib/jvm/*-" + version + "/bin/java"} {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return JDK{version, found[:1]}, true
		}
	}
	return JDK{}, false
}

// AnyJDK is the one of the PATH.
func AnyJDK(t testing.TB) JDK {
	t.Helper()
	for _, program := range []string{"java", "javac", "jfr"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s: install a JDK (Debian: default-jdk-headless)", program)
		}
	}
	return JDK{"of the PATH", []string{"java"}}
}

// Which of Debian's releases has it, and what it needs of that release's own libraries.
var debians = map[string]struct{ suite, libraries string }{"11": {"bullseye", ""}, "21": {"trixie", "libc6 libstdc++6 libgcc-s1 zlib1g"}}

// TheJDK is a JDK of this machine, or of a release of Debian that has it, unpacked below build/.
func TheJDK(t testing.TB, version string) JDK {
	t.Helper()
	if found, ok := installedJDK(version); ok {
		return found
	}
	debian, ok := debians[version]
	if !ok {
		t.Skipf("no JDK %s in /usr/lib/jvm", version)
	}
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skipf("no JDK %s in /usr/lib/jvm, and no Debian to fetch it from", version)
	}
	folder := kept(t, "jdk-"+version)
	if _, err := os.Stat(filepath.Join(folder, ".unpacked")); err != nil {
		out, err := exec.Command("bash", "../java/program/fetch-jdk", folder, debian.suite,
			fmt.Sprintf("openjdk-%s-jdk-headless openjdk-%s-jre-headless %s", version, version, debian.libraries)).CombinedOutput()
		if err != nil {
			t.Skipf("no JDK %s in /usr/lib/jvm, and it cannot be fetched: %s", version, out)
		}
	}
	found, err := filepath.Glob(filepath.Join(folder, "usr/lib/jvm/java-"+version+"-*/bin/java"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %v", found, err)
	}
	if debian.libraries == "" {
		return JDK{version, found}
	}
	libraries, err := filepath.Glob(filepath.Join(folder, "usr/lib/*-linux-gnu"))
	if err != nil || len(libraries) != 1 {
		t.Fatalf("%v %v", libraries, err)
	}
	loader, err := filepath.Glob(filepath.Join(libraries[0], "ld-linux-*"))
	if err != nil || len(loader) != 1 {
		t.Fatalf("%v %v", loader, err)
	}
	// Its helper that starts programs would be loaded by this machine's libc.
	return JDK{version, []string{loader[0], "--library-path", libraries[0], found[0], "-Djdk.lang.Process.launchMechanism=VFORK"}}
}

// ---- Programs ----

var (
	compiling  sync.Mutex
	classesDir string
)

// Classes is the folder of program/*.java, compiled.
func Classes(t testing.TB) string {
	t.Helper()
	AnyJDK(t)
	compiling.Lock()
	defer compiling.Unlock()
	if classesDir == "" {
		sources, err := filepath.Glob("../java/program/*.java")
		if err != nil {
			t.Fatal(err)
		}
		folder := kept(t, "classes")
		run(t, ".", "javac", append([]string{"--release", "11", "-d", folder}, sources...)...)
		classesDir = folder
	}
	return classesDir
}

// Jar is an artifact of Maven Central, "group:artifact:version", kept below build/.
func Jar(t testing.TB, artifact string) string {
	t.Helper()
	if _, err := exec.LookPath("mvn"); err != nil {
		t.Skip("no mvn: install Maven (Debian: maven)")
	}
	compiling.Lock()
	defer compiling.Unlock()
	parts := strings.Split(artifact, ":")
	folder := kept(t, "jars")
	file := filepath.Join(folder, parts[1]+"-"+parts[2]+".jar")
	if _, err := os.Stat(file); err != nil {
		run(t, folder, "mvn", "--quiet", "--batch-mode", "dependency:copy", "-Dartifact="+artifact, "-DoutputDirectory="+folder)
	}
	return file
}
