package pyroscope

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"sync"
	"testing"

	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"google.golang.org/protobuf/proto"

	"github.com/cmemprof/cmemprof/e2e/built"
)

func runCommand(t *testing.T, address string, more ...string) {
	t.Helper()
	c := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "run", "--rate", "1", "--pyroscope", address, "--service", "shop", "--", "ls", "/")
	c.Env = built.Environment(append([]string{"DD_ENV=test", "DD_VERSION=1.2", "DD_TAGS=k8s.pod:web-1"}, more...)...)
	if output, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

// What `cmemprof run` pushes is read by the server's own messages, and has the tenant and the password of the environment.
func TestRunPushesTheServersMessage(t *testing.T) {
	var mu sync.Mutex
	var names []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		push := new(pushv1.PushRequest)
		if err := proto.Unmarshal(body, push); err != nil || len(push.ProtoReflect().GetUnknown()) > 0 {
			t.Errorf("%s: %v", r.URL, err)
		}
		user, password, _ := r.BasicAuth()
		if r.URL.Path != "/push.v1.PusherService/Push" || r.Header.Get("Content-Type") != "application/proto" || r.Header.Get("X-Scope-OrgID") != "team" || user != "me" || password != "word" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		for _, series := range push.Series {
			names = append(names, check(t, series))
		}
	}))
	defer server.Close()
	runCommand(t, server.URL, "PYROSCOPE_TENANT_ID=team", "PYROSCOPE_BASIC_AUTH_USER=me", "PYROSCOPE_BASIC_AUTH_PASSWORD=word")
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(names)
	if !slices.Contains(names, "memory") || !slices.Contains(names, "memory_breakdown") {
		t.Errorf("%v", names)
	}
}

func TestRunAndReceiver(t *testing.T) {
	receiver := built.Receiver(t)
	runCommand(t, receiver)
	for _, u := range uploads(t, receiver, "shop", "delta-heap.pprof") {
		if u.Env != "test" || u.Version != "1.2" || !slices.Contains(u.Tags, "k8s_pod:web-1") {
			t.Errorf("%+v", u)
		}
	}
}
