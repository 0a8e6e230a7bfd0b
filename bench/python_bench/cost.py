"""Runs a program and prints what it takes, with all that it starts and leaves behind, its sender for one: "cpu MILLISECONDS", "wall MILLISECONDS" until the program
itself ends, "rss KIB" at the peak of the largest process. Its output is discarded. usage: cost.py PROGRAM ARGUMENTS...
"""

import ctypes
import os
import resource
import sys
import time

PR_SET_CHILD_SUBREAPER = 36

if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
    sys.exit("cost.py: no orphans are adopted")
begin = time.monotonic()
out = os.open(os.devnull, os.O_WRONLY)
program = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
wall = status = None
while True:
    try:
        process, ended = os.wait()
    except ChildProcessError:
        break
    if process == program:
        wall, status = time.monotonic() - begin, os.waitstatus_to_exitcode(ended)
if status != 0:
    sys.exit("cost.py: %s: status %d" % (" ".join(sys.argv[1:]), status))
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print("cpu %.1f\nwall %.1f\nrss %d" % ((usage.ru_utime + usage.ru_stime) * 1e3, wall * 1e3, usage.ru_maxrss))
