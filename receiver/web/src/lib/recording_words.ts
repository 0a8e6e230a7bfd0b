// recording_words.ts: what the sample types of Java's recordings are called (docs/jfr.md), in the order in which they are listed. Pure.
const words: readonly (readonly [type: string, word: string])[] = [
  ["cpu", "CPU"],
  ["cpu_samples", "CPU, samples"],
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
  ["exceptions", "Exceptions"],
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
