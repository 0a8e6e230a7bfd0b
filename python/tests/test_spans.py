"""Which span a context has."""

import struct
import types
import unittest

from cmemprof.profiling import _spans


class Activations(unittest.TestCase):
    def setUp(self):
        self.provider = object()
        self.spans = _spans.Spans(None, False)
        self.spans._tracer = types.SimpleNamespace(context_provider=self.provider)

    def activate(self, span, root=None):
        handed = {} if root is None else {_spans.ROOT_KEY: root}
        self.spans._on_activate(self.provider, types.SimpleNamespace(span_id=span, _meta=handed))
        return _spans.SPAN.get()

    def test_the_root_may_be_handed_over(self):
        self.assertEqual(self.activate(7), struct.pack("=QQ", 7, 7))
        self.assertEqual(self.activate(7, "1f"), struct.pack("=QQ", 7, 31))
        self.assertEqual(self.activate(None), b"")

    def test_what_is_not_understood_is_none(self):
        self.activate(7)
        self.assertEqual(self.activate(8, "no number"), b"")
        self.activate(7)
        self.assertEqual(self.activate(1 << 64), b"")

    def test_other_providers_are_not_heeded(self):
        before = self.activate(7)
        self.spans._on_activate(object(), None)
        self.assertEqual(_spans.SPAN.get(), before)


if __name__ == "__main__":
    unittest.main()
