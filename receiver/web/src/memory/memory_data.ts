// memory_data.ts: the series of metrics that say where memory is, on one time axis, and what follows from them. Pure.
//
// A figure that could not be read has no point: it is unknown, not 0.
import type { Series } from "../lib/api";
import { memoryParts, type MemoryPart } from "../lib/memory_parts";
import { commonTimes, valuesAt } from "../lib/series";

export type Values = readonly (number | null)[];

export interface Memory {
  times_ms: readonly number[];
  parts: readonly { part: MemoryPart; values: Values }[]; // those with a point, from the top of the chart down
  of: (figure: string) => Values | undefined; // "rss_bytes", "cgroup_limit_bytes", ...
}

const prefix = "memory_";

// null: the client sends no breakdown.
export function readMemory(all: readonly Series[]): Memory | null {
  const series = all.filter(({ name, points }) => name.startsWith(prefix) && points.length > 0);
  if (series.length === 0) return null;
  const times_ms = commonTimes(series);
  const byName = new Map(series.map((one) => [one.name.slice(prefix.length), valuesAt(times_ms, one)]));
  const parts = memoryParts.flatMap((part) => {
    const values = byName.get(`${part.key}_bytes`);
    return values ? [{ part, values }] : [];
  });
  return { times_ms, parts: parts.reverse(), of: (figure) => byName.get(figure) };
}

// The indices of the times in a range, from and up to (exclusive); all without a range.
export function indicesIn(times_ms: readonly number[], range: readonly [number, number] | null): [from: number, to: number] {
  if (!range) return [0, times_ms.length];
  const from = times_ms.findIndex((time) => time >= range[0]);
  const to = times_ms.findIndex((time) => time > range[1]);
  return from < 0 ? [times_ms.length, times_ms.length] : [from, to < 0 ? times_ms.length : to];
}

export function lastOf(values: Values | undefined, from = 0, to = values?.length ?? 0): number | null {
  for (let at = to - 1; values && at >= from; at--) if (values[at] !== null) return values[at]!;
  return null;
}

export function firstOf(values: Values | undefined, from = 0, to = values?.length ?? 0): number | null {
  for (let at = from; values && at < to; at++) if (values[at] !== null) return values[at]!;
  return null;
}

// ---- Growth, and the limit ----

export interface Growth {
  points: number;
  slope_per_ms: number; // of a line of least squares; 0 with fewer than 5 points
  fits: number; // its rise over the scatter around it
  grows: boolean;
}

const leastPoints = 5;
const leastShare = 0.01; // of the mean: less is no growth

// What grows rises over the range by twice as much as its values scatter around the line.
export function growthOf(times_ms: readonly number[], values: Values, from = 0, to = values.length): Growth {
  const known: [number, number][] = [];
  for (let at = from; at < to; at++) if (values[at] !== null) known.push([times_ms[at]!, values[at]!]);
  const points = known.length;
  if (points < leastPoints) return { points, slope_per_ms: 0, fits: 0, grows: false };
  const mean = (of: (point: [number, number]) => number): number => known.reduce((sum, point) => sum + of(point), 0) / points;
  const [time, value] = [mean((point) => point[0]), mean((point) => point[1])];
  const spread = mean(([t]) => (t - time) ** 2);
  const slope_per_ms = spread > 0 ? mean(([t, v]) => (t - time) * (v - value)) / spread : 0;
  const scatter = Math.sqrt(mean(([t, v]) => (v - value - slope_per_ms * (t - time)) ** 2));
  const rise = slope_per_ms * (known[points - 1]![0] - known[0]![0]);
  const fits = rise / Math.max(scatter, 1e-9);
  return { points, slope_per_ms, fits, grows: rise > 0 && fits >= 2 && rise >= leastShare * value };
}

const peakTolerance = 0.01; // the kernel's count of RSS is not exact

// Where the newest process begins: the highest RSS so far (VmHWM) only falls when another process starts.
export function newestStart(peak: Values | undefined, from: number, to: number): number {
  let last: number | null = null;
  let start = from;
  for (let at = from; peak && at < to; at++) {
    const now = peak[at] ?? null;
    if (now === null) continue;
    if (last !== null && now < last * (1 - peakTolerance)) start = at;
    last = now;
  }
  return start;
}

