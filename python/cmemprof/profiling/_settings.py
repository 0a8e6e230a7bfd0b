"""What the environment and the Profiler's arguments say (docs/python.md)."""

import os
import stat
import sys

from cmemprof.profiling._log import LOG

AGENT_SOCKET = "/var/run/datadog/apm.socket"
TIME_HZ = 100  # samples of a second of CPU time, as cmemprof run --cpu
MIN_PERIOD_S, MAX_PERIOD_S = 0.1, 86400.0
TRUE, FALSE = ("1", "t", "true", "yes", "on"), ("0", "f", "false", "no", "off")
# What `cmemprof run` does not do. (variable, what happens instead)
UNSUPPORTED = (
    ("DD_PROFILING_AGENTLESS", "profiles are sent to the Agent"),
    ("DD_PROFILING_OUTPUT_DIR", "no files are written"),
)


def is_on(environment, name, otherwise):
    """The value of a switch; `otherwise` if it is not set, or is neither true nor false, which is logged."""
    text = environment.get(name, "").strip().lower()
    if text in TRUE or text in FALSE:
        return text in TRUE
    if text not in ("", "auto"):
        LOG.warning("%s takes true or false, not %s: it counts as %s", name, text, str(otherwise).lower())
    return otherwise


def number(environment, name, otherwise, low, high):
    """The value of a number in its limits; `otherwise` if it is none, which is logged."""
    text = environment.get(name, "").strip()
    if text == "":
        return otherwise
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if low <= value <= high:
        return value
    LOG.warning("%s takes a number from %g to %g, not %s: it counts as %g", name, low, high, text, otherwise)
    return otherwise


def agent_url(environment):
    """The Agent's address: DD_TRACE_AGENT_URL, else DD_AGENT_HOST and DD_TRACE_AGENT_PORT, else its socket if it is there."""
    url = environment.get("DD_TRACE_AGENT_URL", "").strip()
    if url.startswith(("http://", "https://", "unix:///")):
        return url
    if url:
        LOG.warning("DD_TRACE_AGENT_URL is no URL of http, https or unix: it is not used")
    host = environment.get("DD_AGENT_HOST", "").strip()
    port = environment.get("DD_TRACE_AGENT_PORT", "").strip()
    if not host and not port and _is_socket(AGENT_SOCKET):
        return "unix://" + AGENT_SOCKET
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        LOG.warning("DD_TRACE_AGENT_PORT takes a number from 1 to 65535, not %s: it counts as 8126", port)
        port = ""
    host = host or "localhost"
    return "http://%s:%s" % ("[%s]" % host if ":" in host and not host.startswith("[") else host, port or "8126")


def _is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def name_of_program(arguments):
    """What a service is called without a name: the module or script of Python, else the program. arguments: of the command line."""
    if not arguments:
        return "python"
    program = os.path.basename(arguments[0])
    if not program.startswith("python"):
        return program
    i = 1
    while i < len(arguments) and arguments[i].startswith("-") and arguments[i] != "-":
        option = arguments[i]
        if option == "-m" and i + 1 < len(arguments):
            return arguments[i + 1]
        if option.startswith("-m") and len(option) > 2:
            return option[2:]
        if option.startswith("-c"):
            return program
        i += 2 if option in ("-X", "-W", "--check-hash-based-pycs") else 1
    if i == len(arguments) or arguments[i] == "-":
        return program
    script = os.path.basename(arguments[i].rstrip("/"))
    if script == "__main__.py":  # python -m package, as sys.orig_argv does not say before 3.10
        script = os.path.basename(os.path.dirname(os.path.abspath(arguments[i])))
    return script[:-3] if script.endswith(".py") else script


def _tag(key, value):
    """A tag as variables have it. Neither commas nor, in keys, colons can be escaped."""
    return "%s:%s" % (str(key).replace(",", "_").replace(":", "_"), str(value).replace(",", "_"))


def _split(text):
    """The tags of a variable: between commas if there are any, else between blanks."""
    return [tag.strip() for tag in (text.split(",") if "," in text else text.split()) if tag.strip()]


