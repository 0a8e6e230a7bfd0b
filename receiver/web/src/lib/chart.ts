// chart.ts: a time series on a canvas, drawn by uPlot: bars and lines over time, a cursor that charts of one group share, and a stretch of
// time that can be chosen by dragging or by keys. Colours come from style.css and follow the theme.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./chart.css";
import type { VersionChange } from "./api";
import { alone, bridged, quantity, stack, tick } from "./chart_units";
import { make } from "./dom";
import { navigate } from "./state";
import { colour, onTheme } from "./theme";
import { chartDate, rangeText, timeTicks } from "./times";
import type { Annotation } from "./annotations";
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
  private plot: uPlot | undefined;
  private shape = "";
  private single = false;
  private data: ChartData = { times_ms: [], series: [] };
  private anchor: number | null = null; // where a stretch chosen by keys begins
  private changes: readonly VersionChange[] = [];
  private annotated: readonly Annotation[] = [];
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
    this.endTheme = onTheme(() => this.plot?.redraw(false));
  }

  // uPlot's series and axes are made anew only when there are others: a live update keeps the cursor and what is being dragged.
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
    else this.plot.setData(this.aligned(), true);
  }

  // Where versions begin: lines, of which a click opens the comparison.
  mark(changes: readonly VersionChange[], annotated: readonly Annotation[] = []): void {
    this.changes = changes;
    this.annotated = annotated;
    this.plot?.redraw(false);
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

  private aligned(): uPlot.AlignedData {
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
    this.plot = new uPlot(this.plotOptions(width), this.aligned(), this.element);
  }

  private plotOptions(width: number): uPlot.Options {
    const { options, data } = this;
    const right = data.series.some((series) => series.right);
    return {
      width,
      height: options.height,
      ms: 1,
      tzDate: chartDate,
      padding: [8, right ? 0 : 20, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: options.choose !== undefined, y: false, setScale: false, dist: 4 },
        points: { size: 6, ...(data.series.some(({ area }) => area) ? { show: false } : {}) },
        ...(options.group ? { sync: { key: options.group, setSeries: false } } : {}),
        bind: { dblclick: () => () => (options.reset?.(), null) },
      },
      scales: {
        x: { time: true, range: (_plot, low, high) => this.timeRange(low, high) },
        left: { range: (_plot, low, high) => valueRange(low, high) },
        right: { range: (_plot, low, high) => valueRange(low, high) },
      },
      axes: [
        { ...axis(), space: 74, size: 42, gap: 3, values: (_plot, splits, _axis, _space, step) => timeTicks(splits, step) },
        this.valueAxis(
          "left",
          3,
          data.series.find((series) => !series.right),
        ),
        ...(right
          ? [
              this.valueAxis(
                "right",
                1,
                data.series.find((series) => series.right),
              ),
            ]
          : []),
      ],
      series: [{}, ...data.series.map((series) => this.plotSeries(series))],
      hooks: {
        drawClear: [(plot) => this.drawMark(plot)],
        draw: [(plot) => this.drawChanges(plot)],
        setSelect: [(plot) => this.chosen(plot)],
        setCursor: [(plot) => options.hover?.(plot.cursor.idx ?? null)],
      },
    };
  }

  private valueAxis(scale: string, side: uPlot.Axis.Side, series: ChartSeries | undefined): uPlot.Axis {
    const unit = series?.unit ?? "";
    // Counts have no parts.
    const whole =
      unit === "count" ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8] } : {};
    return {
      ...axis(),
      ...whole,
      scale,
      side,
      size: 64,
      space: 26,
      gap: 4,
      grid: { show: side === 3, stroke: () => colour("--line"), width: 1 },
      values: (_plot, splits) => splits.map((split) => tick(split, unit)),
    };
  }

  private plotSeries(series: ChartSeries): uPlot.Series {
    const stroke = () => colour(series.colour);
    const common = { label: series.label, scale: series.right ? "right" : "left", stroke };
    if (series.bars)
      return { ...common, width: 0, fill: stroke, paths: uPlot.paths.bars!({ size: [0.85, 40], align: 1 }), points: { show: false } };
    if (series.area) {
      // A line in the panel's colour separates an area from the one above it.
      const bar = this.single ? { paths: uPlot.paths.bars!({ size: [0.6, 120] }) } : {};
      return { ...common, ...bar, stroke: () => colour("--panel"), fill: stroke, width: 1, spanGaps: true, points: { show: false } };
    }
    const dash = series.dashed ? { dash: [6, 4] } : {};
    if (series.gaps) {
      const filter = (plot: uPlot, at: number) => alone(plot.data[at] as (number | null | undefined)[]);
      return { ...common, ...dash, width: 1.5, spanGaps: false, points: { show: true, size: 5, fill: stroke, stroke, filter } };
    }
    const sparse = this.data.times_ms.length <= (this.data.series.length > 3 ? 1 : 60);
    return { ...common, ...dash, width: 1.5, spanGaps: true, points: { show: sparse, size: 4, fill: stroke } };
  }

  private timeRange(low: number | null, high: number | null): [number, number] {
    if (this.options.range) return [...this.options.range];
    const bucket = this.options.bucket_ms ?? 0;
    if (low === null || high === null) return [Date.now() - 3_600_000, Date.now()];
    return low === high && bucket === 0 ? [low - 30_000, high + 30_000] : [low, high + bucket];
  }

  private drawMark(plot: uPlot): void {
    const { mark } = this.options;
    if (!mark) return;
    const from = Math.max(plot.valToPos(mark[0], "x", true), plot.bbox.left);
    const to = Math.min(plot.valToPos(mark[1], "x", true), plot.bbox.left + plot.bbox.width);
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
    const distance = (mark: T): number => Math.abs(plot.valToPos(time(mark), "x") - (clientX - left));
    return marks.filter((one) => distance(one) <= nearby_px).sort((a, b) => distance(a) - distance(b))[0];
  }

  private drawChanges(plot: uPlot): void {
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
      const x = Math.round(plot.valToPos(at_ms, "x", true));
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

  private chosen(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4 || !this.options.choose) return;
    const from = Math.floor(plot.posToVal(left, "x"));
    const to = Math.ceil(plot.posToVal(left + width, "x"));
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.options.choose(from, to);
  }

  // ---- Keys: arrows move the cursor, with Shift they choose a stretch, Enter takes it ----

  private key(event: KeyboardEvent): void {
    const plot = this.plot;
    const last = this.data.times_ms.length - 1;
    if (!plot || last < 0) return;
    const at = plot.cursor.idx ?? null;
    const to: Record<string, number> = { ArrowLeft: (at ?? last + 1) - 1, ArrowRight: (at ?? -1) + 1, Home: 0, End: last };
    const next = to[event.key];
    if (next !== undefined) {
      const index = Math.min(Math.max(next, 0), last);
      if (event.shiftKey && this.options.choose) this.anchor ??= at ?? index;
      else this.anchor = null;
      this.moveCursor(index);
      this.showStretch(index);
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
    const left = this.anchor === null ? 0 : plot.valToPos(from, "x");
    const width = this.anchor === null ? 0 : plot.valToPos(to, "x") - left;
    plot.setSelect({ left, top: 0, width, height: plot.over.clientHeight }, false);
    this.element.setAttribute("aria-label", `${this.options.name}: ${this.describe(index)}`);
  }

  private moveCursor(index: number | null): void {
    const plot = this.plot;
    if (!plot) return;
    if (index === null) {
      this.anchor = null;
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      plot.setCursor({ left: -10, top: -10 });
    } else {
      plot.setCursor({ left: plot.valToPos(this.data.times_ms[index]!, "x"), top: plot.over.clientHeight / 2 });
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

function axis(): uPlot.Axis {
  return {
    stroke: () => colour("--soft"),
    font: axisFont,
    grid: { show: false },
    ticks: { stroke: () => colour("--line"), size: 4, width: 1 },
  };
}

// From 0, or from below for what can fall; with room above.
function valueRange(low: number | null, high: number | null): [number, number] {
  const bottom = Math.min(low ?? 0, 0);
  const top = Math.max(high ?? 1, 0);
  if (bottom === top) return [0, 1];
  return [bottom * 1.08, top * 1.08];
}
