// choice_buttons.ts: buttons that several tabs have: whether processes are added up, and whether the profiler's own memory is left out.
import { button } from "../lib/dom";
import { change, type State } from "../lib/state";

export function sumButton(now: State): HTMLButtonElement {
  const summed = now.get("processes") === "sum";
  return button("Sum of processes", () => change({ processes: summed ? null : "sum" }), {
    id: "processes",
    "aria-pressed": String(summed),
    title: "Add up what the processes of one moment have",
  });
}

export function hideProfilerButton(now: State, title: string): HTMLButtonElement {
  const hidden = now.get("owner") === "program";
  return button("Hide profiler", () => change({ owner: hidden ? null : "program", zoom: null }), {
    id: "owner",
    "aria-pressed": String(hidden),
    title,
  });
}
