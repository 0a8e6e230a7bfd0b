// plot.ts: series over time on a canvas: bars, stacked areas and lines, axes, a cursor that plots of one group share, a stretch to drag.
// What the page's charts need and no more (chart.ts); it knows nothing of the page.
//
// Positions are in CSS pixels from the left and upper edge of the plotted area (`over`), or with canvas=true in pixels of the canvas.
import { make } from "./dom";
import { timeSplits, valueSplits } from "./plot_splits";

type Range = (low: number | null, high: number | null) => [number, number];
export type Value = number | null | undefined; // null: a gap; undefined: bridged

export interface PlotSeries {
  side: "left" | "right"; // the axis that it is read at
  stroke: () => string;
  width: number; // 0: no line
  fill?: () => string; // down to 0
  dash?: readonly number[];
  bars?: { share: number; most_px: number; centred: boolean }; // of the room between two times
  bridges?: boolean; // gaps as well
  points?: { size: number; only?: (values: readonly Value[]) => readonly number[] };
}

export interface PlotAxis {
  range: Range;
  ticks: (splits: readonly number[]) => string[];
  whole?: boolean; // its values have no parts
}

export interface PlotOptions {
  width: number;
  height: number;
  font: string;
  colours: { text: () => string; line: () => string };
  time: { range: Range; ticks: (splits: readonly number[], step_ms: number) => string[]; offset_ms: (time_ms: number) => number };
  left: PlotAxis;
  right: PlotAxis | undefined;
  series: readonly PlotSeries[];
  cursor: { points: boolean; drags: boolean; group: string | undefined };
  below: (plot: Plot) => void; // drawn before the series
  above: (plot: Plot) => void;
  onCursor: (plot: Plot) => void;
  onSelect: (plot: Plot) => void;
  onReset: () => void; // double click
}

// Times, then the values of each series.
export type PlotData = readonly [readonly number[], ...(readonly Value[])[]];

interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

const [axisWidth_px, axisHeight_px, padding_px, tick_px] = [64, 42, 8, 4];
const [valueSpace_px, timeSpace_px] = [26, 74];
const leastDrag_px = 4;
const gone_px = -10;
const groups = new Map<string, Set<Plot>>();

export class Plot {
  readonly cursor: { left: number; idx: number | null } = { left: gone_px, idx: null };
  readonly select: Area = { left: 0, top: 0, width: 0, height: 0 };
  readonly over = make("div", { class: "plot-over" });
  readonly ctx: CanvasRenderingContext2D;
  bbox: Area = { left: 0, top: 0, width: 0, height: 0 }; // of the plotted area, in pixels of the canvas
  private readonly element = make("div", { class: "plot" });
  private readonly canvas = make("canvas");
  private readonly line = make("div", { class: "plot-cursor", hidden: true });
  private readonly stretch = make("div", { class: "plot-select", hidden: true });
  private readonly dots: HTMLElement[];
  private readonly abort = new AbortController();
  private readonly others: Set<Plot>;
  private time: [number, number] = [0, 1];
  private scales: Record<"left" | "right", [number, number]> = { left: [0, 1], right: [0, 1] };
  private asked = 0;

  constructor(
    private readonly options: PlotOptions,
    public data: PlotData,
    root: HTMLElement,
  ) {
    this.ctx = this.canvas.getContext("2d")!;
    this.dots = options.cursor.points ? options.series.map(() => make("i", { class: "plot-dot", hidden: true })) : [];
    this.over.append(this.stretch, this.line, ...this.dots);
    this.element.append(this.canvas, this.over);
    root.append(this.element);
    const { group } = options.cursor;
    this.others = group ? (groups.get(group) ?? new Set<Plot>()) : new Set<Plot>();
    if (group) groups.set(group, this.others);
    this.others.add(this);
    this.listen();
    this.setSize(options);
  }

