// Package agent_test uploads through the Datadog Agent's own receiver to a server in place of Datadog's intake.
package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/trace/api"
	"github.com/DataDog/datadog-agent/pkg/trace/config"
	"github.com/DataDog/datadog-agent/pkg/trace/sampler"
	"github.com/DataDog/datadog-agent/pkg/trace/telemetry"
	"github.com/DataDog/datadog-agent/pkg/trace/timing"
	"github.com/DataDog/datadog-go/v5/statsd"

	"github.com/cmemprof/cmemprof/e2e/datadog/captured"
	"github.com/cmemprof/cmemprof/e2e/datadog/peer"
)

const (
	agentKey    = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	containerID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	cgroups     = "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-" + containerID + ".scope\n"
)

var built = map[peer.Variant]string{}

func TestMain(m *testing.M) { os.Exit(peer.Main(m, built, peer.Ours)) }

// route is the path from a client to the intake: relay, Agent, intake.
type route struct {
	tcp, unix *relay
	intake    *captured.Server
}

type noStats struct{}

func (noStats) ProcessStats(context.Context, *trace.ClientStatsPayload, string, string, string, string) error {
	return nil
}

func newRoute(t *testing.T) route {
	directory := t.TempDir()
	r := route{intake: captured.New(t)}
	conf := config.New()
	conf.Endpoints[0].APIKey = agentKey
	conf.Hostname, conf.DefaultEnv, conf.AgentVersion = "agents-host", "agents-env", "7.99"
	conf.AdditionalProfileTags = map[string]string{"rack": "12"}
	conf.ProfilingProxy.DDURL = r.intake.URL + "/api/v2/profile"
	conf.ReceiverSocket = filepath.Join(directory, "agent.socket")
	conf.ContainerTags = func(id string) ([]string, error) { return []string{"container_name:web", "id:" + id}, nil }
	conf.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	receiver := api.NewHTTPReceiver(conf, sampler.NewDynamicConfig(), make(chan *api.Payload, 1), make(chan *api.PayloadV1, 1), noStats{},
		telemetry.NewNoopCollector(), &statsd.NoOpClient{}, &timing.NoopReporter{})
	receiver.SetTCPListener(listen(t, "tcp", "127.0.0.1:0"))
	receiver.Start()
	t.Cleanup(func() {
		if err := receiver.Stop(); err != nil {
			t.Errorf("the Agent's receiver: %v", err)
		}
	})
	r.tcp = newRelay(t, listen(t, "tcp", "127.0.0.1:0"), "tcp", receiver.Addr().String())
	r.unix = newRelay(t, listen(t, "unix", filepath.Join(directory, "relay.socket")), "unix", conf.ReceiverSocket)
	return r
}

