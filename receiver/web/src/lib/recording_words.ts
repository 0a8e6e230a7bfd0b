// recording_words.ts: what the sample types of Java's recordings are called (docs/jfr.md), in the order in which they are listed. Pure.
const words: readonly (readonly [type: string, word: string])[] = [
  ["cpu", "CPU in Java code"],
  ["cpu_samples", "CPU in Java code, samples"],
  ["wall", "Wall time"],
  ["wall_samples", "Wall time, samples"],
  ["native_wall", "Wall time in native code"],
  ["native_samples", "Wall time in native code, samples"],
  ["alloc_space", "Allocation"],
  ["alloc_samples", "Allocation, samples"],
  ["native_alloc_space", "Native allocation"],
  ["native_alloc_samples", "Native allocation, samples"],
  ["inuse_space", "Heap live"],
  ["inuse_objects", "Heap live, objects"],
  ["old_objects", "Old objects, chosen by the JVM"],
  ["old_object_space", "Old objects, bytes"],
  ["lock_time", "Lock"],
  ["lock_contentions", "Lock, contentions"],
  ["exceptions", "Error"],
  ["file_time", "File I/O"],
  ["file_bytes", "File I/O, bytes"],
  ["file_operations", "File I/O, operations"],
  ["socket_time", "Socket I/O"],
  ["socket_bytes", "Socket I/O, bytes"],
  ["socket_operations", "Socket I/O, operations"],
  ["class_load_time", "Class load"],
  ["class_loads", "Class load, classes"],
];

export function recordingWord(type: string): string | undefined {
  return words.find(([known]) => known === type)?.[1];
}

// Its place among the types of a recording.
export function recordingPlace(type: string): number {
  const place = words.findIndex(([known]) => known === type);
  return place < 0 ? words.length : place;
}

// Those that tell what threads did (receiver/views/thread_states.h).
export const stateTypes: readonly string[] = ["cpu", "wall", "lock_time", "file_time", "socket_time"];

// Of Java's recordings all profiles are one, and so are their warnings ("Lock: ..."). Those of the type's own profile, of those of types
// that are shown beside it, and of none.
export function recordingWarnings(type: string, warnings: readonly string[], beside: readonly string[] = []): string[] {
  const titleOf = (word: string | undefined): string | undefined => (word?.startsWith("Old objects") ? "Heap live" : word?.split(",")[0]);
  const own = titleOf(recordingWord(type));
  const others = new Set(beside.map((one) => titleOf(recordingWord(one))));
  const titles = new Set(words.map(([, word]) => titleOf(word)));
  return warnings.filter((text) => {
    const title = text.split(": ")[0];
    return own === undefined || title === own || others.has(title) || !titles.has(title);
  });
}
