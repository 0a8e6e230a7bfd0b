// chart.ts: a time series on a canvas (plot.ts): bars and lines over time, a cursor that charts of one group share, and a stretch of
// time that can be chosen by dragging or by keys. Colours come from style.css and follow the theme.
import "./chart.css";
import type { VersionChange } from "./api";
import { alone, bridged, quantity, stack, tick } from "./chart_units";
import { make } from "./dom";
import { Plot, type PlotAxis, type PlotData, type PlotOptions, type PlotSeries } from "./plot";
import { navigate } from "./state";
import { colour, onTheme } from "./theme";
import type { Annotation } from "./annotations";
import { offset_ms, rangeText, timeTicks } from "./times";
import { changeText, comparison, deployment } from "./versions";

export interface ChartSeries {
  label: string;
  unit: string;
  values: readonly (number | null)[];
  colour: string; // a variable of style.css
  bars?: boolean;
  area?: boolean; // stacked on those that follow it in the list; areas come before lines
  dashed?: boolean;
  right?: boolean; // on the axis at the right
  gaps?: boolean; // many times without a value are a gap, not bridged
}

export interface ChartData {
  times_ms: readonly number[];
  series: readonly ChartSeries[];
}

export interface ChartOptions {
  name: string; // what a screen reader says
  height: number;
  group?: string; // charts of one group share the cursor
  bucket_ms?: number; // a time is the start of a bucket of that length: the end of a chosen stretch takes it in
  mark?: readonly [from_ms: number, to_ms: number] | null; // drawn behind the series
  range?: readonly [from_ms: number, to_ms: number] | null; // of the time axis; left out: that of the data
  choose?: (from_ms: number, to_ms: number) => void;
  reset?: () => void; // double click, Escape
  hover?: (index: number | null) => void;
}

const nearby_px = 6; // of a version's mark
const shortGap = 6; // buckets without a value that a line bridges
const axisFont = '11px system-ui, -apple-system, "Segoe UI", sans-serif';

export class Chart {
  readonly element: HTMLElement;
  private plot: Plot | undefined;
  private shape = "";
  private single = false;
  private data: ChartData = { times_ms: [], series: [] };
  private anchor: number | null = null; // where a stretch chosen by keys begins
  private changes: readonly VersionChange[] = [];
  private annotated: readonly Annotation[] = [];
  private annotate: ((time_ms: number) => void) | undefined; // by the key
  private readonly sizes: ResizeObserver;
  private readonly endTheme: () => void;

