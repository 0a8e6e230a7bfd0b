// search_bar.ts: the line above the search page's chart: text filter, time range, and whether new uploads appear by themselves.
import { button, actAsMenu, make, segments } from "../lib/dom";
import { ranges, timeBounds } from "../lib/time_range";
import { change, type State } from "../lib/state";
import { TextBox } from "../lib/text_box";
import { fieldTime, fromField, moment, rangeText } from "../lib/times";

const typing_ms = 200;

export class SearchBar {
  readonly element = make("div", { class: "search-bar" });
  private readonly filter = new TextBox("q", {
    id: "filter",
    label: "Filter uploads by words",
    placeholder: "Filter: checkout  service:shop*  -env:dev",
    title:
      "Words that all must be there: part of any tag, key:value for a whole value, * for any characters, - in front for what must not be",
    pause_ms: typing_ms,
  });
  private readonly pinned = button("⚑ Pinned", () => change({ pinned: this.pinned.ariaPressed === "true" ? null : "1" }), {
    id: "pinned-only",
    title: "Only uploads that are pinned: retention leaves them",
  });
  private readonly times = make("div", { class: "times" });
  private readonly live = make("span", { id: "live", class: "live", role: "status" });
  private readonly ended = new AbortController();
  private shownTimes = "";

  constructor() {
    this.element.append(this.filter.element, this.pinned, this.times, this.live);
    this.connected(null);
    // "/" goes to the filter, as on other search pages.
    const key = (event: KeyboardEvent) => {
      const inField = (event.target as Element).closest("input:not([type=checkbox]), select, textarea") !== null;
      if (event.key !== "/" || inField || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.filter.element.focus();
    };
    document.addEventListener("keydown", key, { signal: this.ended.signal });
  }

  destroy(): void {
    this.filter.destroy();
    this.ended.abort();
  }

  connected(yes: boolean | null): void {
    this.live.dataset.state = yes === null ? "starting" : yes ? "on" : "off";
    this.live.textContent = yes === false ? "Not connected" : "Live";
    this.live.title = yes === false ? "The receiver does not answer; the page goes on asking" : "New uploads appear by themselves";
  }

  show(state: State): void {
    this.filter.show(state);
    this.pinned.setAttribute("aria-pressed", String(state.get("pinned") === "1"));
    const shown = ["range", "from", "to"].map((name) => state.get(name)).join();
    if (shown === this.shownTimes && this.times.firstChild) return;
    this.shownTimes = shown;
    const custom = !state.get("range") && (state.get("from") || state.get("to"));
    const chosen = state.get("range") || (custom ? "custom" : "all");
    const presets = segments(
      "Time range",
      [...ranges.map(([name, text]) => [name, text] as const), ["all", "All"] as const],
      chosen,
      (name) => change({ range: name === "all" ? null : name, from: null, to: null }),
      { id: "ranges" },
    );
    this.times.replaceChildren(presets, this.custom(state, Boolean(custom)));
  }

  private custom(state: State, chosen: boolean): HTMLElement {
    const { from, to } = timeBounds(state, Date.now());
    const field = (name: string, text: string, time: number | null) => {
      const input = make("input", { type: "datetime-local", step: "1", name, value: time === null ? "" : fieldTime(time) });
      return [make("label", {}, make("span", {}, text), input), input] as const;
    };
    const [fromLabel, fromInput] = field("from", "From", from);
    const [toLabel, toInput] = field("to", "To", to);
    const menu = make("details", { class: "menu custom-range", id: "custom-range" });
    const apply = () => {
      const read = (input: HTMLInputElement) => (input.value ? String(fromField(input.value)) : null);
      menu.open = false;
      change({ range: null, from: read(fromInput), to: read(toInput) });
    };
    const form = make(
      "form",
      { class: "menu-list", onsubmit: (event: Event) => (event.preventDefault(), apply()) },
      fromLabel,
      toLabel,
      button("Show", () => {}, { type: "submit", class: "button primary" }),
    );
    const text = !chosen ? "Custom" : rangeOf(from, to);
    menu.append(
      make(
        "summary",
        { class: "button", "aria-label": `Custom time range${chosen ? `: ${text}` : ""}`, data: { chosen: String(chosen) } },
        text,
      ),
      form,
    );
    actAsMenu(menu, this.ended.signal);
    return menu;
  }
}

function rangeOf(from: number | null, to: number | null): string {
  if (from !== null && to !== null) return rangeText(from, to);
  if (from !== null) return `since ${moment(from)}`;
  return to === null ? "Custom" : `until ${moment(to)}`;
}
