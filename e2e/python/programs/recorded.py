"""What memray has recorded (argv: its file), as one object of JSON: "marks": the frames of each block that has a mark's size, {"SIZE": [[function, file, line], ...]}, the innermost first, and
"bytes": what was allocated through each function, {"FUNCTION FILE": bytes}, once where it is called again below itself. Without mappings, which are no blocks.
"""

import collections
import json
import sys

from memray import AllocatorType, FileReader

ENDS = {AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.MMAP}

by_stack, stacks, marks = collections.Counter(), {}, {}
for record in FileReader(sys.argv[1]).get_allocation_records():
    if AllocatorType(record.allocator) in ENDS:
        continue
    by_stack[record.stack_id] += record.size
    if record.stack_id not in stacks:
        stacks[record.stack_id] = record.stack_trace()
    if record.size >= 1_000_000:
        marks[record.size] = stacks[record.stack_id]
totals = collections.Counter()
for stack, size in by_stack.items():
    for function, file in {(function, file) for function, file, line in stacks[stack]}:
        totals[function + " " + file] += size
json.dump({"marks": marks, "bytes": totals}, sys.stdout)
