package receiver

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// countInMemory returns how often a process has the text in memory that it may write, and how much of that memory was read.
func countInMemory(t *testing.T, pid int, text []byte) (found, size int) {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	for line := range strings.Lines(string(maps)) {
		var begin, end uint64
		var access string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &begin, &end, &access); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if access[1] != 'w' {
			continue
		}
		content := make([]byte, end-begin)
		n, _ := memory.ReadAt(content, int64(begin))
		size += n
		found += bytes.Count(content[:n], text)
	}
	return found, size
}

// Keys, passwords and secrets are in the processes that send, in each its own, and not in the one that listens. It is started as a program of its own: a copy
// of this process would have what is left here, like the values that setenv(3) keeps on its stack on processors without AVX-512.
func TestSecretsAreForgotten(t *testing.T) {
	secret := func(of string) string { return of + strings.Repeat("5ecret-of-"+of, 5) }
	file := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	webhook, headers := file("webhook", secret("webhook")), file("headers", "X-Own: "+secret("headers"))
	for variable, value := range map[string]string{
		"CMEMPROF_FORWARD_KEY": secret("key"), "PYROSCOPE_BASIC_AUTH_USER": "user", "PYROSCOPE_BASIC_AUTH_PASSWORD": secret("password"),
		"OTEL_EXPORTER_OTLP_HEADERS": "x=" + secret("otlp"), "OTEL_EXPORTER_OTLP_PROFILES_HEADERS": "y=" + secret("profiles"),
	} {
		t.Setenv(variable, value)
	}
	r := startWith(t, t.TempDir(), []string{
		"--webhook", "http://127.0.0.1:9", "--webhook-secret-file", webhook,
		"--forward", "datadog:http://127.0.0.1:9", "--forward-header-file", headers,
		"--forward", "otlp:http://127.0.0.1:9", "--forward", "pyroscope:http://127.0.0.1:9",
	}, plain(t))
	defer r.kill()
	pid := r.command.Process.Pid
	var senders []int
	eventually(t, "two processes for each address", func() bool {
		senders = childrenOf(t, pid)
		for _, keeper := range slices.Clone(senders) {
			senders = append(senders, childrenOf(t, keeper)...)
		}
		return len(senders) == 8
	})
	// Of OTLP's variables one holds, and a password is sent in base64.
	for of, want := range map[string]int{"webhook": 2, "headers": 2, "key": 2, "password": 0, "otlp": 0, "profiles": 2} {
		if found, size := countInMemory(t, pid, []byte(secret(of))); found > 0 {
			t.Errorf("%s: %d times in %d bytes", of, found, size)
		}
		knows := 0
		for _, sender := range senders {
			if found, _ := countInMemory(t, sender, []byte(secret(of))); found > 0 {
				knows++
			}
		}
		if knows != want {
			t.Errorf("%s: %d processes that send know it, not %d", of, knows, want)
		}
	}
	if found, _ := countInMemory(t, pid, []byte("127.0.0.1:9")); found == 0 {
		t.Error("its memory was not looked at: the addresses are not there")
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || bytes.Contains(environment, []byte("5ecret")) {
		t.Errorf("%v: secrets are in its environment", err)
	}
	r.stop(t)
}
