package ways

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const gatedSource = `
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
char *keep[200];
int main(int count, char **words) {
    for (int i = 0; i < 200; i++) memset(keep[i] = malloc(1 << 20), 1, 1 << 20);
    if (count > 1 && strcmp(words[1], "exec") == 0) execlp("true", "true", (char *)NULL);
    if (count > 1 && strcmp(words[1], "kill") == 0) kill(getpid(), 9);
    if (count > 1 && strcmp(words[1], "fork") == 0 && fork() == 0) abort();
    return 0;
}
`

// TestRunGateIsNoFalseAllClear: what has not been measured keeps no limit; what has ended long ago and was measured does.
func TestRunGateIsNoFalseAllClear(t *testing.T) {
	folder := t.TempDir()
	source, program := filepath.Join(folder, "gated.c"), filepath.Join(folder, "gated")
	if err := os.WriteFile(source, []byte("#define _GNU_SOURCE\n#include <signal.h>\n"+gatedSource), 0o644); err != nil {
		t.Fatal(err)
	}
	mustRun(t, exec.Command("gcc", "-O1", "-o", program, source))
	pure := filepath.Join(folder, "pure")
	if err := os.WriteFile(pure+".go", []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]string{"static": "exe", "pie": "pie"} {
		build := exec.Command("go", "build", "-buildmode="+mode, "-o", pure+"-"+name, pure+".go")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		mustRun(t, build)
	}
	for _, c := range []struct {
		arguments []string
		status    int
		says      string
	}{
		{[]string{"--follow-children", "--fail-if", "leaked>1GB", "--", "sh", "-c", program + " kill; true"}, 3, "FAILED leaked>1GB: not known: process"},
		{[]string{"--follow-children", "--fail-if", "leaked>1GB", "--", program, "fork"}, 3, "FAILED leaked>1GB: not known: process"},
		{[]string{"--fail-if", "peak>1GB", "--fail-if", "leaked>1MB", "--", program, "exec"}, 3, "FAILED peak>1GB: not known: what process"},
		{[]string{"--fail-if", "leaked>1MB", "--", program, "exec"}, 0, "passed leaked>1MB"},
		{[]string{"--follow-children", "--fail-if", "peak>10GB", "--fail-if", "leaked>10GB", "--", "bash", "-c", "for i in 1 2 3; do /bin/true; done; true"}, 0, "passed peak>10GB"},
		{[]string{"--follow-children", "--fail-if", "leaked>10GB", "--", "bash", "-c", pure + "-static; true"}, 3, "became a program that is not profiled"},
		{[]string{"--follow-children", "--without-c", "--fail-if", "leaked>1GB", "--", pure + "-static"}, 3, "its children were not looked at"},
		{[]string{"--follow-children", "--", pure + "-pie"}, 125, "wrote no profile"},
		{[]string{"--fail-if", "leaked>1GB", "--", program, "kill"}, 137, "FAILED leaked>1GB: not known"},
		{[]string{"--fail-if", "peak_rss>100GB", "--", program, "kill"}, 137, "passed peak_rss>100GB"},
		{[]string{"--follow-children", "--period", "500ms", "--fail-if", "leaked>1GB", "--", "sh", "-c", program + "; sleep 1.5; true"}, 0, "passed leaked>1GB"},
		{[]string{"--without-c", "--fail-if", "leaked>0", "--fail-if", "peak_rss>1GB", "--", pure + "-static"}, 0, "passed leaked>0"},
		{[]string{"--without-c", "--fail-if", "leaked>0", "--", pure + "-pie"}, 0, "passed leaked>0"},
		{[]string{"--fail-if", "leaked>0", "--", pure + "-pie"}, 125, "a Go program without C code"},
		{[]string{"--follow-children", "--", "sh", "-c", pure + "-pie; echo status $?"}, 0, "status 0\n"},
	} {
		command := runCommand(t, append([]string{"-o", "x.pprof"}, c.arguments...)...)
		if output, status := run(t, command); status != c.status || !strings.Contains(output, c.says) {
			t.Errorf("%v: status %d, not %d, or it does not say %q:\n%s", c.arguments, status, c.status, c.says, output)
		}
	}
}
