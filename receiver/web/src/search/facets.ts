// facets.ts: the filters at the side of the search page: every facet with its values and how many uploads have each.
import type { Facet, Facets as Answer } from "../lib/api";
import { button, make } from "../lib/dom";
import { count } from "../lib/format";
import type { State } from "../lib/state";

const named = ["env", "service", "version", "host", "runtime", "language"];
const typing_ms = 200;
const closedKey = "closed-facets"; // a matter of this browser, not of what a link shows

export interface Choice {
  facet: string; // a name of the six, else the key of a tag
  value: string;
}

// The parameter and its value that stand for a value of a facet.
export function parameterOf({ facet, value }: Choice): [name: string, value: string] {
  return named.includes(facet) ? [facet, value] : ["tag", `${facet}:${value}`];
}

// The key of a tag: the receiver names the facets of tags "tag:KEY".
export function facetKey(name: string): string {
  return name.startsWith("tag:") ? name.slice(4) : name;
}

export function chosenValues(state: State, facet: string): string[] {
  if (named.includes(facet)) return state.all(facet);
  return state
    .all("tag")
    .filter((tag) => tag.startsWith(`${facet}:`))
    .map((tag) => tag.slice(facet.length + 1));
}

// The state with one value put in or taken out.
export function toggled(state: State, choice: Choice): Record<string, string[]> {
  const [name, value] = parameterOf(choice);
  const now = state.all(name);
  return { [name]: now.includes(value) ? now.filter((one) => one !== value) : [...now, value] };
}

export interface Shown {
  key: string;
  values: { value: string; count: number; chosen: boolean }[];
  more: number;
}

// The facets in their order: the six, then tags by name; chosen values first, also those that no upload has any more. With a text, only
// what it is part of: values, or all of a facet whose name it is part of.
export function arrange(facets: readonly Facet[], state: State, text: string): Shown[] {
  const byKey = new Map(facets.map((facet) => [facetKey(facet.name), facet]));
  const tagKeys = new Set([...byKey.keys()].filter((key) => !named.includes(key)));
  for (const tag of state.all("tag")) tagKeys.add(tag.slice(0, Math.max(tag.indexOf(":"), 0)));
  const wanted = text.trim().toLowerCase();
  const out: Shown[] = [];
  for (const key of [...named, ...[...tagKeys].sort()]) {
    const facet = byKey.get(key);
    const chosen = new Set(chosenValues(state, key));
    const known = (facet?.values ?? []).map(({ value, count }) => ({ value, count, chosen: chosen.delete(value) }));
    const values = [...[...chosen].map((value) => ({ value, count: 0, chosen: true })), ...known];
    values.sort((a, b) => Number(b.chosen) - Number(a.chosen) || b.count - a.count);
    const all = key.toLowerCase().includes(wanted);
    const kept = all ? values : values.filter(({ value }) => value.toLowerCase().includes(wanted));
    if (kept.length > 0) out.push({ key, values: kept, more: facet?.more ?? 0 });
  }
  return out;
}

export class Facets {
  readonly element = make("section", { class: "facets", "aria-label": "Filters" });
  private readonly list = make("div", { class: "facet-list" });
  private readonly search = make("input", {
    id: "facet-search",
    type: "search",
    placeholder: "Find a filter",
    "aria-label": "Find a filter or a value",
    autocomplete: "off",
    spellcheck: false,
  });
  // In narrow windows the filters are closed until somebody wants them.
  private readonly opener = button("Filters", () => this.open(this.element.dataset.open !== "true"), { class: "button facet-opener" });
  private readonly clear = button("Clear", () => this.change({}, true), { id: "facet-clear", class: "button plain" });
  private facets: readonly Facet[] = [];
  private unlisted = 0;
  private state: State | undefined;
  private typed = 0;
  private full = new Set<string>(); // facets of which all values are shown

  // find: another text is looked for. The receiver tells the most frequent values only, unless it is asked for a text.
  constructor(
    private readonly change: (changes: Record<string, string[]>, clear?: boolean) => void,
    find: () => void,
  ) {
    this.search.oninput = () => {
      this.draw();
      clearTimeout(this.typed);
      this.typed = window.setTimeout(find, typing_ms);
    };
    this.element.append(make("div", { class: "facet-top" }, this.opener, this.search, this.clear), this.list);
    this.open(false);
  }

