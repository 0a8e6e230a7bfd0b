"""Labels of ddtrace's spans, if its tracer is in the program.

The tracer tells when a span becomes the active one, in the context (contextvars) in which it is active. There its ID and that of its local root
are put into a variable of ours, which the library reads when it samples: threads, tasks of asyncio and greenlets each have their own.
"""

import struct
import sys

try:
    import contextvars
except ImportError:  # a version that is refused
    contextvars = None

SPAN = contextvars and contextvars.ContextVar("cmemprof_span")
NO_SPAN = b""
ROOT_KEY = "_dd.profiling.local_root_span_id"  # of a context that ddtrace hands to another thread
ACTIVATE, FINISH = "ddtrace.context_provider.activate", "trace.span_finish"


class Spans:
    """library: spans(variable), endpoint(root's ID, text)."""

    def __init__(self, library, has_endpoints):
        self._library, self._has_endpoints = library, has_endpoints
        self._core = self._tracer = None
        self._pack = struct.Struct("=QQ").pack

    def look(self):
        """Begins if the tracer is there by now. Returns None, or why it cannot be watched."""
        trace = sys.modules.get("ddtrace.trace")
        tracer = getattr(trace, "tracer", None)
        if self._core is not None or tracer is None:
            return None
        try:
            from ddtrace.internal import core

            if not self._library.spans(SPAN):
                return "spans are no labels: time is not sampled"
            self._tracer = tracer
            core.on(ACTIVATE, self._on_activate)
            core.on(FINISH, self._on_finish)
            self._core = core
            self._on_activate(tracer.context_provider, tracer.context_provider.active())
        except Exception as error:
            return "spans are no labels: this version of ddtrace is another one: %s: %s" % (type(error).__name__, error)
        return None

    def stop(self):
        core, self._core = self._core, None
        if core is not None:
            self._library.spans(None)
            core.reset_listeners(ACTIVATE, self._on_activate)
            core.reset_listeners(FINISH, self._on_finish)

    # Of these nothing may reach the tracer.

    def _on_activate(self, provider, active):
        try:
            if provider is self._tracer.context_provider:
                SPAN.set(NO_SPAN if active is None or active.span_id is None else self._pack(active.span_id, _root_of(active)))
        except Exception:
            SPAN.set(NO_SPAN)  # rather than the one before

    def _on_finish(self, span):
        try:
            if self._has_endpoints and span.span_type == "web" and span._local_root is span:
                self._library.endpoint(_root_of(span), span.resource.encode("utf-8", "replace"))
        except Exception:
            pass


def _root_of(active):
    """The ID of the local root of a span, or of a context that another thread has handed over."""
    root = getattr(active, "_local_root", None)
    handed = active if root is None else root._parent_context
    known = handed._meta.get(ROOT_KEY) if handed is not None else None
    return int(known, 16) if known else (active if root is None else root).span_id
