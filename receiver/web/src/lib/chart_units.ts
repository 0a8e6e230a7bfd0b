// chart_units.ts: numbers of time series as text, and the names that series and axes go by. Pure.
import { bytes, duration, value } from "./format";

// A value in a unit of the receiver's measures and metrics: "bytes", "bytes/s", "cores", "s/s", "count", "1/s", "ratio", "nanoseconds".
export function quantity(number: number, unit: string): string {
  if (unit === "bytes/s" || unit === "bytes_per_second") return `${bytes(number)}/s`;
  if (unit === "s/s") return `${duration(number * 1e9)}/s`;
  if (unit === "cores") return short(number);
  if (unit === "count" || unit === "") return short(number);
  if (unit === "1/s") return `${short(number)}/s`;
  if (unit === "ratio") return `${short(100 * number)} %`;
  return value(number, unit);
}

// Whole numbers below 100,000 stand as they are, larger ones with a letter: 1.23 M.
export function short(number: number): string {
  const size = Math.abs(number);
  if (size >= 1e5) {
    const [unit, letter] = size >= 1e9 ? [1e9, "G"] : size >= 1e6 ? [1e6, "M"] : [1e3, "k"];
    return `${three(number / unit)} ${letter}`;
  }
  if (Number.isInteger(number)) return number.toLocaleString("en");
  return size >= 1000 ? Math.round(number).toLocaleString("en") : three(number);
}

// Three digits that count; below 0.001 as a power of ten.
function three(number: number): string {
  const size = Math.abs(number);
  if (size !== 0 && size < 0.001) return number.toExponential(1);
  return number.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.1 ? 2 : 3);
}

// On an axis the zeros behind the point say nothing: "1.50 MB" is "1.5 MB".
export function tick(number: number, unit: string): string {
  return quantity(number, unit)
    .replace(/(\.\d*?)0+(?=\D|$)/, "$1")
    .replace(/\.(?=\D|$)/, "");
}

// A line over buckets of which some have no value: short gaps are bridged (undefined), longer ones stay (null), so that two busy hours with
// a quiet month between them are not joined.
export function bridged(values: readonly (number | null)[], most: number): (number | null | undefined)[] {
  const out: (number | null | undefined)[] = [...values];
  let last = -1;
  values.forEach((value, index) => {
    if (value === null) return;
    if (last >= 0 && index - last - 1 <= most) out.fill(undefined, last + 1, index);
    last = index;
  });
  return out;
}

// The upper edges of areas, each on top of those that follow it. An unknown value adds nothing; where all are unknown there is no edge.
export function stack(areas: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const edges: (number | null)[][] = areas.map((values) => values.map(() => null));
  const known = (areas[0] ?? []).map((_, at) => areas.some((values) => values[at] !== null));
  const sums = known.map(() => 0);
  for (let index = areas.length - 1; index >= 0; index--) {
    for (let at = 0; at < known.length; at++) {
      sums[at] = sums[at]! + (areas[index]![at] ?? 0);
      if (known[at]) edges[index]![at] = sums[at]!;
    }
  }
  return edges;
}

// The values that no line reaches, because there are gaps on both sides of them.
export function alone(values: readonly (number | null | undefined)[]): number[] {
  const gap = (index: number) => values[index] === null || index < 0 || index >= values.length;
  return values.flatMap((value, index) => (typeof value === "number" && gap(index - 1) && gap(index + 1) ? [index] : []));
}

const words: Record<string, string> = {
  cpu: "CPU",
  gc: "GC",
  gcs: "GCs",
  c: "C",
  go: "Go",
  rss: "RSS",
  num: "number of",
  alloc: "allocated",
  allocs: "allocations",
  sec: "s",
  max: "longest",
};

const titles: Record<string, string> = {
  cpu_cores: "CPU cores",
  cpu_c_cores: "CPU cores: C code",
  cpu_unsampled_cores: "CPU cores: not sampled",
  alloc_bytes_per_s: "Allocation rate",
  heap_live_bytes: "Heap live",
  c_live_bytes: "C heap live",
  goroutines: "Goroutines",
  lock_seconds_per_s: "Lock time",
  go_alloc_bytes_per_sec: "Go: bytes allocated",
  go_allocs_per_sec: "Go: allocations",
  go_frees_per_sec: "Go: frees",
  go_heap_growth_bytes_per_sec: "Go: heap growth",
  go_gcs_per_sec: "Go: collections",
  go_gc_pause_time: "Go: share of time in GC pauses",
  go_max_gc_pause_time: "Go: longest GC pause",
  go_num_goroutine: "Go: goroutines",
  go_gc_cpu_time: "Go: collections' share of CPU time",
  go_memory_limit_bytes: "Go: memory limit",
  go_memory_limit_process_bytes: "Memory limit of the process",
  go_memory_limit_others_bytes: "Held by C and others, of that limit",
  jvm_cpu_cores: "JVM: CPU cores",
  machine_cpu_cores: "Machine: CPU cores",
  jvm_heap_live_bytes: "JVM: heap after GC",
  jvm_heap_peak_bytes: "JVM: heap, highest",
  jvm_heap_committed_bytes: "JVM: heap committed",
  jvm_metaspace_bytes: "JVM: metaspace",
  jvm_direct_buffers_bytes: "JVM: direct buffers",
  jvm_native_memory_bytes: "JVM: native memory committed",
  jvm_resident_bytes: "JVM: resident memory",
  jvm_container_bytes: "Container: memory used",
  jvm_threads: "JVM: threads",
  jvm_daemon_threads: "JVM: daemon threads",
  jvm_classes: "JVM: classes loaded",
  jvm_gc_pause_time: "JVM: share of time in GC pauses",
  jvm_max_gc_pause_time: "JVM: longest GC pause",
  jvm_gcs_per_sec: "JVM: collections",
  jvm_exceptions_per_sec: "JVM: exceptions",
};

// A title for a series: one of ours, else its name as words.
export function title(name: string): string {
  const known = titles[name];
  if (known) return known;
  const text = name
    .split(/[_.]+/)
    .filter(Boolean)
    .map((word) => words[word] ?? word)
    .join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
