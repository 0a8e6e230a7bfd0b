// choice_buttons.ts: buttons that several tabs have: whether processes are added up, and whether the profiler's own memory is left out.
import { button } from "../lib/dom";
import { change, type State } from "../lib/state";
import { tagKey } from "../lib/tags";

// Beside each other, as where uploads are grouped by a tag, processes add up unless the address says otherwise.
export function isSummed(now: State): boolean {
  return now.get("processes", tagKey(now.get("group_by")) ? "sum" : "") === "sum";
}

// grouped: of what the address groups by.
export function sumButton(now: State, { grouped = false } = {}): HTMLButtonElement {
  const summed = grouped ? isSummed(now) : now.get("processes") === "sum";
  const each = grouped && tagKey(now.get("group_by")) ? "each" : null;
  return button("Sum of processes", () => change({ processes: summed ? each : "sum" }), {
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
