// series.ts: series of metrics on one time axis, and the range of it that the address names. Pure.
import type { Series } from "./api";

// All times of all series, so that one cursor has one place in all charts.
export function commonTimes(series: readonly Series[]): number[] {
  return [...new Set(series.flatMap((one) => one.points.map(([time]) => time)))].sort((a, b) => a - b);
}

export function valuesAt(times: readonly number[], series: Pick<Series, "points">): (number | null)[] {
  const known = new Map(series.points);
  return times.map((time) => known.get(time) ?? null);
}

// "FROM-TO" in milliseconds.
export function parseZoom(text: string): [number, number] | null {
  const [from, to] = text.split("-").map(Number);
  return from !== undefined && to !== undefined && Number.isFinite(from) && Number.isFinite(to) && to > from && from > 0
    ? [from, to]
    : null;
}
