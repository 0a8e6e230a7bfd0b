// compare_sides.ts: the two selections that are compared, in words and as forms; and where the time range before another lies. A side is
// all parameters of a selection with one prefix: "base." the baseline, "" what is now.
import * as api from "../lib/api";
import { embedded } from "../lib/embedded";
import { button, actAsMenu, link, make } from "../lib/dom";
import { count, duration } from "../lib/format";
import { parseTime, prefixed } from "../lib/time_range";
import { selectionNames } from "../lib/selection";
import { State } from "../lib/state";
import { fieldTime, fromField, moment, rangeText } from "../lib/times";

export type Side = "base." | "";
export const sideNames: Record<Side, string> = { "base.": "Baseline", "": "Now" };
const mostValues = 1000; // of a list: what the receiver tells at most
const fields = ["service", "env", "version", "host", "runtime", "language"] as const;

// The address with another selection on one side; all else stays.
export function withSide(state: State, side: Side, selection: URLSearchParams): State {
  const own = new Set<string>(selectionNames.map((name) => side + name));
  const params = new URLSearchParams([...state.params].filter(([name]) => !own.has(name)));
  for (const [name, value] of prefixed(selection, side)) params.append(name, value);
  params.delete("zoom");
  return new State("/compare", params);
}

export function swapped(state: State): State {
  return withSide(withSide(state, "", state.selection("base.")), "base.", state.selection());
}

// The same uploads earlier: as long a time, right before it, or moved by a day or a week. null without two times to move.
export function moved(selection: URLSearchParams, by_ms: number | null): URLSearchParams | null {
  const from = parseTime(selection.get("from") ?? "");
  const to = parseTime(selection.get("to") ?? "");
  if (from === null || to === null || to <= from || selection.has("ids")) return null;
  const by = by_ms ?? to - from;
  const out = new URLSearchParams(selection);
  out.set("from", String(from - by));
  out.set("to", String(to - by));
  return out;
}

export function facts(selection: URLSearchParams): [name: string, value: string][] {
  const out: [string, string][] = [];
  const from = parseTime(selection.get("from") ?? "");
  const to = parseTime(selection.get("to") ?? "");
  if (from !== null && to !== null) out.push(["time", rangeText(from, to)]);
  else if (from !== null && from > 0) out.push(["since", moment(from)]);
  else if (to !== null) out.push(["until", moment(to)]);
  for (const [name, value] of selection) {
    if (name === "from" || name === "to") continue;
    const ids = value.split(",");
    out.push(
      name === "ids"
        ? ids.length === 1
          ? ["upload", embedded?.nameOf(value) ?? value]
          : ["uploads", `${ids.length} chosen`]
        : [name === "q" ? "text" : name, value || "none"],
    );
  }
  return out.length > 0 ? out : [["uploads", "all"]];
}

// Any number of a facet's values: a box for each that is chosen, and a list to choose one more.
function facetField(name: string, chosen: readonly string[], known: readonly string[], more: number): HTMLElement {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const list = make("select", { "aria-label": title, data: { facet: name } });
  const field = make("div", { class: "side-field", role: "group", "aria-label": title }, make("span", {}, title));
  const boxes = make("div", { class: "side-values" });
  const show = (values: readonly string[]): void => {
    const box = (value: string) => make("input", { type: "checkbox", name, value, checked: true, onchange: () => show(now()) });
    boxes.replaceChildren(...values.map((value) => make("label", { class: "chip" }, box(value), make("b", {}, value || "none"))), list);
    list.replaceChildren(
      make("option", { value: "any" }, values.length > 0 ? "or …" : "any"),
      ...known.filter((value) => !values.includes(value)).map((value) => make("option", { value: `=${value}` }, value || "none")),
      ...(more > 0 ? [make("option", { disabled: true }, `${more.toLocaleString("en")} more: choose on the search page`)] : []),
    );
  };
  const now = (): string[] => [...boxes.querySelectorAll<HTMLInputElement>("input:checked")].map((box) => box.value);
  list.onchange = () => (show([...now(), list.value.slice(1)]), list.focus());
  show(chosen);
  field.append(boxes);
  return field;
}

export interface SideTotals {
  uploads: number;
  seconds: number;
  total: string;
}

