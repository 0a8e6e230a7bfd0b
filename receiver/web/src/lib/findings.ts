// findings.ts: what findings of Analysis are called and how much they weigh, for all views that show them. Pure.
import type { Finding } from "./api";
import { count } from "./format";
import { markdownFacts } from "./markdown";

const kinds: Record<string, string> = {
  c_leak: "C leak",
  c_growth: "C growth",
  go_heap_growth: "Heap growth",
  goroutine_leak: "Goroutine leak",
  goroutine_growth: "Goroutine growth",
  goroutine_pile_up: "Goroutine pile-up",
  allocation_churn: "Allocation churn",
  lock_contention: "Lock contention",
  cpu_in_c: "CPU time in C",
  short_cgo_calls: "Short calls into C",
  fragmentation: "Fragmentation",
  in_use_incomplete: "In-use incomplete",
  samples_dropped: "Samples dropped",
  plateau: "Rose and stayed",
  step: "Step",
  steps: "Rises in steps",
  doubling: "Doubling",
  goroutine_plateau: "Goroutines rose and stayed",
  regression: "Regression",
  restarts: "Restarts",
  retention: "Retention",
  go_not_returned: "Go has not returned it",
  page_cache: "Page cache",
  mapping_growth: "Mapping growth",
  mapped_file_growth: "Mapped file growth",
  shared_memory_growth: "Shared memory growth",
  thread_stack_growth: "Thread stack growth",
  unseen_mapping_growth: "Unseen mappings grow",
  unknown_memory_growth: "Unknown growth",
  memory_limit: "Memory limit",
  memory_unexplained: "Unexplained memory",
};

export function kindName(kind: string): string {
  return kinds[kind] ?? kind.replace(/_/g, " ");
}

// "high", "medium" and "low" are marked; anything else counts as low.
export function severityOf(finding: Finding): "high" | "medium" | "low" {
  return finding.severity === "high" || finding.severity === "medium" ? finding.severity : "low";
}

// "shop on db-1 and 2 other processes": the process that has it worst, and how many have it.
export function whose(finding: Finding): string {
  const where = [finding.service, finding.host && `on ${finding.host}`].filter(Boolean).join(" ");
  const others = (finding.processes ?? 1) - 1;
  if (others < 1 || finding.kind === "restarts") return where;
  return `${where || "one process"} and ${count(others, "other process")}`;
}

export function findingMarkdown(finding: Finding): string {
  const { title, evidence, advice, stack = [] } = finding;
  return markdownFacts(
    ["Finding", title],
    [
      ["Severity", severityOf(finding)],
      ["Kind", kindName(finding.kind)],
      ["Where", whose(finding)],
      ["Evidence", evidence],
      ["Advice", advice],
      ...stack.map((frame, at) => [at === 0 ? "Stack" : "", frame, true] as const),
    ],
  );
}

// Whether a finding is about memory in use: its values are bytes, or it says that figures of memory lack something.
export function isAboutMemory({ kind, unit }: Finding): boolean {
  return unit === "bytes" || kind.startsWith("memory_") || kind === "in_use_incomplete" || kind === "samples_dropped";
}
