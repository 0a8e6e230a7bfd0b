// search_picks.ts: what can be done with the uploads that are chosen, or with all that the filters let through: opened as one, kept as the
// baseline, compared with it. The baseline stands in the address as "base." parameters, so it stays while the filters change.
import { button, link, make } from "../lib/dom";
import { count } from "../lib/format";
import { fixedSelection, hasSelection, prefixed } from "../lib/time_range";
import { change, current, navigate, State } from "../lib/state";

// An address with more numbers in it would be cut on its way; filters have no such bound.
const mostIds = 1000;

export function chosenIds(state: State): Set<number> {
  return new Set(
    state
      .get("sel")
      .split(",")
      .map(Number)
      .filter((id) => Number.isInteger(id) && id > 0),
  );
}

// The selection that the buttons are about.
export function picked(state: State, now: number): URLSearchParams {
  const ids = [...chosenIds(state)];
  return ids.length > 0 ? new URLSearchParams({ ids: ids.sort((a, b) => a - b).join(",") }) : fixedSelection(state, now);
}

// The same address with another baseline; null takes it away.
export function withBaseline(state: State, baseline: URLSearchParams | null): State {
  const params = new URLSearchParams([...state.params].filter(([name]) => !name.startsWith("base.")));
  if (baseline) {
    const bound = baseline.size > 0 ? baseline : new URLSearchParams({ from: "0" }); // everything is a baseline as well
    for (const [name, value] of prefixed(bound, "base.")) params.append(name, value);
    params.delete("sel");
  }
  return new State(state.path, params);
}

export function compareLink(state: State, now: number): string {
  const params = picked(state, now);
  for (const [name, value] of state.params) if (name.startsWith("base.")) params.append(name, value);
  return new State("/compare", params).href;
}

// Two chosen uploads, the one that came first as the baseline.
export function twoLink(state: State): string {
  const [older, newer] = [...chosenIds(state)].sort((a, b) => a - b);
  return new State("/compare", new URLSearchParams({ ids: String(newer), "base.ids": String(older) })).href;
}

export function describe(selection: URLSearchParams): string {
  const ids = selection.get("ids");
  if (ids) return count(ids.split(",").length, "upload");
  const parts = [...selection]
    .filter(([name]) => name !== "from" && name !== "to")
    .map(([name, value]) => (name === "tag" || name === "q" ? value : name === "pinned" ? "pinned ones" : `${name}:${value}`));
  if (selection.has("from") && selection.get("from") !== "0") parts.push("a time range");
  return parts.join(", ") || "all uploads";
}

export class Picks {
  readonly element = make("div", { class: "picks", role: "toolbar", "aria-label": "Chosen uploads" });
  private shown = "";

  show(state: State, total: number): void {
    const key = `${state.href} ${total}`;
    if (key === this.shown) return;
    this.shown = key;
    const now = Date.now();
    const chosen = chosenIds(state).size;
    const number = chosen || total;
    const hasBase = hasSelection(state.params, "base.");
    const focused = (document.activeElement as HTMLElement | null)?.id;
    const tooMany = chosen > mostIds ? `At most ${mostIds.toLocaleString("en")} can be chosen one by one: narrow the filters instead` : "";
    const go = (id: string, href: string, text: string, primary = false) =>
      number > 0 && !tooMany
        ? link(href, text, { id, class: primary ? "button primary" : "button" })
        : make("button", { type: "button", id, class: "button", disabled: true, title: tooMany }, text);
    const setBase = button("Set as baseline", () => navigate(withBaseline(current(), picked(current(), Date.now()))), {
      id: "set-baseline",
      disabled: number === 0 || tooMany !== "",
    });
    this.element.replaceChildren(
      make("b", { id: "picked" }, chosen ? `${chosen.toLocaleString("en")} chosen` : `All ${total.toLocaleString("en")} shown`),
      go("open-merged", new State("/profile", picked(state, now)).href, number === 1 ? "Open" : "Open merged"),
      ...(hasBase ? [go("compare", compareLink(state, now), "Compare with baseline", true)] : [setBase]),
      ...(!hasBase && chosen === 2 ? [go("compare-two", twoLink(state), "Compare the two", true)] : []),
      ...(chosen ? [button("Clear choice", () => change({ sel: null }), { id: "clear-choice", class: "button plain" })] : []),
      make("span", { class: "space" }),
      ...(hasBase ? [this.baseline(state)] : []),
    );
    if (focused) this.element.querySelector<HTMLElement>(`#${CSS.escape(focused)}`)?.focus();
  }

  private baseline(state: State): HTMLElement {
    const drop = button("×", () => navigate(withBaseline(current(), null)), { class: "button plain", "aria-label": "Remove the baseline" });
    return make(
      "span",
      { id: "baseline", class: "chip" },
      make("span", { class: "soft" }, "Baseline"),
      make("b", {}, describe(state.selection("base."))),
      drop,
    );
  }
}
