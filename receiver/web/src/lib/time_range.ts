// search_time.ts: the time range that the search page shows: a stretch up to now ("range=1h"), or two fixed times ("from", "to").
//
// A range up to now stands in the address as its name, so that the link goes on meaning "the last hour"; links out of the search page carry
// fixed times, because what they show must not change.
import { selectionNames } from "./selection";
import type { State } from "./state";

const minute = 60_000;
const hour = 60 * minute;

export const ranges: readonly (readonly [name: string, text: string, length_ms: number])[] = [
  ["15m", "15 min", 15 * minute],
  ["1h", "1 h", hour],
  ["4h", "4 h", 4 * hour],
  ["1d", "1 d", 24 * hour],
  ["7d", "7 d", 7 * 24 * hour],
];

// Unix milliseconds; null is no bound.
export interface Bounds {
  from: number | null;
  to: number | null;
}

// "2026-01-02T03:04:05Z" or unix milliseconds; null when it is neither.
export function parseTime(text: string): number | null {
  if (!text) return null;
  const number = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(number) ? number : null;
}

export function timeBounds(state: State, now: number): Bounds {
  const range = ranges.find(([name]) => name === state.get("range"));
  if (range) return { from: now - range[2], to: null };
  return { from: parseTime(state.get("from")), to: parseTime(state.get("to")) };
}

// What the receiver is asked for: the selection with the range up to now as a time.
export function selectionAt(state: State, now: number): URLSearchParams {
  const selection = state.selection();
  const { from, to } = timeBounds(state, now);
  for (const [name, time] of [
    ["from", from],
    ["to", to],
  ] as const) {
    selection.delete(name);
    if (time !== null) selection.set(name, String(time));
  }
  return selection;
}

// The same with fixed times, for links: what "the last hour" is now, it stays.
export function fixedSelection(state: State, now: number): URLSearchParams {
  const selection = selectionAt(state, now);
  if (state.get("range")) selection.set("to", String(now));
  return selection;
}

export function hasSelection(params: URLSearchParams, prefix = ""): boolean {
  return selectionNames.some((name) => params.has(prefix + name));
}

// The selection's parameters with a prefix ("base."), to put beside another's.
export function prefixed(selection: URLSearchParams, prefix: string): URLSearchParams {
  const out = new URLSearchParams();
  for (const [name, value] of selection) out.append(prefix + name, value);
  return out;
}