export class SidePanel {
  readonly element: HTMLElement;
  private readonly about = make("ul", { class: "facts" });
  private readonly sums = make("p", { class: "side-sums" });
  private readonly form = make("form", { class: "menu-list side-form" });
  private readonly menu: HTMLDetailsElement;
  private readonly ended = new AbortController();
  private selection = new URLSearchParams();

  constructor(
    private readonly side: Side,
    private readonly choose: (selection: URLSearchParams) => void,
    private readonly earlier: (by_ms: number | null) => void,
  ) {
    const name = sideNames[side];
    this.menu = make(
      "details",
      { class: "menu" },
      make("summary", { class: "button", "aria-label": `Change ${name}` }, "Change"),
      this.form,
    );
    this.menu.addEventListener("toggle", () => (this.menu.open ? void this.fill() : this.form.replaceChildren()));
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.apply()));
    actAsMenu(this.menu, this.ended.signal);
    this.element = make(
      "section",
      { class: `panel side ${side ? "side-base" : "side-now"}`, "aria-label": name, id: side ? "side-base" : "side-now" },
      make("h2", {}, name),
      this.about,
      make("span", { class: "space" }),
      this.sums,
      embedded ? "" : this.menu, // there are no others
    );
  }

  destroy(): void {
    this.ended.abort();
  }

  show(selection: URLSearchParams): void {
    this.selection = selection;
    this.about.replaceChildren(...facts(selection).map(([name, value]) => make("li", {}, make("span", {}, name), make("b", {}, value))));
  }

  showTotals(totals: SideTotals | null): void {
    this.sums.replaceChildren(
      ...(totals
        ? [
            make("b", {}, totals.total),
            make("span", { class: "soft" }, `${count(totals.uploads, "upload")} · ${duration(totals.seconds * 1e9)}`),
          ]
        : []),
    );
  }

  // What the filters can be is what the receiver has.
  private async fill(): Promise<void> {
    const { selection } = this;
    this.form.replaceChildren(make("p", { class: "soft" }, "Loading"));
    const known = await api
      .facets(new URLSearchParams(), { values: mostValues }, this.ended.signal)
      .catch(() => ({ facets: [] as api.Facet[] }));
    const time = (name: string, text: string) => {
      const at = parseTime(selection.get(name) ?? "");
      return make(
        "label",
        {},
        make("span", {}, text),
        make("input", { type: "datetime-local", step: "1", name, value: at === null ? "" : fieldTime(at) }),
      );
    };
    const pickers = fields.map((name) => {
      const { values = [], more = 0 } = known.facets.find((facet) => facet.name === name) ?? {};
      return facetField(
        name,
        selection.getAll(name),
        values.map(({ value }) => value),
        more,
      );
    });
    const ids = make(
      "label",
      {},
      make("span", {}, "Upload ids"),
      make("input", { type: "text", name: "ids", value: selection.get("ids") ?? "", placeholder: "all, or 7,9", pattern: "[0-9, ]*" }),
    );
    const before =
      this.side && this.canMove
        ? [
            button("Period before", () => this.move(null)),
            button("A day before", () => this.move(86_400_000)),
            button("A week before", () => this.move(7 * 86_400_000)),
          ]
        : [];
    const search = link(new State("/", selection).href, "Find on the search page");
    this.form.replaceChildren(
      ...pickers,
      time("from", "From"),
      time("to", "To"),
      ids,
      ...(before.length > 0 ? [make("div", { class: "side-before" }, ...before)] : []),
      make(
        "div",
        { class: "side-submit" },
        button("Compare", () => {}, { type: "submit", class: "button primary" }),
        search,
      ),
    );
  }

  canMove = false; // the other side has a time range that can be moved

  private move(by_ms: number | null): void {
    this.menu.open = false;
    this.earlier(by_ms);
  }

  private apply(): void {
    const data = new FormData(this.form);
    const selection = new URLSearchParams();
    for (const [name, entry] of data) {
      const text = String(entry).trim();
      if (!text && !fields.includes(name as (typeof fields)[number])) continue; // of a facet "" is a value: uploads without it
      selection.append(
        name,
        name === "from" || name === "to"
          ? String(fromField(text))
          : name === "ids"
            ? text.replace(/[^0-9]+/g, ",").replace(/^,|,$/g, "")
            : text,
      );
    }
    for (const name of ["tag", "q"]) for (const value of this.selection.getAll(name)) selection.append(name, value);
    this.menu.open = false;
    this.choose(selection);
  }
}
