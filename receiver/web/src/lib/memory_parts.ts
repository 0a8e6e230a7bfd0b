// memory_parts.ts: the parts that resident memory (RSS) is divided into, as the client names them: series of metrics.json
// ("memory_KEY_bytes"), and the frames next to the root in memory.pprof. docs/memory.md explains each.
import "./memory_parts.css";

export const memoryFile = "memory.pprof";

export interface MemoryPart {
  key: string;
  title: string;
  frames: readonly [cause: string, kind?: string]; // in memory.pprof
}

// As they are stacked in the chart, the lowest first. memory_parts.css has the colour of each.
export const memoryParts: readonly MemoryPart[] = [
  { key: "go_live", title: "Go heap: live", frames: ["Go heap", "live"] },
  { key: "go_dead", title: "Go heap: dead, not yet collected", frames: ["Go heap", "dead, not yet collected"] },
  { key: "go_free", title: "Go heap: free, not returned", frames: ["Go heap", "free, not returned"] },
  { key: "go_stacks", title: "Go heap: goroutine stacks", frames: ["Go heap", "goroutine stacks"] },
  { key: "go_metadata", title: "Go heap: runtime metadata", frames: ["Go heap", "runtime metadata"] },
  { key: "malloc_live", title: "C heap: live", frames: ["C heap", "live"] },
  { key: "malloc_free", title: "C heap: free in the allocator", frames: ["C heap", "free in the allocator"] },
  { key: "malloc_metadata", title: "C heap: allocator's metadata", frames: ["C heap", "allocator's metadata"] },
  { key: "mapped", title: "Memory mapped by C", frames: ["memory mapped by C"] },
  { key: "thread_stacks", title: "Thread stacks", frames: ["thread stacks"] },
  { key: "files", title: "Mapped files", frames: ["mapped files"] },
  { key: "shared_memory", title: "Shared memory", frames: ["shared memory"] },
  { key: "program", title: "Program and libraries", frames: ["program and libraries"] },
  { key: "profiler", title: "Profiler", frames: ["profiler"] },
  { key: "mapped_not_seen", title: "Mapped, not seen by the profiler", frames: ["mapped, not seen by the profiler"] },
  { key: "unexplained", title: "Unexplained", frames: ["unexplained"] },
];

// The variable of memory_parts.css.
export function partColour(key: string): string {
  return `--part-${key}`;
}

// The part of a frame at the root, or of a kind below it; undefined: not a name of memory.pprof.
export function partOfFrames(cause: string, kind?: string): MemoryPart | undefined {
  const of = memoryParts.filter(({ frames }) => frames[0] === cause);
  return kind === undefined ? of[0] : of.find(({ frames }) => frames[1] === kind);
}
