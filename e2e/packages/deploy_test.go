package packages

import (
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// buildAs runs the go build of a Dockerfile in docs/examples/deploy with the service of docs/examples, and returns the program.
func buildAs(t *testing.T, dockerfile string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^RUN (CGO_ENABLED=1 go build.*) -o /service \.$`).FindStringSubmatch(read(t, "docs", "examples", "deploy", dockerfile))
	if m == nil {
		t.Fatalf("%s does not build /service", dockerfile)
	}
	program := filepath.Join(t.TempDir(), "service")
	c := exec.Command("sh", "-c", m[1]+` -o "$0" .`, program)
	c.Dir = filepath.Join("..", "..", "docs", "examples", "service")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", m[1], err, out)
	}
	return program
}

// copyInto copies a file to the same path in another root, or to /NAME if that is not "".
func copyInto(t *testing.T, root, path, name string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if name != "" {
		path = "/" + name
	}
	target := filepath.Join(root, path)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(target), 0o755)
	}
	if err == nil {
		err = os.WriteFile(target, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ofLibc are the libraries that glibc itself brings.
var ofLibc = map[string]bool{"libc.so.6": true, "libm.so.6": true, "libdl.so.2": true, "libpthread.so.0": true, "libresolv.so.2": true}

// image makes a root with the program and libc's libraries that it names, and nothing else, and returns how many files that are.
func image(t *testing.T, program string) (root string, files int) {
	t.Helper()
	root = t.TempDir()
	copyInto(t, root, program, "service")
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	files = 1
	if section := file.Section(".interp"); section != nil {
		name, err := section.Data()
		if err != nil {
			t.Fatal(err)
		}
		copyInto(t, root, strings.TrimRight(string(name), "\x00"), "")
		files++
	}
	needed, err := file.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range needed {
		if !ofLibc[name] {
			t.Errorf("the service needs %s, which libc does not bring", name)
		}
		path, err := exec.Command("gcc", "-print-file-name="+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		copyInto(t, root, strings.TrimSpace(string(path)), "lib/"+name)
		files++
	}
	return root, files
}

// upload is what the test reads of /api/uploads.
type upload struct {
	Service  string
	Measures struct {
		CLiveBytes *float64 `json:"c_live_bytes"`
	}
}

// uploads returns what the receiver has, once its measures are there.
func uploads(t *testing.T, address, token string) []upload {
	t.Helper()
	for range 600 {
		request, err := http.NewRequest("GET", address+"/api/uploads", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		var answer struct{ Uploads []upload }
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if len(answer.Uploads) > 0 && answer.Uploads[0].Measures.CLiveBytes != nil {
			return answer.Uploads
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("no upload has come")
	return nil
}

// TestServiceInAnImage builds the example service as the Dockerfiles do, and runs it in a root that holds it alone, or with libc. What it holds
// in C is in what the receiver gets, which has tokens as in docs/examples/deploy/receiver.yaml.
func TestServiceInAnImage(t *testing.T) {
	send, reading := strings.Repeat("0123456789abcdef", 2), strings.Repeat("fedcba9876543210", 2)
	folder := t.TempDir()
	for name, token := range map[string]string{"send": send, "read": reading} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for dockerfile, alone := range map[string]bool{"Dockerfile": false, "Dockerfile.static": true} {
		t.Run(dockerfile, func(t *testing.T) {
			address := built.Receiver(t, "--send-token-file", filepath.Join(folder, "send"), "--read-token-file", filepath.Join(folder, "read"))
			root, files := image(t, buildAs(t, dockerfile))
			if alone != (files == 1) {
				t.Errorf("the image has %d files", files)
			}
			c := exec.Command("/service")
			c.Dir = "/"
			c.Env = []string{"DD_TRACE_AGENT_URL=" + address, "DD_API_KEY=" + send}
			c.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
			if os.Geteuid() != 0 {
				c.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
				c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
			}
			log, err := os.Create(filepath.Join(folder, dockerfile+".log"))
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			c.Stdout, c.Stderr = log, log
			said := func() string {
				text, _ := os.ReadFile(log.Name())
				return string(text)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- c.Wait() }()
			for patience := time.After(2 * time.Minute); !strings.Contains(said(), "ready"); {
				select {
				case err := <-done:
					t.Fatalf("it has ended: %v\n%s", err, said())
				case <-patience:
					_ = c.Process.Kill()
					t.Fatalf("it is not ready:\n%s", said())
				case <-time.After(10 * time.Millisecond):
				}
			}
			_ = c.Process.Signal(syscall.SIGTERM)
			if err := <-done; err != nil {
				t.Fatalf("%v\n%s", err, said())
			}
			got := uploads(t, address, reading)
			// 1,000 blocks of 64 KiB, each sampled with p = 0.118: the standard error is 8.6 %.
			if live := *got[0].Measures.CLiveBytes; got[0].Service != "example" || live < 40e6 || live > 95e6 {
				t.Errorf("service %s holds %s in C\n%s", got[0].Service, fmt.Sprint(live), said())
			}
		})
	}
}

// TestDeployPage: the page refers to each example, and the versions of images are this one.
func TestDeployPage(t *testing.T) {
	page := read(t, "docs", "deploy.md")
	entries, err := os.ReadDir("../../docs/examples/deploy")
	if err != nil || len(entries) == 0 {
		t.Fatal(err)
	}
	version, _ := ask(t, "version")
	version = strings.TrimPrefix(strings.TrimSpace(version), "cmemprof ")
	for _, entry := range entries {
		if !strings.Contains(page, "(examples/deploy/"+entry.Name()+")") {
			t.Errorf("docs/deploy.md does not refer to %s", entry.Name())
		}
		for _, m := range regexp.MustCompile(`cmemprof-receiver:(\S+)`).FindAllStringSubmatch(read(t, "docs", "examples", "deploy", entry.Name()), -1) {
			if m[1] != version {
				t.Errorf("%s has the image of version %s", entry.Name(), m[1])
			}
		}
	}
}
