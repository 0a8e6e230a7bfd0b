// metrics.ts: the tab Metrics: every series over time, one small chart each; the cursor is in all of them, and a stretch that is dragged in
// one is shown in all ("zoomed" in the address). Grouped by a tag, each has a line for each value, and a table has all of them; by a label of
// samples, those that are made of samples.
import * as api from "../lib/api";
import { Chart, type ChartSeries } from "../lib/chart";
import { quantity, title } from "../lib/chart_units";
import { button, make, notice, refill } from "../lib/dom";
import { embedded } from "../lib/embedded";
import { count } from "../lib/format";
import { loadScope, scopeChoice, scopeKey, type Scope } from "../lib/metrics_scope";
import { commonTimes, parseZoom, valuesAt } from "../lib/series";
import "./metrics.css";
import { change, current, type State } from "../lib/state";
import { ValuesTable } from "./metrics_groups";
import {
  chartGroup,
  groupChoice,
  groupKeys,
  lineMark,
  lineStyle,
  othersName,
  othersStyle,
  shortName,
  sumName,
  tagKey,
  type LineStyle,
} from "../lib/tags";
import { TextBox } from "../lib/text_box";
import { clock, day } from "../lib/times";
import { VersionMarks } from "../lib/versions";
import type { View } from "../lib/view";

const first = ["c_live_bytes", "heap_live_bytes", "cpu_cores", "alloc_bytes_per_s", "goroutines", "lock_seconds_per_s"];

// The measures that every list shows come first, then the others by name.
export function arranged(series: readonly api.Series[]): api.Series[] {
  const place = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);
  return [...series].sort((a, b) => place(a.name) - place(b.name) || a.name.localeCompare(b.name));
}

// A report has none to group by.
async function labelKeys(selection: URLSearchParams, signal: AbortSignal): Promise<string[]> {
  return embedded ? [] : (await api.labelKeys(selection, signal)).keys;
}

type Line = ChartSeries & LineStyle;

function lineNames(lines: readonly Line[]): HTMLElement {
  const names = lines.map((line) => make("li", { class: "plain", title: line.label }, lineMark(line), shortName(line.label)));
  return make("ul", { class: "chips lines", "aria-label": "Lines" }, ...names);
}

interface Card {
  series: api.Series;
  element: HTMLElement;
  chart: Chart;
  lines: Line[];
  now: HTMLElement;
}

// The newest value, or that at a moment.
function valueAt({ values }: ChartSeries, at: number | null): number | null {
  return (at === null ? values.filter((one) => one !== null).at(-1) : values[at]) ?? null;
}

export class MetricsTab implements View {
  private readonly head = make("div", { class: "tab-head" });
  private readonly when = make("span", { class: "soft", id: "metrics-when" });
  private readonly grid = make("div", { id: "metrics", class: "metrics", role: "region", "aria-label": "Series" });
  private readonly filter = new TextBox("series", { id: "metrics-filter", label: "Filter series" });
  private readonly reset = button("Show all time", () => change({ zoomed: null }), { id: "metrics-reset" });
  private readonly values = new ValuesTable();
  private readonly versions = new VersionMarks(() => this.cards.map(({ chart }) => chart));
  private keys: readonly string[] = []; // of tags, to group by
  private labels: readonly string[] = []; // keys of labels
  private readonly choice = make("span", { class: "metrics-choice" });
  private adds = false; // lines add up: of a label
  private more = false; // it has more values than are told apart
  private cards: Card[] = [];
  private times: number[] = [];
  private asked = new AbortController();
  private key = "";

  mount(root: HTMLElement, state: State): void {
    root.append(this.head, this.values.element, this.grid);
    this.update(state);
  }

  update(state: State): void {
    const key = `${scopeKey(state)} ${chartGroup(state)}`;
    if (key !== this.key) {
      this.key = key;
      void this.load(state);
    } else {
      this.arrange(state);
    }
  }

  unmount(): void {
    this.asked.abort();
    for (const { chart } of this.cards) chart.destroy();
    this.values.destroy();
  }

