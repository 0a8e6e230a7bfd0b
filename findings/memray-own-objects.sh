#!/usr/bin/env bash
# memray 1.20.0, CPython 3.11 to 3.13: what memray's own tracing makes the interpreter allocate is in its figures. It is told of each call of a Python function, for which
# the interpreter makes an object of the frame, numbers and tuples; with PYTHONMALLOC=malloc or --trace-python-allocators these are records like any other, at the
# place of the program that is being traced. A loop that calls urllib.parse.urljoin, in blocks of malloc, calloc and realloc for each pass:
#
#     counted by a preloaded library, without memray     22
#     records of memray                                  49 (3.11.2) to 64 (3.13.0)
#
# The number of calls decides, so that a program of small functions seems to allocate two to three times what it does.
# Fails when the behaviour has changed. Needs gcc, Python with venv, and PyPI for memray.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: memray==1.20.0
cat >count.c <<'C'
#include <stddef.h>
#include <stdio.h>
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static unsigned long count;
void *malloc(size_t size) { return count++, __libc_malloc(size); }
void *calloc(size_t number, size_t size) { return count++, __libc_calloc(number, size); }
void *realloc(void *block, size_t size) { return count++, __libc_realloc(block, size); }
__attribute__((destructor)) static void tell(void) { fprintf(stderr, "%lu\n", count); }
C
gcc -O1 -fno-builtin -shared -fPIC -o count.so count.c
cat >loop.py <<'PY'
import sys
from urllib.parse import urljoin
def passes(number):
    for _ in range(number):
        urljoin("http://example.org", "/b")
passes(int(sys.argv[1]))
PY
cat >records.py <<'PY'
import sys
from memray import AllocatorType, FileReader
count = 0
for record in FileReader(sys.argv[1]).get_allocation_records():
    if AllocatorType(record.allocator) in (AllocatorType.MALLOC, AllocatorType.CALLOC, AllocatorType.REALLOC):
        count += any(frame[0] == "passes" for frame in record.stack_trace())
print(count)
PY
export PYTHONMALLOC=malloc PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
counted() { LD_PRELOAD=$PWD/count.so venv/bin/python loop.py "$1" 2>&1; }
few=$(counted 1) many=$(counted 2001)
venv/bin/python -m memray run --quiet --output recorded loop.py 2001
records=$(venv/bin/python records.py recorded)
echo "for each pass: $(((many - few) / 2000)) blocks, $((records / 2001)) records of memray"
[ $((records / 2001)) -gt $((3 * (many - few) / 2000 / 2)) ]
