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

// "cpu_cores" is descending, "-cpu_cores" ascending: the largest first is what people look for. "" is newest first.
export interface Order {
  key: string;
  ascending: boolean;
}

const texts = ["service", "env", "version", "host", "language"] as const;
type TextKey = (typeof texts)[number];

export function parseOrder(text: string): Order {
  const key = text.replace(/^-/, "");
  const known = key === "time" || measures.some(([name]) => name === key) || (texts as readonly string[]).includes(key);
  return known ? { key, ascending: text.startsWith("-") } : { key: "time", ascending: false };
}

// What a click on a column's head makes of the order.
export function nextOrder(now: Order, key: string): string {
  if (now.key !== key) return key === "time" ? "" : key;
  if (!now.ascending) return `-${key}`;
  return key === "time" ? "" : key;
}

export function startOf(upload: Upload): string {
  return upload.start ?? upload.received;
}

export function languageOf(upload: Upload): string {
  return upload.language ?? upload.family ?? upload.runtime ?? "";
}

// Sorts a copy. Uploads without the measure come last either way; equal ones newest first.
export function sorted(uploads: readonly Upload[], order: Order): Upload[] {
  const sign = order.ascending ? 1 : -1;
  const byTime = (a: Upload, b: Upload) => b.id - a.id;
  if (order.key === "time") return [...uploads].sort((a, b) => -sign * byTime(a, b));
  if ((texts as readonly string[]).includes(order.key)) {
    const text = (upload: Upload) => (order.key === "language" ? languageOf(upload) : upload[order.key as TextKey]) ?? "";
    return [...uploads].sort((a, b) => -sign * text(a).localeCompare(text(b)) || byTime(a, b));
  }
  const number = (upload: Upload) => upload.measures?.[order.key as MeasureName] ?? null;
  return [...uploads].sort((a, b) => {
    const [x, y] = [number(a), number(b)];
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0) || byTime(a, b);
    return sign * (x - y) || byTime(a, b);
  });
}
