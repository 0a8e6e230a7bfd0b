// memory_text.ts: what the tab Memory says in words. Pure.
import { bytes, count, duration, share } from "../lib/format";
import { moment } from "../lib/times";
import { indicesIn, lastOf, type Memory, type Outlook } from "./memory_data";

const shownParts = 4;
const farAbove = 0.1; // of the first value: "not growing" would mislead
const farAway_ms = 30 * 24 * 3_600_000;

// "838 MB resident · C heap: live 42.0 % · ... · Unexplained 1.2 %": the largest parts, and what is not explained in any case.
export function headline(memory: Memory, range: readonly [number, number] | null): string {
  const [from, to] = indicesIn(memory.times_ms, range);
  const rss = lastOf(memory.of("rss_bytes"), from, to);
  const parts = memory.parts.flatMap(({ part, values }) => {
    const value = lastOf(values, from, to);
    return value === null ? [] : [{ part, value }];
  });
  if (parts.length === 0 && rss === null) return "No figures in the shown range";
  const whole = rss ?? parts.reduce((sum, { value }) => sum + value, 0);
  const largest = parts
    .filter(({ part, value }) => part.key !== "unexplained" && value > 0)
    .sort((a, b) => b.value - a.value)
    .slice(0, shownParts);
  const named = [...largest, ...parts.filter(({ part }) => part.key === "unexplained")];
  return [`${bytes(whole)} resident`, ...named.map(({ part, value }) => `${part.title} ${share(value, whole)}`)].join(" · ");
}

export function slopeText(slope_per_ms: number): string {
  return `${bytes(slope_per_ms * 60_000)} a minute`;
}

// The time until the limit, or why there is none.
export function outlookText(outlook: Outlook, times_ms: readonly number[], last_ms: number): string {
  const { name, used, limit, growth, restarted, lately, reached_ms } = outlook;
  const whole = restarted ? "since the last restart" : "in the shown range";
  const since = lately ? `since ${moment(times_ms[outlook.since]!)}` : whole;
  const now = `${name}: ${bytes(used)}`;
  const ofLimit = limit === null ? "no limit known" : `${share(used, limit)} of the limit of ${bytes(limit)}`;
  if (limit !== null && used >= limit) return `${now}, at the limit of ${bytes(limit)}`;
  if (growth.points < 5) return `${now}, ${ofLimit}; growth cannot be told from ${count(growth.points, "upload")} ${whole}`;
  if (!growth.grows) {
    const risen = outlook.risen > farAbove * (used - outlook.risen);
    return `${now}, ${ofLimit}; ${risen ? `no steady growth ${whole}, but ${bytes(outlook.risen)} more than at its start` : `not growing ${whole}`}`;
  }
  const slope = `grows by ${slopeText(growth.slope_per_ms)} ${since}`;
  if (reached_ms === null) return `${now}, ${ofLimit}; ${slope}`;
  const left_ms = reached_ms - last_ms;
  if (left_ms > farAway_ms) return `${now}, ${ofLimit}; ${slope}: more than 30 days until the limit`;
  return `${now}, ${ofLimit}; ${slope}: ${duration(left_ms * 1e6)} until the limit, reached at ${moment(reached_ms)}`;
}

// What is missing, in sentences.
export function gapsOf(memory: Memory, range: readonly [number, number] | null): string[] {
  const [from, to] = indicesIn(memory.times_ms, range);
  const incomplete = memory.of("incomplete")?.slice(from, to) ?? [];
  const many = incomplete.filter((value) => value !== null && value > 0).length;
  const rss = memory.of("rss_bytes");
  const gaps: string[] = [];
  if (many > 0)
    gaps.push(
      `The breakdown is incomplete at ${many.toLocaleString("en")} of ${count(to - from, "moment")}: a source could not be read, and what it tells is missing, not 0`,
    );
  if (!rss) gaps.push("RSS itself is not known");
  if (memory.parts.length === 0) gaps.push("No part of RSS is known");
  if (!memory.of("cgroup_bytes")) gaps.push("The cgroup's figures are not known");
  return gaps;
}
