//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func TestAgentSettings(t *testing.T) {
	const none, off, on = "", "apm_configuration_default:\n  DD_PROFILING_ENABLED: false\n", "apm_configuration_default:\n  DD_PROFILING_ENABLED: true\n"
	for _, c := range []struct {
		managed, environment, local string
		enabled                     bool
	}{
		{none, "", none, true},
		{none, "", off, false},
		{off, "", none, false},
		{on, "", off, true},
		{none, "true", off, true},
		{none, "auto", off, true},
		{none, "false", on, false},
		{off, "true", on, false},
		{on, "false", on, true},
		{none, "", "# off\nconfig_id: 12\napm_configuration_default:\n    DD_SERVICE: a\n    # DD_PROFILING_ENABLED: true\n    DD_PROFILING_ENABLED: \"false\" # why\n", false},
		{none, "", "other:\n  DD_PROFILING_ENABLED: false\n", true},
		{none, "", "DD_PROFILING_ENABLED: false\n", true},
		{none, "", "apm_configuration_default:\nother:\n  DD_PROFILING_ENABLED: false\n", true},
		{none, "", off + strings.Repeat("#", 4096), true},
		{none, "", "apm_configuration_default:\n  DD_PROFILING_ENABLED: 'auto'\n", true},
		{"\n:\n \n\x00apm\n", "", ":::\n  :\n", true},
	} {
		restore := profiler.SetAgentSettings(writeFile(t, c.managed), writeFile(t, c.local))
		t.Setenv("DD_PROFILING_ENABLED", c.environment)
		a := newAgent(t)
		start(t, a, profiler.WithProfileTypes())
		profiler.Stop()
		restore()
		if got := a.requests.Load() > 0; got != c.enabled {
			t.Errorf("profiles are sent: %t, with %q, %q, %q", got, c.managed, c.environment, c.local)
		}
	}
}

// What overrides "auto" is no longer automatic.
func TestEnvironmentOverridesAuto(t *testing.T) {
	defer profiler.SetAgentSettings("/nonexistent", writeFile(t, "apm_configuration_default:\n  DD_PROFILING_ENABLED: auto\n"))()
	for value, want := range map[string]string{"": "auto", "true": "manual"} {
		t.Setenv("DD_PROFILING_ENABLED", value)
		if got := one(t, newAgent(t)).event.Info.Profiler.Activation; got != want {
			t.Errorf("activation %q with %q", got, value)
		}
		profiler.Stop()
	}
}

// A mistake in a file that is for all services stops none of them.
func TestBadAgentSettings(t *testing.T) {
	t.Setenv("DD_PROFILING_ENABLED", "")
	log := captureLog(t)
	path := writeFile(t, "apm_configuration_default:\n  DD_PROFILING_ENABLED: perhaps\n")
	defer profiler.SetAgentSettings("/nonexistent", path)()
	one(t, newAgent(t))
	log.wantOnly(t, "DD_PROFILING_ENABLED in "+path+" is not followed: \"perhaps\" is neither true nor false")
}