  private open(yes: boolean): void {
    this.element.dataset.open = String(yes);
    this.opener.setAttribute("aria-expanded", String(yes));
  }

  get wanted(): string {
    return this.search.value.trim();
  }

  destroy(): void {
    clearTimeout(this.typed);
  }

  show(answer: Answer | undefined, state: State): void {
    if (answer) {
      this.facets = answer.facets;
      this.unlisted = answer.uploads_with_unlisted_tags ?? 0;
    }
    this.state = state;
    this.draw();
  }

  private draw(): void {
    const { state } = this;
    if (!state) return;
    const chosen = [...named, "tag"].reduce((number, name) => number + state.all(name).length, 0);
    this.clear.hidden = chosen === 0;
    this.opener.textContent = chosen > 0 ? `Filters (${chosen})` : "Filters";
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.focus;
    const shown = arrange(this.facets, state, this.search.value);
    const firstTag = shown.findIndex((facet) => !named.includes(facet.key));
    this.list.replaceChildren(
      ...shown.flatMap((facet, index) => [...(index === firstTag ? [make("h2", {}, "Tags")] : []), this.facet(facet, state)]),
    );
    if (shown.length === 0 && this.facets.length > 0) this.list.append(make("p", { class: "soft" }, "No filter has that text"));
    if (this.unlisted > 0) {
      this.list.append(
        make("p", { id: "unlisted-tags", class: "soft" }, `${count(this.unlisted, "upload")} with tags that are not listed`),
      );
    }
    if (focused) this.list.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  private facet(facet: Shown, state: State): HTMLElement {
    const { key } = facet;
    const searching = this.search.value.trim() !== "";
    const chosen = facet.values.filter((value) => value.chosen).length;
    const open = searching || chosen > 0 || isOpen(key);
    const most = facet.values.reduce((most, value) => Math.max(most, value.count), 1);
    const few = this.full.has(key) || searching ? facet.values : facet.values.slice(0, Math.max(6, chosen));
    const left = facet.values.length - few.length;
    const details = make(
      "details",
      { class: "facet", data: { facet: key }, open },
      make(
        "summary",
        { data: { focus: key } },
        make("span", {}, named.includes(key) ? key.charAt(0).toUpperCase() + key.slice(1) : key),
        chosen > 0 ? make("b", {}, String(chosen)) : null,
      ),
      ...few.map((value) => this.value(key, value, most, state)),
      left > 0
        ? button(`${left} more`, () => (this.full.add(key), this.draw()), { class: "button plain", data: { focus: `${key}\nmore` } })
        : null,
      left === 0 && facet.more > 0
        ? make("p", { class: "soft" }, `${facet.more.toLocaleString("en")} more: find them by name above`)
        : null,
    );
    details.addEventListener("toggle", () => searching || chosen > 0 || keepOpen(key, details.open));
    return details;
  }

  private value(facet: string, { value, count, chosen }: Shown["values"][number], most: number, state: State): HTMLElement {
    const box = make("input", {
      type: "checkbox",
      checked: chosen,
      data: { focus: `${facet}\n${value}` },
      onchange: () => this.change(toggled(state, { facet, value })),
    });
    const row = make(
      "label",
      { class: "facet-value", title: value, data: { value } },
      box,
      make("span", {}, value || "none"),
      make("small", { class: "number" }, count.toLocaleString("en")),
    );
    row.style.setProperty("--share", `${((100 * count) / most).toFixed(1)}%`);
    return row;
  }
}

// Tags are closed until somebody opens them: there are many.
function kept(): Record<string, boolean> {
  try {
    return JSON.parse(localStorage.getItem(closedKey) ?? "{}") as Record<string, boolean>;
  } catch {
    return {};
  }
}

function isOpen(key: string): boolean {
  return kept()[key] ?? named.includes(key);
}

function keepOpen(key: string, open: boolean): void {
  localStorage.setItem(closedKey, JSON.stringify({ ...kept(), [key]: open }));
}