  private async load(state: State): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    try {
      const scope = await loadScope(state, signal);
      const by = chartGroup(state);
      const keys = groupKeys(scope.selection, signal).catch(() => []); // the charts are there without a choice of groups
      const labels = labelKeys(scope.selection, signal).catch(() => []);
      const [metrics] = await Promise.all([api.metrics(scope.selection, signal, "", by), keys]);
      if (signal.aborted) return;
      this.keys = await keys;
      this.values.load(metrics, !scope.single, !tagKey(by));
      this.show(scope, arranged(metrics.series.filter((one) => one.points.length > 0)), metrics);
      this.arrange(current());
      this.labels = await labels;
      if (signal.aborted) return;
      this.showChoice();
      await this.versions.load(scope.selection, signal);
    } catch (error) {
      if (!signal.aborted) this.grid.replaceChildren(notice((error as Error).message));
    }
  }

  private showChoice(): void {
    refill(this.choice, groupChoice(current(), this.keys, chartGroup(current()), this.labels));
  }

  private show(scope: Scope, series: api.Series[], { group, without }: api.Metrics): void {
    for (const { chart } of this.cards) chart.destroy();
    this.times = commonTimes(series);
    const mark = scope.single?.start && scope.single.end ? ([Date.parse(scope.single.start), Date.parse(scope.single.end)] as const) : null;
    this.more = group?.values_limited ?? false;
    this.adds = without !== undefined;
    this.cards = series.map((one, index) => this.card(one, index, mark));
    this.showChoice();
    refill(
      this.head,
      scopeChoice(scope),
      this.choice,
      this.filter.element,
      this.when,
      make("span", { class: "space" }),
      this.reset,
      make("span", { class: "soft" }, `${series.length} series · ${count(this.times.length, "point")}`),
      this.versions.element,
    );
    this.grid.replaceChildren(...this.cards.map((card) => card.element));
    if (series.length === 0)
      this.grid.append(notice(this.adds ? `No sample of these uploads has the label ${group!.key}.` : "These uploads have no metrics."));
    for (const { chart, lines } of this.cards) chart.show({ times_ms: this.times, series: lines });
  }

  private card(series: api.Series, index: number, mark: readonly [number, number] | null): Card {
    const now = make("b", { class: "number" });
    const chart = new Chart({
      name: `${title(series.name)} over time: arrow keys move, Shift chooses a time range, Enter shows it`,
      height: 128,
      group: "metrics",
      mark,
      choose: (from, to) => change({ zoomed: `${from}-${to}` }),
      reset: () => change({ zoomed: null }),
      hover: (at) => (index === 0 ? this.read(at) : this.readCard(index, at)),
    });
    const head = make("h2", {}, make("span", { title: series.name }, title(series.name)), make("span", { class: "space" }), now);
    const lines = this.lines(series);
    const element = make(
      "section",
      { class: "panel metric", "aria-label": title(series.name), data: { series: series.name } },
      head,
      chart.element,
      series.groups && lineNames(lines),
    );
    return { series, element, chart, now, lines };
  }

  // Each chart has its own highest values: their styles are of the chart.
  private lines(series: api.Series): Line[] {
    const { name, unit, groups, others } = series;
    const line = (label: string, of: Pick<api.Series, "points">, style: LineStyle): Line => ({
      ...{ label, unit, values: valuesAt(this.times, of), ...style },
    });
    if (!groups) return [line(title(name), series, { colour: "--series-1", dashed: false })];
    return [
      ...groups.map((one, place) => line(one.value, one, lineStyle(place))),
      ...(others ? [line(this.adds ? sumName(others.values, this.more) : othersName(others.values), others, othersStyle)] : []),
    ];
  }

  // Shows what the address says of the same series: which of them, and which time.
  private arrange(state: State): void {
    const wanted = state.get("series").trim().toLowerCase();
    this.filter.show(state);
    const range = parseZoom(state.get("zoomed"));
    this.reset.hidden = range === null;
    this.values.show(state);
    for (const { series, element, chart, lines } of this.cards) {
      element.hidden = wanted !== "" && !`${series.name} ${title(series.name)}`.toLowerCase().includes(wanted);
      chart.show({ times_ms: this.times, series: lines }, { range });
    }
    this.read(null);
  }

  private read(at: number | null): void {
    const time = at === null ? undefined : this.times[at];
    const last = this.times[this.times.length - 1];
    this.when.textContent = time === undefined ? (last === undefined ? "" : "Values of the last upload") : `${day(time)} ${clock(time)}`;
    this.cards.forEach((_, index) => this.readCard(index, at));
  }

  private readCard(index: number, at: number | null): void {
    const card = this.cards[index];
    if (!card) return;
    const { lines, series } = card;
    const known = lines.map((line) => ({ name: line.label, number: valueAt(line, at) })).filter(({ number }) => number !== null);
    const highest = known.sort((a, b) => b.number! - a.number!)[0];
    const name = series.groups && highest ? `${shortName(highest.name)} ` : "";
    card.now.textContent = highest ? name + quantity(highest.number!, series.unit) : "–";
  }
}
