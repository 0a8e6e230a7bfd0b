// profile_toolbar.ts: the controls above the graph: view, memory, grouping, colours, search, filters. What they choose goes into the address.
import type { Kind, Merged, SampleType, Types } from "../lib/api";
import { button, make, refill, segments, select } from "../lib/dom";
import { embedded } from "../lib/embedded";
import { hideProfilerButton, isSummed, sumButton } from "./choice_buttons";
import { kindNames, type Colouring } from "./flame_colours";
import { value } from "../lib/format";
import { groupings, type Grouping } from "./groups";
import { LabelsMenu } from "./labels_menu";
import { ShapeMenu } from "./shape_menu";
import { isRegex } from "./pattern";
import { change, current, type State } from "../lib/state";
import { keyName } from "../lib/tags";
import { rangeText } from "../lib/times";
import { TextBox } from "../lib/text_box";

export const views = [
  ["graph", "Graph"],
  ["table", "Table"],
  ["both", "Both"],
  ["sandwich", "Sandwich"],
  ["calls", "Call graph"],
  ["times", "Over time"],
  ["source", "Source"],
] as const;
export type ViewName = (typeof views)[number][0];

const gaugeValues = [
  ["", "Mean"],
  ["last", "Last"],
  ["max", "Max"],
] as const;

const growthValue = ["growth", "Growth"] as const; // of a type that is a gauge

// Whether it is asked how much there is, or how much that grows.
export function asksGrowth(now: State): boolean {
  return now.get("gauges") === "growth";
}

// The stretch of time within the upload, "FROM-TO" in unix milliseconds; "": all. A report has no times.
function timeOf(now: State): string {
  return !embedded && /^\d{12,13}-\d{12,13}$/.test(now.get("time")) ? now.get("time") : "";
}

// The same as a filter by label: samples without a time of their own are not in it.
export function timeLabels(now: State): string[] {
  const [from, to] = timeOf(now).split("-");
  return to ? [`end_timestamp_ns:${from}000000..${to}000000`] : [];
}

const patternNames = { focus: "focus", start: "start", ignore: "ignore", hide: "hide", label: "label" } as const;
type PatternName = keyof typeof patternNames;

export interface ToolbarContent {
  types: Types;
  type: SampleType;
  colourings: readonly (readonly [Colouring, string])[]; // to choose from
  colouring: Colouring;
  kinds: Set<Kind>; // of its frames
  merged: Merged | undefined; // of an aggregate
}

// One of the choices, or the first.
export function choice<T extends string>(now: State, name: string, choices: readonly (readonly [T, string])[]): T {
  const wanted = now.get(name);
  return (choices.find(([id]) => id === wanted) ?? choices[0])[0];
}

export function addPattern(name: PatternName, pattern: string): void {
  const all = current().all(name);
  if (!all.includes(pattern)) change({ [name]: [...all, pattern], zoom: null });
}

function removePattern(name: string, pattern: string): void {
  change({
    [name]: current()
      .all(name)
      .filter((one) => one !== pattern),
    zoom: null,
  });
}

// "": by none.
export function groupByLabel(key: string): void {
  change({ group_by: key || null, zoom: null, fn: null, file: null, callers: null, callees: null });
}

// What was there at many moments is shown as one of these.
export function gaugeControls(now: State, { gauges }: Merged, { growth = false } = {}): HTMLElement {
  const values = growth ? [...gaugeValues, growthValue] : gaugeValues;
  const several = !(growth && asksGrowth(now)) && ((gauges?.processes_at_once ?? 1) > 1 || isSummed(now));
  return make(
    "div",
    { class: "toolbar-group", id: "gauges" },
    segments<string>("Of many uploads", values, choice<string>(now, "gauges", values), (id) =>
      change({ gauges: id || null, colour: null, zoom: asksGrowth(now) || id === "growth" ? null : now.get("zoom") }),
    ),
    several && sumButton(now, { grouped: true }),
  );
}