  destroy(): void {
    this.abort.abort();
    cancelAnimationFrame(this.asked);
    this.others.delete(this);
    if (this.options.cursor.group && this.others.size === 0) groups.delete(this.options.cursor.group);
    this.element.remove();
  }

  get width(): number {
    return this.options.width;
  }

  setSize({ width, height }: { width: number; height: number }): void {
    Object.assign(this.options, { width, height });
    this.setData(this.data);
    this.place();
  }

  setData(data: PlotData): void {
    this.data = data;
    const [times] = data;
    this.time = this.options.time.range(times[0] ?? null, times.at(-1) ?? null);
    for (const side of ["left", "right"] as const) this.scales[side] = this.options[side]?.range(...this.extent(side)) ?? [0, 1];
    this.redraw();
    this.setCursor(this.cursor, false);
  }

  // In the next frame, once for all that has changed by then.
  redraw(): void {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => this.draw());
  }

  // The lowest and the highest value of an axis among the times that are shown.
  private extent(side: "left" | "right"): [number | null, number | null] {
    const [times, ...all] = this.data;
    let [low, high]: [number | null, number | null] = [null, null];
    all.forEach((values, at) => {
      if (this.options.series[at]?.side !== side) return;
      values.forEach((value, index) => {
        if (typeof value !== "number" || times[index]! < this.time[0] || times[index]! > this.time[1]) return;
        low = Math.min(low ?? value, value);
        high = Math.max(high ?? value, value);
      });
    });
    return [low, high];
  }

  // ---- Positions ----

  private get area(): Area {
    const { width, height, right } = this.options;
    const end = right ? axisWidth_px : 20;
    const area = { left: axisWidth_px, top: padding_px, width: width - axisWidth_px - end, height: height - padding_px - axisHeight_px };
    return { ...area, width: Math.max(area.width, 1), height: Math.max(area.height, 1) };
  }

  timeToPos(time_ms: number, canvas = false): number {
    const { left, width } = canvas ? this.bbox : { left: 0, width: this.area.width };
    const [from, to] = this.time;
    return left + ((time_ms - from) / (to - from)) * width;
  }

  posToTime(left: number): number {
    const [from, to] = this.time;
    return from + (left / this.area.width) * (to - from);
  }

  private valueToPos(value: number, side: "left" | "right", canvas = false): number {
    const { top, height } = canvas ? this.bbox : { top: 0, height: this.area.height };
    const [low, high] = this.scales[side];
    return top + (1 - (value - low) / (high - low)) * height;
  }

  private place(): void {
    const { left, top, width, height } = this.area;
    Object.assign(this.over.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  }

  // ---- Cursor and stretch ----

  // left: gone_px or any position outside: none.
  setCursor({ left }: { left: number }, tells = true): void {
    const { cursor } = this;
    const [times] = this.data;
    const inside = left >= 0 && left <= this.area.width && times.length > 0;
    cursor.left = inside ? left : gone_px;
    cursor.idx = inside ? nearest(times, this.posToTime(left)) : null;
    this.line.hidden = !inside;
    this.line.style.translate = `${cursor.left}px`;
    this.dots.forEach((dot, at) => {
      const { side, stroke } = this.options.series[at]!;
      const value = cursor.idx === null ? null : this.data[at + 1]![cursor.idx];
      dot.hidden = typeof value !== "number";
      if (typeof value !== "number") return;
      dot.style.translate = `${this.timeToPos(times[cursor.idx!]!)}px ${this.valueToPos(value, side)}px`;
      dot.style.background = stroke();
    });
    if (tells) this.options.onCursor(this);
  }

  // The cursor of this plot and of all of its group, at the same time.
  moveCursor(left: number): void {
    const time = left >= 0 ? this.posToTime(left) : null;
    this.setCursor({ left });
    for (const other of this.others) if (other !== this) other.setCursor({ left: time === null ? gone_px : other.timeToPos(time) });
  }

  setSelect({ left, width }: { left: number; width: number }): void {
    Object.assign(this.select, { left, width, top: 0, height: this.area.height });
    this.stretch.hidden = width <= 0;
    Object.assign(this.stretch.style, { left: `${left}px`, width: `${width}px` });
  }

  private listen(): void {
    const { signal } = this.abort;
    const x = ({ clientX }: MouseEvent): number => clientX - this.over.getBoundingClientRect().left;
    let from: number | null = null; // where a drag began
    const dragTo = (to: number): void => {
      const end = Math.min(Math.max(to, 0), this.area.width);
      const far = Math.abs(end - from!) >= leastDrag_px;
      this.setSelect(far ? { left: Math.min(from!, end), width: Math.abs(end - from!) } : { left: 0, width: 0 });
    };
    this.over.addEventListener("mousemove", (event) => this.moveCursor(x(event)), { signal });
    this.over.addEventListener("mouseleave", () => from === null && this.moveCursor(gone_px), { signal });
    this.over.addEventListener("dblclick", () => this.options.onReset(), { signal });
    this.over.addEventListener(
      "mousedown",
      (event) => {
        if (event.button !== 0 || !this.options.cursor.drags) return;
        from = x(event);
        event.preventDefault(); // no text is chosen meanwhile
        this.element.parentElement?.focus({ preventScroll: true });
      },
      { signal },
    );
    document.addEventListener("mousemove", (event) => from !== null && dragTo(x(event)), { signal });
    document.addEventListener(
      "mouseup",
      (event) => {
        if (from === null) return;
        dragTo(x(event));
        from = null;
        if (this.select.width > 0) this.options.onSelect(this);
      },
      { signal },
    );
  }

  // ---- Drawing ----

  private draw(): void {
    const { ctx, canvas } = this;
    const { width, height } = this.options;
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const { left, top, width: wide, height: high } = this.area;
    this.bbox = {
      left: Math.round(left * ratio),
      top: Math.round(top * ratio),
      width: Math.round(wide * ratio),
      height: Math.round(high * ratio),
    };
    this.options.below(this);
    this.drawAxes(ratio);
    ctx.save();
    ctx.beginPath();
    ctx.rect(this.bbox.left, this.bbox.top - ratio, this.bbox.width, this.bbox.height + 2 * ratio);
    ctx.clip();
    this.options.series.forEach((series, at) => this.drawSeries(series, this.data[at + 1]!, ratio));
    ctx.restore();
    this.options.above(this);
  }

  private drawAxes(ratio: number): void {
    const { ctx, bbox, options } = this;
    ctx.lineWidth = ratio;
    ctx.strokeStyle = options.colours.line();
    ctx.fillStyle = options.colours.text();
    ctx.font = options.font.replace(/[\d.]+px/, (size) => `${parseFloat(size) * ratio}px`);
    const bottom = bbox.top + bbox.height;
    const stroke = (x: number, y: number, toX: number, toY: number): void => {
      ctx.beginPath();
      ctx.moveTo(Math.round(x) + 0.5, Math.round(y) + 0.5);
      ctx.lineTo(Math.round(toX) + 0.5, Math.round(toY) + 0.5);
      ctx.stroke();
    };
    const { splits, step } = timeSplits(...this.time, Math.max(this.area.width / timeSpace_px, 1), options.time.offset_ms);
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    options.time.ticks(splits, step).forEach((text, at) => {
      const x = this.timeToPos(splits[at]!, true);
      stroke(x, bottom, x, bottom + tick_px * ratio);
      text.split("\n").forEach((line, row) => ctx.fillText(line, x, bottom + (tick_px + 3 + 13 * row) * ratio));
    });
    ctx.textBaseline = "middle";
    for (const side of ["left", "right"] as const) {
      const axis = options[side];
      if (!axis) continue;
      const [from, out] = side === "left" ? [bbox.left, -ratio] : [bbox.left + bbox.width, ratio];
      const values = valueSplits(...this.scales[side], Math.max(this.area.height / valueSpace_px, 1), axis.whole);
      ctx.textAlign = side === "left" ? "right" : "left";
      axis.ticks(values).forEach((text, at) => {
        const y = this.valueToPos(values[at]!, side, true);
        stroke(from, y, side === "left" ? from + bbox.width : from + tick_px * out, y); // the grid is that of the left axis
        stroke(from, y, from + tick_px * out, y);
        ctx.fillText(text, from + (tick_px + 4) * out, y);
      });
    }
  }

  private drawSeries(series: PlotSeries, values: readonly Value[], ratio: number): void {
    if (series.bars) this.drawBars(series, values, ratio);
    else this.drawLine(series, values, ratio);
    if (series.points) this.drawPoints(series, values, ratio);
  }

  private drawBars({ side, bars, fill, stroke, width }: PlotSeries, values: readonly Value[], ratio: number): void {
    const { ctx } = this;
    const [times] = this.data;
    let room = this.bbox.width;
    for (let i = 1; i < times.length; i++) room = Math.min(room, this.timeToPos(times[i]!, true) - this.timeToPos(times[i - 1]!, true));
    const wide = Math.max(Math.min(room * bars!.share, bars!.most_px * ratio), 1);
    const zero = this.valueToPos(0, side, true);
    ctx.fillStyle = (fill ?? stroke)();
    ctx.strokeStyle = stroke();
    ctx.lineWidth = width * ratio;
    values.forEach((value, at) => {
      if (typeof value !== "number") return;
      const left = this.timeToPos(times[at]!, true) - (bars!.centred ? wide / 2 : 0);
      const top = this.valueToPos(value, side, true);
      ctx.fillRect(left, Math.min(top, zero), wide, Math.abs(zero - top));
      if (width > 0) ctx.strokeRect(left, Math.min(top, zero), wide, Math.abs(zero - top));
    });
  }

  // Each unbroken part by itself.
  private drawLine({ side, fill, stroke, width, dash, bridges }: PlotSeries, values: readonly Value[], ratio: number): void {
    const { ctx } = this;
    const [times] = this.data;
    const zero = this.valueToPos(0, side, true);
    let [part, from, to] = [new Path2D(), NaN, NaN];
    const finish = (): void => {
      if (Number.isNaN(from)) return;
      if (fill) {
        const area = new Path2D(part);
        area.lineTo(to, zero);
        area.lineTo(from, zero);
        ctx.fillStyle = fill();
        ctx.fill(area);
      }
      if (width > 0) ctx.stroke(part);
      [part, from, to] = [new Path2D(), NaN, NaN];
    };
    ctx.strokeStyle = stroke();
    ctx.lineWidth = width * ratio;
    ctx.lineJoin = "round";
    ctx.setLineDash((dash ?? []).map((length) => length * ratio));
    values.forEach((value, at) => {
      if (value === null && !bridges) finish();
      if (typeof value !== "number") return;
      const x = this.timeToPos(times[at]!, true);
      const y = this.valueToPos(value, side, true);
      if (Number.isNaN(from)) part.moveTo((from = x), y);
      else part.lineTo(x, y);
      to = x;
    });
    finish();
    ctx.setLineDash([]);
  }

  private drawPoints({ side, stroke, points }: PlotSeries, values: readonly Value[], ratio: number): void {
    const { ctx } = this;
    const [times] = this.data;
    ctx.fillStyle = stroke();
    for (const at of points!.only?.(values) ?? values.keys()) {
      const value = values[at];
      if (typeof value !== "number") continue;
      ctx.beginPath();
      ctx.arc(this.timeToPos(times[at]!, true), this.valueToPos(value, side, true), (points!.size / 2) * ratio, 0, 2 * Math.PI);
      ctx.fill();
    }
  }
}

// The index of the time that is nearest; times ascend.
function nearest(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low > 0 && time - times[low - 1]! < times[low]! - time ? low - 1 : low;
}
