// search_chart.ts: the chart above the list: how many uploads there were over time, and the mean of a measure. Dragging chooses a time range.
import type { Histogram } from "../lib/api";
import { Chart } from "../lib/chart";
import { quantity, title } from "../lib/chart_units";
import { make, select } from "../lib/dom";
import { count } from "../lib/format";
import { measures, measureUnit } from "../lib/columns";
import { change, type State } from "../lib/state";
import { rangeText } from "../lib/times";

export const buckets = 80; // at most: their width is a round one

const leastBuckets = 15;

// The measure that is asked for; without a choice C memory, which nothing else shows, or the heap where no upload has any.
export function wantedMeasure(state: State): { measure?: string; otherwise?: string } {
  const asked = state.get("measure");
  if (asked === "none") return {};
  return measures.some(([name]) => name === asked) ? { measure: asked } : { measure: "c_live_bytes", otherwise: "heap_live_bytes" };
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
  private readonly choice = make("div");
  private readonly chart: Chart;
  private histogram: Histogram | undefined;
  private shownMeasure: string | undefined;

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
      make("div", { class: "search-chart-head" }, this.total, this.gap, this.readout, make("span", { class: "space" }), this.choice),
      this.chart.element,
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

  showTotal(total: number, notLookedAt: string): void {
    this.total.textContent = count(total, "profile");
    this.gap.textContent = notLookedAt;
  }

  show(histogram: Histogram): void {
    this.histogram = histogram;
    const times = histogram.counts.map((_, index) => histogram.from_ms + index * histogram.bucket_ms);
    const { measure } = histogram;
    this.showChoice(measure?.name ?? "");
    const lines = measure
      ? [
          {
            label: title(measure.name),
            unit: measureUnit(measure.name),
            values: measure.values,
            colour: "--series-2",
            right: true,
            gaps: true,
          },
        ]
      : [];
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
    const mean = histogram.measure?.values[index];
    if (histogram.measure && mean !== null && mean !== undefined) {
      parts.push(`${title(histogram.measure.name)} ${quantity(mean, measureUnit(histogram.measure.name))}`);
    }
    this.readout.textContent = parts.join(" · ");
  }
}