func listen(t *testing.T, network, address string) net.Listener {
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// arrives checks what all uploads have in common.
func (r route) arrives(t *testing.T, b captured.Batch) {
	t.Helper()
	if b.Problem != "" {
		t.Fatal(b.Problem)
	}
	if b.Method != http.MethodPost || b.Path != "/api/v2/profile" {
		t.Errorf("%s %s", b.Method, b.Path)
	}
	if !slices.ContainsFunc(append(r.tcp.bodies(), r.unix.bodies()...), func(sent []byte) bool { return bytes.Equal(sent, b.Body) }) {
		t.Errorf("the intake got %d bytes that nobody sent", len(b.Body))
	}
	wantHeader(t, b, "DD-API-KEY", agentKey) // not one of the service
	for _, tag := range []string{"host:agents-host", "default_env:agents-env", "agent_version:7.99", "rack:12"} {
		if tags := b.Header.Get("X-Datadog-Additional-Tags"); !slices.Contains(strings.Split(tags, ","), tag) {
			t.Errorf("the Agent's tags are %q without %s", tags, tag)
		}
	}
	var named []string
	for _, a := range b.Event(t)["attachments"].([]any) {
		named = append(named, a.(string))
	}
	slices.Sort(named)
	if sent := slices.Sorted(maps.Keys(b.Attachments())); !slices.Equal(named, sent) {
		t.Errorf("the event names %q, sent are %q", named, sent)
	}
}

func wantHeader(t *testing.T, b captured.Batch, name, value string) {
	t.Helper()
	if got := b.Header.Get(name); got != value {
		t.Errorf("%s is %q, want %q", name, got, value)
	}
}

// types lists all profile types and their content.
var types = map[string]string{
	"cpu.pprof":            "samples/count cpu/nanoseconds",
	"delta-heap.pprof":     "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes",
	"peak.pprof":           "peak_rss_objects/count peak_rss_space/bytes peak_objects/count peak_space/bytes",
	"memory.pprof":         "resident_space/bytes",
	"delta-mutex.pprof":    "contentions/count delay/nanoseconds",
	"delta-block.pprof":    "contentions/count delay/nanoseconds",
	"goroutines.pprof":     "goroutine/count",
	"goroutineswait.pprof": "waitduration/nanoseconds",
	"metrics.json":         "",
	"go.trace":             "",
}

func TestEveryTypeArrives(t *testing.T) {
	t.Parallel()
	for _, compression := range []string{"", "zstd", "gzip"} {
		for _, way := range []string{"tcp", "unix", "unix-by-environment"} {
			t.Run(way+"/"+compression, func(t *testing.T) {
				t.Parallel()
				r := newRoute(t)
				environment := []string{"PERIOD=300ms", "DD_SERVICE=orders", "DD_ENV=staging", "DD_VERSION=1.2", "DD_TAGS=team:core,zone:b",
					"DD_API_KEY=" + strings.Repeat("b", 32), "DD_PROFILING_WAIT_PROFILE=1", "DD_PROFILING_EXECUTION_TRACE_ENABLED=true",
					"DD_PROFILING_DEBUG_COMPRESSION_SETTINGS=" + compression}
				name := "WithProfileTypes-all-rates"
				switch way {
				case "tcp":
					environment = append(environment, "AGENT_ADDRESS="+r.tcp.Addr().String())
				case "unix":
					environment, name = append(environment, "AGENT_SOCKET="+r.unix.Addr().String()), "WithUDS-all"
				default:
					environment = append(environment, "DD_TRACE_AGENT_URL=unix://"+r.unix.Addr().String())
				}
				command := peer.Contained(t, cgroups, built[peer.Ours])
				ctx, cancel := context.WithTimeout(t.Context(), peer.Patience)
				defer cancel()
				running := peer.Start(t, ctx, command[0], environment, append(command[1:], name)...)
				for seq := range 2 {
					b := r.intake.Next(t, ctx)
					r.arrives(t, b)
					wantTypes(t, b, seq == 0)
					wantHeader(t, b, "Datadog-Container-ID", containerID)
					wantHeader(t, b, "X-Datadog-Container-Tags", "container_name:web,id:"+containerID)
					wantTags(t, b, "service:orders", "env:staging", "version:1.2", "team:core", "zone:b", fmt.Sprintf("profile_seq:%d", seq))
				}
				running.End(t)
			})
		}
	}
}

func wantTypes(t *testing.T, b captured.Batch, first bool) {
	t.Helper()
	got := b.Attachments()
	for name, want := range types {
		part, ok := got[name]
		if !ok {
			if name != "go.trace" || first { // the first period has a trace, later ones seldom
				t.Errorf("no %s", name)
			}
			continue
		}
		if len(part.Plain(t)) == 0 {
			t.Errorf("%s is empty", name)
		}
		if want == "" {
			continue
		}
		var has []string
		for _, s := range part.Profile(t).SampleType {
			has = append(has, s.Type+"/"+s.Unit)
		}
		if strings.Join(has, " ") != want {
			t.Errorf("%s has %q, want %q", name, has, want)
		}
	}
}

func wantTags(t *testing.T, b captured.Batch, want ...string) {
	t.Helper()
	tags := b.Tags(t)
	for _, tag := range want {
		if !slices.Contains(tags, tag) {
			t.Errorf("tags %q without %s", tags, tag)
		}
	}
}

// Uploads of "cmemprof run --agent", from a program that is not in Go.
func TestRunArrives(t *testing.T) {
	t.Parallel()
	command, err := filepath.Abs("../../../build/cmemprof")
	if err == nil {
		_, err = os.Stat(command)
	}
	if err != nil {
		t.Fatalf("%v; \"make command lib\" builds it", err)
	}
	for _, way := range []string{"tcp", "unix"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			r := newRoute(t)
			address := "http://" + r.tcp.Addr().String()
			if way == "unix" {
				address = "unix://" + r.unix.Addr().String()
			}
			ctx, cancel := context.WithTimeout(t.Context(), peer.Patience)
			defer cancel()
			run := exec.CommandContext(ctx, command, "run", "--agent", address, "--service", "sorting", "--", "sort", "--buffer-size=64M")
			run.Stdin = strings.NewReader("b\na\n")
			if out, err := run.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "a\nb\n") {
				t.Fatalf("%v: %s", err, out)
			}
			b := r.intake.Next(t, ctx)
			r.arrives(t, b)
			wantTags(t, b, "service:sorting")
			heap := b.Attachments()["delta-heap.pprof"].Profile(t)
			var allocated int64
			for _, s := range heap.Sample {
				allocated += s.Value[1]
			}
			if allocated < 32<<20 {
				t.Errorf("%d bytes allocated, though sort has a buffer of 64 MiB", allocated)
			}
		})
	}
}
