"""What variables and arguments mean."""

import logging
import os
import socket
import tempfile
import unittest

from cmemprof.profiling import _settings
from cmemprof.profiling._settings import Settings, name_of_program

logging.getLogger("cmemprof").propagate = False


def settings(_arguments=("python", "app.py"), _tags=None, **environment):
    return Settings(environment=environment, arguments=list(_arguments), tags=_tags)


class Secrets(unittest.TestCase):
    def test_a_password_is_no_argument(self):
        some = settings(DD_TRACE_AGENT_URL="http://user:word@host:8126")
        self.assertNotIn("word", " ".join(some.run_options()))
        self.assertEqual(some.sender_environment()["CMEMPROF_AGENT"], "http://user:word@host:8126")
        self.assertEqual(some.shown_url(), "http://host:8126")
        self.assertNotIn("CMEMPROF_AGENT", settings().sender_environment())


class Switches(unittest.TestCase):
    def test_exceptions_are_one_in_a_hundred(self):
        on = {"DD_PROFILING_EXCEPTION_ENABLED": "true"}
        self.assertEqual(settings().exception_interval, 0)
        self.assertEqual(settings(**on).exception_interval, 100)
        self.assertEqual(settings(DD_PROFILING_EXCEPTION_SAMPLING_INTERVAL="7", **on).exception_interval, 7)
        self.assertEqual(settings(DD_PROFILING_EXCEPTION_SAMPLING_INTERVAL="0", **on).exception_interval, 100)

    def test_locks_are_one_in_a_hundred(self):
        on = {"DD_PROFILING_LOCK_ENABLED": "true"}
        self.assertEqual(settings().lock_interval, 0)
        for percent, interval in (("", 100), ("100", 1), ("10", 10), ("0.01", 10000), ("0", 0), ("101", 100), ("1e-30", 1 << 20)):
            self.assertEqual(settings(DD_PROFILING_CAPTURE_PCT=percent, **on).lock_interval, interval, percent)

    def test_it_is_on_unless_it_is_switched_off(self):
        for value, is_on in (("", True), ("true", True), ("auto", True), ("1", True), ("false", False), ("0", False), ("False", False), ("what", True)):
            self.assertEqual(settings(DD_PROFILING_ENABLED=value).is_enabled, is_on, value)
        self.assertFalse(settings(DD_PROFILING_CMEMPROF_ENABLED="false").is_enabled)
        self.assertFalse(settings(DD_PROFILING_CMEMPROF_SAMPLING_RATE="0").is_enabled)
        self.assertEqual(settings().time_hz, 100)
        self.assertEqual(settings(DD_PROFILING_STACK_ENABLED="false").time_hz, 0)
        self.assertFalse(settings(DD_PROFILING_FLUSH_ON_EXIT="false").flushes_on_exit)

    def test_numbers_out_of_bounds_are_the_defaults(self):
        for value, period_s in (("", 60), ("10", 10), ("0.5", 0.5), ("0", 60), ("-1", 60), ("1e9", 60), ("ten", 60), ("nan", 60)):
            self.assertEqual(settings(DD_PROFILING_UPLOAD_INTERVAL=value).period_s, period_s, value)
        self.assertEqual(settings(DD_PROFILING_CMEMPROF_SAMPLING_RATE="4096").rate_bytes, 4096)

    def test_what_is_not_supported_is_logged(self):
        with self.assertLogs("cmemprof", "WARNING") as logs:
            settings(DD_PROFILING_AGENTLESS="true", DD_PROFILING_UPLOAD_INTERVAL="ten", DD_PROFILING_ENABLED="what")
        text = "\n".join(logs.output)
        for name in ("DD_PROFILING_AGENTLESS", "DD_PROFILING_UPLOAD_INTERVAL", "DD_PROFILING_ENABLED"):
            self.assertIn(name, text)