  constructor(private options: ChartOptions) {
    this.element = make("div", { class: "chart", role: options.choose ? "application" : "img", tabIndex: 0, "aria-label": options.name });
    this.element.style.height = `${options.height}px`;
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("blur", () => this.moveCursor(null));
    let pressed = 0; // what ends a drag is no click
    this.element.addEventListener("pointerdown", (event) => (pressed = event.clientX));
    this.element.addEventListener("click", (event) => {
      const change = Math.abs(event.clientX - pressed) < nearby_px && this.nearest(this.changes, ({ at_ms }) => at_ms, event);
      if (change) navigate(comparison(change));
    });
    this.element.addEventListener("pointermove", (event) => {
      const change = this.nearest(this.changes, ({ at_ms }) => at_ms, event);
      const annotation = change ? undefined : this.nearest(this.annotated, ({ time_ms }) => time_ms, event);
      this.element.classList.toggle("on-mark", !!change);
      this.element.title = change ? `${deployment(change)}: ${changeText(change)}\nA click compares` : (annotation?.text ?? "");
    });
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.element);
    this.endTheme = onTheme(() => this.plot?.redraw());
  }

  // The plot's series and axes are made anew only when there are others: a live update keeps the cursor and what is being dragged.
  show(data: ChartData, changes: Partial<Pick<ChartOptions, "bucket_ms" | "mark" | "range" | "name">> = {}): void {
    this.data = data;
    Object.assign(this.options, changes);
    this.element.setAttribute("aria-label", this.options.name);
    const shape = JSON.stringify(
      data.series.map(({ label, unit, colour: name, bars, area, dashed, right }) => [label, unit, name, bars, area, dashed, right]),
    );
    const single = data.times_ms.length === 1; // drawn as a bar
    if (shape !== this.shape || single !== this.single) this.destroyPlot();
    this.shape = shape;
    this.single = single;
    if (!this.plot) this.create();
    else this.plot.setData(this.aligned());
  }

  // Where versions begin: lines, of which a click opens the comparison.
  // annotate: marks a moment.
  mark(changes: readonly VersionChange[], annotated: readonly Annotation[] = [], annotate?: (time_ms: number) => void): void {
    this.changes = changes;
    this.annotate = annotate;
    this.annotated = annotated;
    this.plot?.redraw();
  }

  destroy(): void {
    this.sizes.disconnect();
    this.endTheme();
    this.destroyPlot();
  }

  private destroyPlot(): void {
    this.plot?.destroy();
    this.plot = undefined;
  }

  private aligned(): PlotData {
    const { times_ms, series } = this.data;
    const stacked = stack(series.filter(({ area }) => area).map(({ values }) => values));
    return [[...times_ms], ...series.map(({ values, gaps }, index) => stacked[index] ?? (gaps ? bridged(values, shortGap) : [...values]))];
  }

  private resize(): void {
    const width = this.element.clientWidth;
    if (width === 0) return;
    if (!this.plot) this.create();
    else if (width !== this.plot.width) this.plot.setSize({ width, height: this.options.height });
  }

  private create(): void {
    const width = this.element.clientWidth;
    if (width === 0 || this.data.series.length === 0) return;
    this.plot = new Plot(this.plotOptions(width), this.aligned(), this.element);
  }

  private plotOptions(width: number): PlotOptions {
    const { options, data } = this;
    const [left, right] = [data.series.find((series) => !series.right), data.series.find((series) => series.right)];
    return {
      width,
      height: options.height,
      font: axisFont,
      colours: { text: () => colour("--soft"), line: () => colour("--line") },
      time: { range: (low, high) => this.timeRange(low, high), ticks: timeTicks, offset_ms },
      left: valueAxis(left),
      right: right && valueAxis(right),
      series: data.series.map((series) => this.plotSeries(series)),
      cursor: { points: !data.series.some(({ area }) => area), drags: options.choose !== undefined, group: options.group },
      below: (plot) => this.drawMark(plot),
      above: (plot) => this.drawChanges(plot),
      onCursor: (plot) => options.hover?.(plot.cursor.idx),
      onSelect: (plot) => this.chosen(plot),
      onReset: () => options.reset?.(),
    };
  }

  private plotSeries(series: ChartSeries): PlotSeries {
    const stroke = () => colour(series.colour);
    const side = series.right ? "right" : "left";
    if (series.bars) return { side, stroke, width: 0, bars: { share: 0.85, most_px: 40, centred: false } };
    if (series.area) {
      // A line in the panel's colour separates an area from the one above it.
      const bar = this.single ? { bars: { share: 0.6, most_px: 120, centred: true } } : {};
      return { side, stroke: () => colour("--panel"), fill: stroke, width: 1, bridges: true, ...bar };
    }
    const line = { side, stroke, width: 1.5, ...(series.dashed ? { dash: [6, 4] } : {}) } as const;
    if (series.gaps) return { ...line, points: { size: 5, only: alone } };
    const sparse = this.data.times_ms.length <= (this.data.series.length > 3 ? 1 : 60);
    return { ...line, bridges: true, ...(sparse ? { points: { size: 4 } } : {}) };
  }

  private timeRange(low: number | null, high: number | null): [number, number] {
    if (this.options.range) return [...this.options.range];
    const bucket = this.options.bucket_ms ?? 0;
    if (low === null || high === null) return [Date.now() - 3_600_000, Date.now()];
    return low === high && bucket === 0 ? [low - 30_000, high + 30_000] : [low, high + bucket];
  }

  private drawMark(plot: Plot): void {
    const { mark } = this.options;
    if (!mark) return;
    const from = Math.max(plot.timeToPos(mark[0], true), plot.bbox.left);
    const to = Math.min(plot.timeToPos(mark[1], true), plot.bbox.left + plot.bbox.width);
    if (to < plot.bbox.left || from > plot.bbox.left + plot.bbox.width) return;
    plot.ctx.save();
    plot.ctx.fillStyle = colour("--chosen");
    plot.ctx.fillRect(from, plot.bbox.top, Math.max(to - from, 2 * devicePixelRatio), plot.bbox.height);
    plot.ctx.restore();
  }

  private nearest<T>(marks: readonly T[], time: (mark: T) => number, { clientX }: MouseEvent): T | undefined {
    const plot = this.plot;
    if (!plot) return undefined;
    const { left } = plot.over.getBoundingClientRect();
    const distance = (mark: T): number => Math.abs(plot.timeToPos(time(mark)) - (clientX - left));
    return marks.filter((one) => distance(one) <= nearby_px).sort((a, b) => distance(a) - distance(b))[0];
  }

  private drawChanges(plot: Plot): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    ctx.lineWidth = ratio;
    ctx.strokeStyle = ctx.fillStyle = colour("--soft");
    ctx.font = axisFont.replace("11", String(11 * ratio));
    ctx.textAlign = "left";
    let free = 0; // where the next version's name has room
    const marks = [
      ...this.changes.map(({ at_ms, version }) => ({ at_ms, name: version })),
      ...this.annotated.map(({ time_ms, text }) => ({ at_ms: time_ms, name: text.length > 24 ? `${text.slice(0, 23)}…` : text })),
    ].sort((a, b) => a.at_ms - b.at_ms);
    for (const { at_ms, name } of marks) {
      const x = Math.round(plot.timeToPos(at_ms, true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (x < free) continue;
      ctx.fillText(name, x + 3 * ratio, bbox.top + 9 * ratio);
      free = x + ctx.measureText(name).width + 8 * ratio;
    }
    ctx.restore();
  }

  private chosen(plot: Plot): void {
    const { left, width } = plot.select;
    if (width < 4 || !this.options.choose) return;
    const from = Math.floor(plot.posToTime(left));
    const to = Math.ceil(plot.posToTime(left + width));
    plot.setSelect({ left: 0, width: 0 });
    this.options.choose(from, to);
  }

  // ---- Keys: arrows move the cursor, with Shift they choose a stretch, Enter takes it; "a" marks the moment ----

  private key(event: KeyboardEvent): void {
    const plot = this.plot;
    const last = this.data.times_ms.length - 1;
    if (!plot || last < 0) return;
    const at = plot.cursor.idx;
    const to: Record<string, number> = { ArrowLeft: (at ?? last + 1) - 1, ArrowRight: (at ?? -1) + 1, Home: 0, End: last };
    const next = to[event.key];
    if (next !== undefined) {
      const index = Math.min(Math.max(next, 0), last);
      if (event.shiftKey && this.options.choose) this.anchor ??= at ?? index;
      else this.anchor = null;
      this.moveCursor(index);
      this.showStretch(index);
    } else if (event.key === "a" && at !== null && this.annotate && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this.annotate(this.data.times_ms[at]!);
    } else if (event.key === "Enter" && at !== null && this.options.choose) {
      const [from, end] = this.stretch(at);
      this.moveCursor(null);
      this.options.choose(from, end);
    } else if (event.key === "Escape" && (this.anchor !== null || this.options.reset)) {
      if (this.anchor === null) this.options.reset?.();
      this.moveCursor(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private stretch(index: number): [number, number] {
    const low = Math.min(this.anchor ?? index, index);
    const high = Math.max(this.anchor ?? index, index);
    const times = this.data.times_ms;
    return [times[low]!, times[high]! + (this.options.bucket_ms ?? 0)];
  }

  private showStretch(index: number): void {
    const plot = this.plot!;
    const [from, to] = this.stretch(index);
    const left = this.anchor === null ? 0 : plot.timeToPos(from);
    const width = this.anchor === null ? 0 : plot.timeToPos(to) - left;
    plot.setSelect({ left, width });
    this.element.setAttribute("aria-label", `${this.options.name}: ${this.describe(index)}`);
  }

  private moveCursor(index: number | null): void {
    const plot = this.plot;
    if (!plot) return;
    if (index === null) {
      this.anchor = null;
      plot.setSelect({ left: 0, width: 0 });
      plot.moveCursor(-1);
    } else {
      plot.moveCursor(plot.timeToPos(this.data.times_ms[index]!));
    }
  }

  private describe(index: number): string {
    const [from, to] = this.stretch(index);
    const values = this.data.series.map((series) => {
      const number = series.values[index];
      return `${series.label} ${number === null || number === undefined ? "none" : quantity(number, series.unit)}`;
    });
    return [rangeText(from, to), ...values].join(", ");
  }
}

function valueAxis(series: ChartSeries | undefined): PlotAxis {
  const unit = series?.unit ?? "";
  return { range: valueRange, whole: unit === "count", ticks: (splits) => splits.map((split) => tick(split, unit)) };
}

// From 0, or from below for what can fall; with room above.
function valueRange(low: number | null, high: number | null): [number, number] {
  const bottom = Math.min(low ?? 0, 0);
  const top = Math.max(high ?? 1, 0);
  if (bottom === top) return [0, 1];
  return [bottom * 1.08, top * 1.08];
}
