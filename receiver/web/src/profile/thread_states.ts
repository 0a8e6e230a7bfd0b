// thread_states.ts: what threads did (receiver/views/thread_states.h): the states of a timeline's lanes, their colours and texts.
import "./thread_states.css";
import type { Timeline, TimelineRow } from "../lib/api";
import { mix } from "../lib/contrast";
import { make } from "../lib/dom";
import { value } from "../lib/format";
import { colour } from "../lib/theme";

const known = ["running", "lock", "I/O", "waiting", "sleeping", "off CPU"] as const;
type State = (typeof known)[number];

const property = (state: State): string => `--state-${state.replace(/\W/, "-").toLowerCase()}`;

// Those that any lane was in; none of what is no time.
export function statesOf({ unit, rows }: Timeline): readonly State[] {
  return unit === "nanoseconds" ? known.filter((state) => rows.some((row) => row.states?.[state]?.some((one) => one > 0))) : [];
}

// How long the row was in each state, from a column to another, without those that it was not in.
export function timesIn(row: TimelineRow, states: readonly State[], low: number, high: number): [State, number][] {
  const times = states.map((state): [State, number] => {
    const part = row.states?.[state]?.slice(low, high + 1) ?? [];
    return [state, part.reduce((sum, one) => sum + one, 0)];
  });
  return times.filter(([, ns]) => ns > 0);
}

export function timesText(times: readonly [State, number][]): string {
  return times.map(([state, ns]) => `${state} ${value(ns, "nanoseconds")}`).join(", ");
}

export function legend(states: readonly State[]): HTMLElement {
  const items = states.map((state) => {
    const square = make("i", { "aria-hidden": "true" });
    square.style.background = `var(${property(state)})`;
    return make("li", {}, square, state);
  });
  return make("ul", { class: "heat-states", "aria-label": "What threads did" }, ...items);
}

// The colour of a cell: of the state that it was in most, and the stronger, the more of `whole` nanoseconds it was in any.
export function painter(states: readonly State[], panel: string): (times: readonly [State, number][], whole: number) => string {
  const shades = new Map(
    states.map((state) => [state, Array.from({ length: 33 }, (_, i) => mix(panel, colour(property(state)), Math.sqrt(i / 32)))]),
  );
  return (times, whole) => {
    const most = times.reduce<[State, number] | null>((best, one) => (best && best[1] >= one[1] ? best : one), null);
    const all = times.reduce((sum, [, ns]) => sum + ns, 0);
    return most ? shades.get(most[0])![Math.round(32 * Math.min(all / whole, 1))] : panel;
  };
}
