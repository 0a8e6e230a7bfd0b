package profiler

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// The Agent's settings for all services of a machine. An operator, or Datadog's fleet automation, switches profiling off or on there; dd-trace-go v2 reads
// the same key of the same files. Fleet automation's file overrides the environment, which overrides the other one.
var (
	managedSettings = "/etc/datadog-agent/managed/datadog-agent/stable/application_monitoring.yaml"
	localSettings   = "/etc/datadog-agent/application_monitoring.yaml"
)

const (
	enabledVariable  = "DD_PROFILING_ENABLED"
	maxSettingsBytes = 4 << 10 // as dd-trace-go: more is not looked at
)

// readAgentSettings must be called before the environment is read (managed: false) and after.
func (c *config) readAgentSettings(managed bool) {
	path := localSettings
	if managed {
		path = managedSettings
	}
	value, ok := agentSetting(path, enabledVariable)
	if !ok {
		return
	}
	if err := setEnabled(c, value); err != nil {
		say(slog.LevelWarn, fmt.Sprintf("cmemprof: %s in %s is not followed: %v", enabledVariable, path, err))
	}
}

// agentSetting reads one key of the map apm_configuration_default: a line "KEY: value", indented, value perhaps in quotes. That is all of YAML that
// these files use; anything else is not found.
func agentSetting(path, key string) (value string, ok bool) {
	file, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSettingsBytes+1))
	if err != nil || len(text) > maxSettingsBytes {
		return "", false
	}
	inMap := false
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), " #")
		name, rest, isPair := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case !isPair || strings.HasPrefix(name, "#"):
		case line[0] != ' ':
			inMap = name == "apm_configuration_default" && strings.TrimSpace(rest) == ""
		case inMap && name == key:
			value = strings.Trim(strings.TrimSpace(rest), `"'`)
			return value, value != ""
		}
	}
	return "", false
}