class Settings:
    """All settings of one start."""

    def __init__(self, environment=None, arguments=None, service=None, env=None, version=None, tags=None):
        environment = dict(os.environ if environment is None else environment)
        if arguments is None:
            arguments = getattr(sys, "orig_argv", None) or [sys.executable or "python"] + sys.argv
        self.is_enabled = is_on(environment, "DD_PROFILING_ENABLED", True)
        self.why_not = "DD_PROFILING_ENABLED=false"
        self.period_s = number(environment, "DD_PROFILING_UPLOAD_INTERVAL", 60.0, MIN_PERIOD_S, MAX_PERIOD_S)
        self.rate_bytes = int(number(environment, "DD_PROFILING_CMEMPROF_SAMPLING_RATE", 524288, 0, 2**40))
        if self.is_enabled and not is_on(environment, "DD_PROFILING_CMEMPROF_ENABLED", True):
            self.is_enabled, self.why_not = False, "DD_PROFILING_CMEMPROF_ENABLED=false"
        if self.is_enabled and self.rate_bytes == 0:
            self.is_enabled, self.why_not = False, "DD_PROFILING_CMEMPROF_SAMPLING_RATE=0"
        self.time_hz = TIME_HZ if is_on(environment, "DD_PROFILING_STACK_ENABLED", True) else 0
        self.exception_interval = int(number(environment, "DD_PROFILING_EXCEPTION_SAMPLING_INTERVAL", 100, 1, 2**31))
        if not is_on(environment, "DD_PROFILING_EXCEPTION_ENABLED", False):
            self.exception_interval = 0
        self.has_endpoints = is_on(environment, "DD_PROFILING_ENDPOINT_COLLECTION_ENABLED", True)
        percent = number(environment, "DD_PROFILING_CAPTURE_PCT", 1.0, 0, 100)
        is_sampled = percent > 0 and is_on(environment, "DD_PROFILING_LOCK_ENABLED", False)
        self.lock_interval = min(1 << 20, max(1, round(100 / percent))) if is_sampled else 0
        self.flushes_on_exit = is_on(environment, "DD_PROFILING_FLUSH_ON_EXIT", True)
        self.service = service or environment.get("DD_SERVICE") or name_of_program(arguments)
        # Where OpenTelemetry's exporter is chosen, the command reads its variables.
        exporters = environment.get("OTEL_PROFILES_EXPORTER", "").replace(" ", "").split(",")
        self.is_otlp = "otlp" in exporters and not is_on(environment, "OTEL_SDK_DISABLED", False)
        self.agent_url = None if self.is_otlp else agent_url(environment)
        for name, instead in UNSUPPORTED:
            if self.is_enabled and environment.get(name, "").strip().lower() not in ("",) + FALSE:
                LOG.warning("%s is not supported here: %s", name, instead)
        self._environment = environment
        self._env, self._version, self._tags = env, version, tags

    def shown_url(self):
        """Where profiles go, without a password."""
        scheme, mark, rest = (self.agent_url or "OTLP").partition("://")
        return scheme + mark + rest.rpartition("@")[2]

    def run_options(self):
        """Options of `cmemprof run` that say what is sent where."""
        options = ["--service", self.service, "--period", "%dms" % max(100, round(self.period_s * 1000))]
        return options if self.is_otlp else options + ["--agent", "-" if self._has_secret() else self.agent_url]

    def _has_secret(self):
        return not self.is_otlp and "@" in self.agent_url

    def secret_environment(self):
        """What run_options refers to: arguments are anybody's to read."""
        return {"CMEMPROF_AGENT": self.agent_url} if self._has_secret() else {}

    def sender_environment(self):
        """The environment of the process that sends: ours, with the arguments of the Profiler in the place of variables."""
        environment = {
            name: value
            for name, value in self._environment.items()
            if name != "LD_PRELOAD" and not name.startswith("CMEMPROF_")
        }
        if self._env:
            environment["DD_ENV"] = str(self._env)
        if self._version:
            environment["DD_VERSION"] = str(self._version)
        if self._tags:
            tags = _split(environment.get("DD_PROFILING_TAGS", "")) + [_tag(key, value) for key, value in self._tags.items()]
            environment["DD_PROFILING_TAGS"] = ",".join(tags) + ","  # a comma, so that blanks do not separate
        environment.update(self.secret_environment())
        return environment
