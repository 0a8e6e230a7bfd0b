// search_columns.ts: the columns of the list of uploads, and how it is sorted. Pure.
import type { Measures, Upload } from "./api";
import { quantity } from "./chart_units";

export type MeasureName = keyof Measures;

export const measures: readonly (readonly [name: MeasureName, title: string, unit: string, about: string])[] = [
  ["cpu_cores", "CPU", "cores", "CPU cores in use: CPU time over the profile's time"],
  ["alloc_bytes_per_s", "Alloc", "bytes/s", "Allocation rate: bytes allocated a second"],
  ["heap_live_bytes", "Heap", "bytes", "Heap in use, without C memory"],
  ["c_live_bytes", "C heap", "bytes", "C heap in use: memory that C code allocated and has not freed"],
  ["goroutines", "Gorout.", "count", "Goroutines"],
  ["lock_seconds_per_s", "Lock", "s/s", "Time spent waiting for locks, in seconds a second"],
];

export function measureUnit(name: string): string {
  return measures.find(([known]) => known === name)?.[2] ?? "";
}

export function measureText(upload: Upload, name: MeasureName): string {
  const number = upload.measures?.[name];
  return number === null || number === undefined ? "–" : quantity(number, measureUnit(name));
}

// ---- Order ----

// "cpu_cores" is descending, "-cpu_cores" ascending. "" is by the profiles' own time, newest first.
export interface Order {
  key: string; // what the receiver is asked to sort by
  ascending: boolean;
}

const texts: readonly string[] = ["service", "env", "version", "host", "language"];

export function parseOrder(text: string): Order {
  const key = text.replace(/^-/, "");
  const known = key === "start" || measures.some(([name]) => name === key) || texts.includes(key);
  return known ? { key, ascending: text.startsWith("-") } : { key: "start", ascending: false };
}

// What a click on a column's head makes of the order. Of numbers people look for the largest, of names they begin with A.
export function nextOrder(now: Order, key: string): string {
  const ascending = now.key === key ? !now.ascending : texts.includes(key);
  return ascending ? `-${key}` : key === "start" ? "" : key;
}

export function startOf(upload: Upload): string {
  return upload.start ?? upload.received;
}

export function languageOf(upload: Upload): string {
  return upload.language ?? upload.family ?? upload.runtime ?? "";
}
