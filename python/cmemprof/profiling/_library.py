"""libcmemprof.so in this process, and the command beside it."""

import ctypes
import os
import shutil

BIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin")  # of the wheel


class Missing(Exception):
    """The library or the command is not here, or not the one that is needed."""


def command_path():
    """The program cmemprof: the wheel's, else that of PATH."""
    own = os.path.join(BIN, "cmemprof")
    found = own if os.path.exists(own) else shutil.which("cmemprof")
    if not found:
        raise Missing("the program cmemprof is neither in %s nor on the PATH" % BIN)
    return os.path.realpath(found)


def library_path():
    """libcmemprof.so, from where `cmemprof run` has it: beside the command, in ../lib or ../lib/cmemprof."""
    folder = os.path.dirname(command_path())
    for place in ("", "../lib", "../lib/cmemprof"):
        path = os.path.join(folder, place, "libcmemprof.so")
        if os.path.exists(path):
            return os.path.realpath(path)
    raise Missing("libcmemprof.so is not in %s, ../lib or ../lib/cmemprof of it" % folder)


def _strings(items):
    """A NULL-terminated array of C strings."""
    encoded = [os.fsencode(item) for item in items]
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)


class Library:
    """What preload/control.h declares. One that is preloaded is used, else the package's own is loaded."""

    def __init__(self):
        path = None
        if not hasattr(ctypes.CDLL(None), "cmemprof_preload_start"):
            path = library_path()
        # PyDLL keeps the GIL, so that no other thread is inside an allocator of Python's while it is given another; CDLL lets go of it.
        self._with_gil, self._without = ctypes.PyDLL(path), ctypes.CDLL(path)
        try:
            self._with_gil.cmemprof_preload_start.argtypes = [ctypes.POINTER(ctypes.c_char_p)]
            self._with_gil.cmemprof_preload_start.restype = ctypes.c_char_p
            self._with_gil.cmemprof_preload_is_running.argtypes = []
            self._with_gil.cmemprof_preload_is_running.restype = ctypes.c_bool
            self.exception = self._with_gil.cmemprof_preload_exception
            self.exception.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint]
            self.exception.restype = None
            self._with_gil.cmemprof_preload_locks.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_size_t, ctypes.c_void_p, ctypes.c_uint]
            self._with_gil.cmemprof_preload_locks.restype = ctypes.c_char_p
            self._with_gil.cmemprof_preload_lock_methods.argtypes = []
            self._with_gil.cmemprof_preload_lock_methods.restype = ctypes.POINTER(ctypes.c_char_p)
            self._with_gil.cmemprof_preload_spans.argtypes = [ctypes.c_void_p]
            self._with_gil.cmemprof_preload_spans.restype = ctypes.c_bool
            self.endpoint = self._with_gil.cmemprof_preload_endpoint
            self.endpoint.argtypes = [ctypes.c_uint64, ctypes.c_char_p]
            self.endpoint.restype = None
            self._without.cmemprof_preload_sees_malloc.argtypes = []
            self._without.cmemprof_preload_sees_malloc.restype = ctypes.c_bool
            self._without.cmemprof_preload_stop.argtypes = [ctypes.c_uint]
            self._without.cmemprof_preload_stop.restype = ctypes.c_bool
            self._without.cmemprof_preload_spawn.argtypes = [ctypes.c_char_p] + 2 * [ctypes.POINTER(ctypes.c_char_p)] + [ctypes.c_char_p]
            self._without.cmemprof_preload_spawn.restype = ctypes.c_int
        except AttributeError as error:
            raise Missing("libcmemprof.so is of another version than this package: %s" % error)

    def start(self, settings):
        """settings: {"CMEMPROF_...": value}. Returns None, or why nothing is sampled."""
        why = self._with_gil.cmemprof_preload_start(_strings("%s=%s" % item for item in settings.items()))
        return os.fsdecode(why) if why is not None else None

    def is_running(self):
        return self._with_gil.cmemprof_preload_is_running()

    def sees_malloc(self):
        return self._without.cmemprof_preload_sees_malloc()

    def lock_methods(self):
        """Names of what sample_locks wants, in order."""
        texts, names = self._with_gil.cmemprof_preload_lock_methods(), []
        while texts[len(names)] is not None:
            names.append(texts[len(names)].decode())
        return names

    def sample_locks(self, methods, interval):
        """Returns None, or why locks are not sampled. methods: descriptors."""
        addresses = (ctypes.c_void_p * (len(methods) + 1))(*[id(method) for method in methods])
        why = self._with_gil.cmemprof_preload_locks(addresses, len(methods), id(True), interval)
        return os.fsdecode(why) if why is not None else None

    def spans(self, variable):
        """variable: a ContextVar that stays; None: spans are no labels any more. Returns whether there are samples."""
        return self._with_gil.cmemprof_preload_spans(id(variable) if variable is not None else None)

    def stop(self, limit_s):
        """Returns False if the last profile was not written within the limit."""
        return self._without.cmemprof_preload_stop(limit_s)

    def spawn(self, arguments, environment, errors):
        """Starts a program that is no child of this process; its standard error goes into the file `errors`."""
        variables = _strings("%s=%s" % item for item in environment.items())
        error = self._without.cmemprof_preload_spawn(os.fsencode(arguments[0]), _strings(arguments), variables, os.fsencode(errors))
        if error != 0:
            raise OSError(error, os.strerror(error), arguments[0])