function certaintyLegend(): HTMLElement {
  const one = (kind: string, text: string) => make("span", {}, make("i", { class: `swatch ${kind}` }), text);
  return make("span", { class: "compare-legend" }, one("more", "grows"), one("less", "shrinks"), one("same", "not certain"));
}

export class ProfileToolbar {
  readonly search = new TextBox("find", {
    id: "search",
    label: "Search functions and files",
    placeholder: "Search functions and files  ( / )",
    read: (pattern) => (isRegex(pattern) ? pattern.slice(1, -1) : pattern),
    write: (text) => (this.regex.getAttribute("aria-pressed") === "true" && text ? `/${text}/` : text),
  });
  readonly matches = make("span", { id: "matches", role: "status" });
  readonly labels = new LabelsMenu(
    (label) => (current().all("label").includes(label) ? removePattern("label", label) : addPattern("label", label)),
    groupByLabel,
  );
  readonly shape = new ShapeMenu();
  readonly element: HTMLElement;
  private readonly choices = make("div", { class: "toolbar-group" });
  private readonly looks = make("div", { class: "toolbar-group" });
  private readonly chips = make("ul", { id: "filters", class: "chips", "aria-label": "Filters" });
  private readonly legend = make("div", { id: "legend", class: "legend", role: "group", "aria-label": "Kinds of frames that are shown" });
  private readonly regex = button(".*", () => this.toggleRegex(), {
    id: "regex",
    title: "Regular expression",
    "aria-label": "Regular expression",
  });
  private readonly filter = make("div", { class: "toolbar-group" });

  constructor() {
    this.filter.append(
      button("Focus", () => this.usePattern("focus"), { title: "Keep only stacks that match the search" }),
      button("Ignore", () => this.usePattern("ignore"), { title: "Drop stacks that match the search" }),
      button("Hide", () => this.usePattern("hide"), { title: "Leave out frames that match the search" }),
    );
    this.element = make(
      "div",
      { class: "toolbar" },
      make("div", { class: "toolbar-row" }, this.choices, make("span", { class: "space" }), this.looks),
      make(
        "div",
        { class: "toolbar-row" },
        make("div", { class: "search-box" }, this.search.element, this.regex),
        this.filter,
        this.labels.element,
        this.shape.element,
        this.matches,
        make("span", { class: "space" }),
        this.legend,
      ),
      this.chips,
    );
  }

  show(now: State, content: ToolbarContent): void {
    const { types, type } = content;
    const view = choice(now, "view", views);
    refill(
      this.choices,
      segments(
        "View",
        embedded ? views.filter(([id]) => id !== "source" && id !== "times") : views,
        view,
        (id) => change({ view: id === "graph" ? null : id }),
        { id: "view" },
      ),
      types.c_samples > 0 && this.memory(now, type),
      types.c_samples > 0 && hideProfilerButton(now, "Leave out C memory of the profiler itself (label owner=cmemprof)"),
      type.gauge && content.merged && !embedded && gaugeControls(now, content.merged, { growth: true }),
    );
    const graph = view !== "table" && view !== "source" && view !== "times";
    refill(
      this.looks,
      view !== "times" &&
        select(
          "Group by",
          groupings
            .filter(([id]) => id !== "line" || !(embedded || (type.gauge && asksGrowth(now)))) // what has no lines
            .map(([id, name]) => [id, `By ${name.toLowerCase()}`] as const),
          choice(now, "group", groupings),
          (id) =>
            change({ group: id === "function" ? null : (id as Grouping), zoom: null, fn: null, file: null, callers: null, callees: null }),
        ),
      graph && content.colourings.length > 1 && select("Colour", content.colourings, content.colouring, (colour) => change({ colour })),
      graph &&
        view !== "sandwich" &&
        view !== "calls" &&
        segments(
          "Direction",
          [
            ["", "Icicle"],
            ["flame", "Flame"],
          ],
          now.get("shape") === "flame" ? "flame" : "",
          (id) => change({ shape: id || null }),
          { id: "shape" },
        ),
    );
    this.shape.show(now, graph && view !== "sandwich" && view !== "calls");
    this.showSearch(now);
    this.showChips(now);
    this.showLegend(now, content);
  }

