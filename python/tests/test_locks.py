"""What is given to the library as the methods of locks."""

import _thread
import unittest
from unittest import mock

from cmemprof.profiling._locks import Locks


class Library:
    def __init__(self):
        self.given = []

    def lock_methods(self):
        return ["lock.acquire", "RLock.release"]

    def sample_locks(self, methods, interval):
        self.given.append((methods, interval))


class Methods(unittest.TestCase):
    def test_they_are_the_types_own(self):
        library = Library()
        self.assertIsNone(Locks(100, library).start())
        self.assertEqual(library.given, [([_thread.LockType.acquire, _thread.RLock.release], 100)])

    def test_others_in_their_place_are_refused(self):
        """The library reads memory of a descriptor, and no other object has it so."""

        class Other:
            def acquire(self):
                pass

        library = Library()
        with mock.patch.object(_thread, "LockType", Other):
            self.assertIn("lock.acquire", Locks(100, library).start())
        self.assertEqual(library.given, [])


if __name__ == "__main__":
    unittest.main()