class Agent(unittest.TestCase):
    def setUp(self):
        self.socket, _settings.AGENT_SOCKET = _settings.AGENT_SOCKET, "/nowhere/apm.socket"

    def tearDown(self):
        _settings.AGENT_SOCKET = self.socket

    def test_address(self):
        for environment, url in (
            ({}, "http://localhost:8126"),
            ({"DD_AGENT_HOST": "h"}, "http://h:8126"),
            ({"DD_AGENT_HOST": "::1", "DD_TRACE_AGENT_PORT": "9"}, "http://[::1]:9"),
            ({"DD_TRACE_AGENT_PORT": "9000"}, "http://localhost:9000"),
            ({"DD_TRACE_AGENT_PORT": "x"}, "http://localhost:8126"),
            ({"DD_TRACE_AGENT_URL": "https://a:1", "DD_AGENT_HOST": "h"}, "https://a:1"),
            ({"DD_TRACE_AGENT_URL": "unix:///a/b"}, "unix:///a/b"),
            ({"DD_TRACE_AGENT_URL": "h:8126", "DD_AGENT_HOST": "h"}, "http://h:8126"),
        ):
            self.assertEqual(settings(**environment).agent_url, url, environment)

    def test_the_socket_if_nothing_is_said(self):
        with tempfile.TemporaryDirectory() as folder:
            _settings.AGENT_SOCKET = os.path.join(folder, "apm.socket")
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(_settings.AGENT_SOCKET)
                self.assertEqual(settings().agent_url, "unix://" + _settings.AGENT_SOCKET)
                self.assertEqual(settings(DD_AGENT_HOST="h").agent_url, "http://h:8126")

    def test_otlp(self):
        chosen = settings(OTEL_PROFILES_EXPORTER="otlp")
        self.assertTrue(chosen.is_otlp and chosen.agent_url is None)
        self.assertNotIn("--agent", chosen.run_options())
        self.assertFalse(settings(OTEL_PROFILES_EXPORTER="otlp", OTEL_SDK_DISABLED="true").is_otlp)
        self.assertEqual(settings().run_options(), ["--service", "app", "--period", "60000ms", "--agent", "http://localhost:8126"])


class Names(unittest.TestCase):
    def test_service(self):
        for words, name in (
            ("", "python"),
            ("python3.11", "python3.11"),
            ("/usr/bin/python3 /srv/shop/app.py x.py", "app"),
            ("python -m shop.web --port 1", "shop.web"),
            ("python -mshop", "shop"),
            ("python -X utf8 -W ignore -u a/run", "run"),
            ("python -c pass", "python"),
            ("python -", "python"),
            ("/usr/bin/gunicorn app:app", "gunicorn"),
            ("python /srv/shop/__main__.py", "shop"),
        ):
            self.assertEqual(name_of_program(words.split()), name, words)
        self.assertEqual(settings(DD_SERVICE="s").service, "s")
        self.assertEqual(Settings(environment={"DD_SERVICE": "s"}, arguments=[], service="t").service, "t")


class Sender(unittest.TestCase):
    def test_environment(self):
        own = {"LD_PRELOAD": "/x.so", "CMEMPROF_RATE": "1", "DD_TAGS": "a:b", "PATH": "/bin", "DD_ENV": "old", "DD_PROFILING_TAGS": "c:d e:f"}
        sender = Settings(environment=own, arguments=[], env="new", version=3, tags={"k:1": "v,2"}).sender_environment()
        expected = {"DD_TAGS": "a:b", "PATH": "/bin", "DD_ENV": "new", "DD_VERSION": "3", "DD_PROFILING_TAGS": "c:d,e:f,k_1:v_2,"}
        self.assertEqual(sender, expected)
        self.assertEqual(Settings(environment={"DD_TAGS": "a:b"}, arguments=[]).sender_environment(), {"DD_TAGS": "a:b"})


if __name__ == "__main__":
    unittest.main()
