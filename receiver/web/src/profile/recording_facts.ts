// recording_facts.ts: what a Java recording says of its JVM, as rows of the tab Runtime info. Pure.
import type { RecordingFact } from "../lib/api";
import type { Fact } from "./runtime_flatten";

const sections: Readonly<Record<string, string>> = {
  jvm: "JVM",
  gc: "Garbage collector",
  heap: "Java heap",
  os: "Operating system",
  cpu: "Processor",
  container: "Container",
  property: "System properties",
  environment: "Environment",
  profiler: "Profiler settings",
};

function sectionOf({ group, origin }: RecordingFact): string {
  if (group === "flag") return origin === "Default" ? "JVM flags" : "JVM flags that were set";
  return sections[group] ?? group;
}

export function recordingFacts(facts: readonly RecordingFact[]): Fact[] {
  return facts.map((fact) => ({ section: sectionOf(fact), key: fact.key, value: fact.value }));
}
