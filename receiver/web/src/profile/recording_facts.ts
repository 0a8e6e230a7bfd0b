// recording_facts.ts: what a Java recording says of its JVM, as rows of the tab Runtime info. Pure.
import type { EventValue, JfrEvent } from "../lib/api";
import type { Fact } from "./runtime_flatten";

// Events with the fields of one thing each.
const things: Readonly<Record<string, string>> = {
  "jdk.JVMInformation": "JVM",
  "jdk.GCConfiguration": "Garbage collector",
  "jdk.GCHeapConfiguration": "Java heap",
  "jdk.OSInformation": "Operating system",
  "jdk.CPUInformation": "Processor",
  "jdk.PhysicalMemory": "Processor",
  "jdk.ContainerConfiguration": "Container",
};
const flagTypes = ["Boolean", "Int", "UnsignedInt", "Long", "UnsignedLong", "Double", "String"].map((kind) => `jdk.${kind}Flag`);
const pairs: Readonly<Record<string, string>> = {
  "jdk.InitialSystemProperty": "System properties",
  "jdk.InitialEnvironmentVariable": "Environment",
};

// The types of events to ask for.
export const factTypes = [...Object.keys(things), ...Object.keys(pairs), ...flagTypes].join(",");

function text(value: EventValue | undefined): string {
  return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

const notOfTheThing = ["startTime", "duration", "eventThread", "stackTrace"];

// A recording may say the same again in another chunk: the last one counts.
export function recordingFacts(events: readonly JfrEvent[]): Fact[] {
  const facts = new Map<string, Fact>();
  const add = (section: string, key: string, value: string): void => void facts.set(`${section}\n${key}`, { section, key, value });
  for (const { type, fields } of events) {
    const section = things[type];
    if (section) {
      for (const [key, value] of Object.entries(fields)) if (!notOfTheThing.includes(key)) add(section, key, text(value));
    } else if (flagTypes.includes(type)) {
      const chosen = fields["origin"] !== "Default";
      add(chosen ? "JVM flags that were set" : "JVM flags", text(fields["name"]), text(fields["value"]));
    } else if (pairs[type]) {
      add(pairs[type], text(fields["key"]), text(fields["value"]));
    }
  }
  return [...facts.values()];
}