  private memory(now: State, type: SampleType): HTMLElement {
    const wanted = now.get("memory");
    const small = (number: number): string => value(number, type.unit);
    return segments(
      "Memory",
      [
        ["", "All", small(type.total)],
        ["C", "C", small(type.c_total)],
        ["Go", "Go", small(type.total - type.c_total)],
      ],
      wanted === "C" || wanted === "Go" ? wanted : "",
      (memory) => change({ memory: memory || null }),
      { id: "memory" },
    );
  }

  // ---- Search ----

  private showSearch(now: State): void {
    const find = now.get("find");
    this.search.show(now);
    this.regex.setAttribute("aria-pressed", String(isRegex(find)));
    for (const one of this.filter.children) (one as HTMLButtonElement).disabled = !find;
  }

  private toggleRegex(): void {
    this.regex.setAttribute("aria-pressed", String(this.regex.getAttribute("aria-pressed") !== "true"));
    this.search.say();
  }

  private usePattern(name: PatternName): void {
    const find = current().get("find");
    if (!find) return;
    change({ [name]: [...current().all(name), find], find: null, zoom: null });
  }

  // ---- Filters ----

  private showChips(now: State): void {
    const chips = (Object.keys(patternNames) as PatternName[]).flatMap((name) =>
      now.all(name).map((pattern) =>
        make(
          "li",
          { data: { filter: name } },
          make("span", {}, name),
          make("b", {}, pattern.replace(/^=/, "")),
          button("×", () => removePattern(name, pattern), { class: "", "aria-label": `Remove ${name} ${pattern}` }),
        ),
      ),
    );
    const time = timeOf(now);
    if (time) {
      const [from, to] = time.split("-").map(Number);
      chips.unshift(
        make(
          "li",
          { data: { filter: "time" } },
          make("span", {}, "time"),
          make("b", {}, rangeText(from, to)),
          button("×", () => change({ time: null, zoom: null }), { class: "", "aria-label": "All times of the upload" }),
        ),
      );
    }
    const key = now.get("group_by");
    if (key)
      chips.unshift(
        make(
          "li",
          { data: { filter: "group_by" } },
          make("span", {}, "by"),
          make("b", {}, keyName(key)),
          button("×", () => groupByLabel(""), { class: "", "aria-label": `Do not group by ${keyName(key)}` }),
        ),
      );
    if (chips.length > 1)
      chips.push(
        make(
          "li",
          { class: "plain" },
          button(
            "Remove all",
            () => change({ focus: null, start: null, ignore: null, hide: null, label: null, group_by: null, time: null, zoom: null }),
            {
              class: "",
            },
          ),
        ),
      );
    refill(this.chips, ...chips);
    this.chips.hidden = chips.length === 0;
  }

  private showLegend(now: State, { kinds, colouring }: ToolbarContent): void {
    const without = now.all("without");
    const known = kindNames.filter(([kind]) => kinds.has(kind));
    this.legend.hidden = known.length < 2 && colouring !== "certainty";
    refill(
      this.legend,
      colouring === "certainty" && certaintyLegend(),
      colouring !== "kind" && make("span", { class: "soft" }, "Show"),
      ...known.map(([kind, name]) =>
        button(
          [colouring === "kind" && make("i", { class: `kind kind-${kind}` }), name],
          () => change({ without: without.includes(kind) ? without.filter((one) => one !== kind) : [...without, kind], zoom: null }),
          {
            class: "",
            "aria-pressed": String(!without.includes(kind)),
            title: `Show frames of ${name}`,
            data: { kind },
          },
        ),
      ),
    );
  }
}