// The limit of which least is left.
export function limitOf(memory: Memory): Values | undefined {
  return memory.of("limit_bytes") ?? memory.of("cgroup_limit_bytes");
}

// What counts against the limit, by the client's own word (cmemprof/cgroup_memory.h). Of older clients the cgroup's memory without the inactive
// page cache; where that is unknown, RSS.
export function limited(memory: Memory): { values: Values; name: string } | null {
  const used = memory.of("limit_used_bytes");
  if (used) return { values: used, name: "Counts against the limit" };
  const cgroup = memory.of("cgroup_bytes");
  const inactive = memory.of("cgroup_inactive_file_bytes");
  const rss = memory.of("rss_bytes");
  if (cgroup && inactive)
    return {
      values: cgroup.map((bytes, at) => (bytes === null || inactive[at] === null ? null : Math.max(bytes - inactive[at]!, 0))),
      name: "Cgroup less inactive cache",
    };
  if (cgroup) return { values: cgroup, name: "Cgroup" };
  return rss ? { values: rss, name: "RSS" } : null;
}

export interface Outlook {
  name: string; // of what was looked at
  used: number;
  limit: number | null; // null: not known
  growth: Growth;
  risen: number; // from the first value since the restart to the last
  since: number; // index of the first time that the growth is of
  restarted: boolean; // the range's first times are of another process
  lately: boolean; // it is of the newest part of what is left
  reached_ms: number | null; // when the limit is reached at this slope; null: not known or never
}

const otherSlope = 1.5;
const overSlope = 1 / 3;
const leastLately = 8; // points of a newest part
const leastFit = 4; // of a newest part that alone grows

// How it grows now: by the whole range; by its newest third where that has another slope (by half or more), or no growth at all; and where the
// whole does not grow, by the newest half or third that does, if it has come higher than anything before (else it is a tooth of a saw). As
// series/memory_limit.h for Analysis.
export function growthNow(times_ms: readonly number[], values: Values, from: number, to: number): { growth: Growth; since: number } {
  const whole = growthOf(times_ms, values, from, to);
  const known: number[] = [];
  for (let at = from; at < to; at++) if (values[at] !== null) known.push(at);
  const points = known.length;
  const [half, third] = [known[Math.floor(points / 2)] ?? from, known[points - Math.floor(points / 3)] ?? from];
  if (whole.grows) {
    const growth = growthOf(times_ms, values, third, to);
    if (growth.points < leastLately) return { growth: whole, since: from };
    const ratio = growth.slope_per_ms / whole.slope_per_ms;
    if (ratio < overSlope && !growth.grows) return { growth: { ...whole, grows: false }, since: from };
    return growth.grows && (ratio > otherSlope || ratio < 1 / otherSlope) ? { growth, since: third } : { growth: whole, since: from };
  }
  for (const since of [half, third]) {
    const growth = growthOf(times_ms, values, since, to);
    const highest = Math.max(...known.filter((at) => at < since).map((at) => values[at]!), -Infinity);
    if (growth.grows && growth.points >= leastLately && growth.fits >= leastFit && values[known[points - 1]!]! > highest)
      return { growth, since };
  }
  return { growth: whole, since: from };
}

// null: there is no value in the range.
export function outlookOf(memory: Memory, range: readonly [number, number] | null): Outlook | null {
  const { times_ms } = memory;
  const [from, to] = indicesIn(times_ms, range);
  const what = limited(memory);
  const used = lastOf(what?.values, from, to);
  if (!what || used === null) return null;
  const limit = lastOf(limitOf(memory), from, to);
  const start = newestStart(memory.of("peak_rss_bytes"), from, to);
  const { growth, since } = growthNow(times_ms, what.values, start, to);
  const left_ms = limit !== null && growth.grows ? Math.max(limit - used, 0) / growth.slope_per_ms : null;
  return {
    ...{ name: what.name, used, limit, growth, since, restarted: start > from, lately: since > start },
    risen: used - (firstOf(what.values, start, to) ?? used),
    reached_ms: left_ms === null ? null : times_ms[to - 1]! + left_ms,
  };
}

// A limit far above all values would press them to the ground.
export function isInChart(limit: Values, others: readonly Values[], from: number, to: number): boolean {
  const largest = (values: Values): number => values.slice(from, to).reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const most = Math.max(...others.map(largest));
  return most > 0 && largest(limit) <= 4 * most;
}
