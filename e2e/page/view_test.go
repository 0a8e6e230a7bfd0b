package page

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// `cmemprof view FILE`: the page of that file until Ctrl-C, at the address that it prints, to which the file that it gives to a browser leads.
func TestView(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file, given := filepath.Join(folder, "stacks.folded"), filepath.Join(folder, "given")
	if err := os.WriteFile(file, []byte("main;handle;parse 30\nmain;handle;store 70\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	opener := "#!/bin/sh\necho \"$1\" >'" + given + ".part' && mv '" + given + ".part' '" + given + "'\n"
	if err := os.WriteFile(filepath.Join(folder, "xdg-open"), []byte(opener), 0o700); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "view", file)
	command.Env = append(os.Environ(), "DISPLAY=:0", "PATH="+folder+":"+os.Getenv("PATH"))
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGINT)
		if err := command.Wait(); err != nil {
			t.Error(err)
		}
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var forBrowser []byte
	for until := time.Now().Add(20 * time.Second); len(forBrowser) == 0; time.Sleep(20 * time.Millisecond) {
		forBrowser, _ = os.ReadFile(given)
		if time.Now().After(until) {
			t.Fatal("no browser was opened")
		}
	}
	view := chromium.open(t)
	view.do(chromedp.Navigate(strings.TrimSpace(string(forBrowser))), chromedp.WaitReady("#frame")) // not in the file: until has one page
	view.until(`document.querySelector("#frame").textContent.startsWith("all · 100")`)
	view.expect(`location.search.includes("token")`, "false") // a cookie has it now
	view.expect(`location.origin + location.pathname + location.search`, strings.Split(address, "&token=")[0])
	view.cleanBut(t, "another host: file://")
}
