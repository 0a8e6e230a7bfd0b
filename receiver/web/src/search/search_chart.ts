// search_chart.ts: the chart above the list: how many uploads there were over time, and the mean of a measure. Dragging chooses a time range.
import type { Histogram } from "../lib/api";
import { Chart, type ChartSeries } from "../lib/chart";
import { quantity, title } from "../lib/chart_units";
import { make, refill, select } from "../lib/dom";
import { count } from "../lib/format";
import { measures, measureUnit } from "../lib/columns";
import { change, type State } from "../lib/state";
import { groupChoice, lineMark, lineStyle, othersName, othersStyle, shortName, tagOf, type LineStyle } from "../lib/tags";
import { rangeText } from "../lib/times";
import { VersionMarks } from "../lib/versions";

export const buckets = 80; // at most: their width is a round one

const leastBuckets = 15;
const named = 3; // lines at a moment, the highest

// The measure that is asked for; without a choice C memory, which nothing else shows, or the heap where no upload has any.
export function wantedMeasure(state: State): { measure?: string; otherwise?: string; group_by?: string } {
  const asked = state.get("measure");
  if (asked === "none") return {};
  const by = tagOf(state) ? { group_by: state.get("group_by") } : {};
  return measures.some(([name]) => name === asked)
    ? { measure: asked, ...by }
    : { measure: "c_live_bytes", otherwise: "heap_live_bytes", ...by };
}

// The time axis: of a few buckets with some room around them, so that one upload is a bar with a time and not the whole chart.
export function shownRange({ from_ms, to_ms, bucket_ms }: Histogram): [number, number] | null {
  const room = Math.ceil(Math.max(leastBuckets * bucket_ms - (to_ms - from_ms), 0) / (2 * bucket_ms)) * bucket_ms;
  return to_ms > from_ms ? [from_ms - room, to_ms + room] : null;
}

export class SearchChart {
  readonly element = make("section", { class: "search-chart panel", "aria-label": "Uploads over time" });
  private readonly total = make("h1", { id: "total" }, "Profiles");
  private readonly gap = make("span", { id: "not-looked-at", class: "soft" });
  private readonly readout = make("span", { id: "readout", class: "soft" });
  private readonly by = make("div");
  private readonly choice = make("div");
  private readonly lines = make("ul", { id: "lines", class: "chips", "aria-label": "Lines", hidden: true });
  private readonly chart: Chart;
  readonly versions = new VersionMarks(() => [this.chart]);
  private histogram: Histogram | undefined;
  private shownMeasure: string | undefined;
  private shownBy: string | undefined;

  constructor() {
    this.chart = new Chart({
      name: "Uploads over time: arrow keys move, Shift chooses a time range, Enter shows it",
      height: 132,
      choose: (from, to) => change({ range: null, from: String(from), to: String(to) }),
      reset: () => change({ range: null, from: null, to: null }),
      hover: (index) => this.read(index),
    });
    this.chart.element.id = "histogram";
    this.element.append(
      make(
        "div",
        { class: "search-chart-head" },
        this.total,
        this.gap,
        this.readout,
        make("span", { class: "space" }),
        this.by,
        this.choice,
      ),
      this.chart.element,
      this.lines,
      this.versions.element,
    );
  }

  destroy(): void {
    this.chart.destroy();
  }

  private showChoice(chosen: string): void {
    if (chosen === this.shownMeasure) return;
    this.shownMeasure = chosen;
    const choices = [...measures.map(([name]) => [name, title(name)] as const), ["none", "Nothing more"] as const];
    const list = select("Measure", choices, chosen || "none", (name) => change({ measure: name }));
    list.id = "measure";
    this.choice.replaceChildren(list);
  }

  // keys: of tags, to group by.
  showGroups(state: State, keys: readonly string[]): void {
    const shown = `${tagOf(state)} ${keys.map((key) => `${key} ${state.all(key).length}`).join()}`;
    if (shown === this.shownBy) return; // an open list stays open
    this.shownBy = shown;
    refill(this.by, groupChoice(state, keys, tagOf(state) && state.get("group_by")));
  }

  // The measure as one line, or one for each value.
  private series({ measure }: Histogram): (ChartSeries & LineStyle)[] {
    if (!measure) return [];
    const line = (label: string, values: readonly (number | null)[], style: LineStyle) => ({
      ...{ label, unit: measureUnit(measure.name), values, right: true, gaps: true, ...style },
    });
    const { groups, others } = measure;
    if (!groups) return [line(title(measure.name), measure.values, { colour: "--series-2", dashed: false })];
    return [
      ...groups.map((one, place) => line(one.value, one.values, lineStyle(place))),
      ...(others ? [line(othersName(others.count), others.values, othersStyle)] : []),
    ];
  }

  showTotal(total: number, notLookedAt: string): void {
    this.total.textContent = count(total, "profile");
    this.gap.textContent = notLookedAt;
  }

  show(histogram: Histogram): void {
    this.histogram = histogram;
    const times = histogram.counts.map((_, index) => histogram.from_ms + index * histogram.bucket_ms);
    const { measure } = histogram;
    this.showChoice(measure?.name ?? "");
    const lines = this.series(histogram);
    refill(this.lines, ...lines.map((line) => make("li", { class: "plain", title: line.label }, lineMark(line), shortName(line.label))));
    this.lines.hidden = !measure?.groups;
    this.chart.show(
      {
        times_ms: times,
        series: [{ label: "Uploads", unit: "count", values: histogram.counts, colour: "--histogram", bars: true }, ...lines],
      },
      { bucket_ms: histogram.bucket_ms, range: shownRange(histogram) },
    );
    this.read(null);
  }

  private read(index: number | null): void {
    const { histogram } = this;
    if (!histogram) return;
    if (index === null || histogram.counts[index] === undefined) {
      this.readout.textContent = histogram.to_ms > histogram.from_ms ? rangeText(histogram.from_ms, histogram.to_ms) : "";
      return;
    }
    const from = histogram.from_ms + index * histogram.bucket_ms;
    const parts = [rangeText(from, from + histogram.bucket_ms), count(histogram.counts[index]!, "upload")];
    const known = this.series(histogram).flatMap(({ label, unit, values }) => {
      const mean = values[index];
      return mean === null || mean === undefined ? [] : [{ mean, text: `${shortName(label)} ${quantity(mean, unit)}` }];
    });
    known.sort((a, b) => b.mean - a.mean);
    parts.push(...known.slice(0, named).map(({ text }) => text));
    this.readout.textContent = parts.join(" · ");
  }
}
