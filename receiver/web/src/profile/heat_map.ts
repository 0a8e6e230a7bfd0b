// heat_map.ts: when the values of a selection were: a row for each function, or each value that samples are grouped by, and columns of time. A
// stretch of columns can be chosen by mouse and keyboard. Threads have the colours of what they did, where the profile tells.
//
// Parameters of the address: heat (row: each row has a scale of its own), lanes (1: a row for each thread).
import "./heat_map.css";
import type { Timeline, TimelineRow, TreeFunction } from "../lib/api";
import { mix } from "../lib/contrast";
import { button, make, refill } from "../lib/dom";
import { count, share, value } from "../lib/format";
import { flags } from "../graph/pattern";
import { shortName } from "../graph/frame_text";
import { change, type State } from "../lib/state";
import { colour, onTheme } from "../lib/theme";
import { rangeText, timeTicks } from "../lib/times";
import { legend, painter, statesOf, timesIn, timesText } from "./thread_states";

const row_px = 18;
const axis_px = 34;
const leastTick_px = 80;
const steps_s = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

export interface HeatMapEvents {
  onText: (text: string) => void; // what is said of what is under the mouse or the keyboard's cursor; "": nothing is
  onRow: (row: TimelineRow) => void;
  onRange: ((from_ms: number, to_ms: number) => void) | null; // null: there is nothing to choose
}

export class HeatMap {
  readonly element: HTMLElement;
  private readonly head = make("div", { class: "heat-head" });
  private readonly canvas = make("canvas", { id: "heat-map", tabIndex: 0, role: "application" });
  private readonly place = make("div", { class: "heat-place" }, this.canvas);
  private readonly endTheme: () => void;
  private readonly watcher: ResizeObserver;
  private now!: State;
  private data: Timeline | undefined;
  private rows: TimelineRow[] = [];
  private states: ReturnType<typeof statesOf> = [];
  private events!: HeatMapEvents;
  private cell: [row: number, column: number] | null = null;
  private anchor: number | null = null; // where a stretch begins
  private dragged = false;

  constructor() {
    this.element = make("section", { id: "times", class: "heat", "aria-label": "Over time" }, this.head, this.place);
    this.endTheme = onTheme(() => this.draw());
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.place);
    const { canvas } = this;
    canvas.addEventListener("mousemove", (event) => this.anchor === null && this.say(this.at(event)));
    canvas.addEventListener("mouseleave", () => this.anchor === null && this.say(null));
    canvas.addEventListener("pointerdown", (event) => this.drag(event));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.say(null));
  }

  destroy(): void {
    this.endTheme();
    this.watcher.disconnect();
  }

  show(now: State, data: Timeline, events: HeatMapEvents): void {
    if (data !== this.data) this.cell = this.anchor = null;
    Object.assign(this, { now, data, events });
    const name = `${data.rows_limited ? "at least " : ""}${count(data.rows_left_out, "other row")}`;
    const others: TimelineRow = { name, file: "", kind: "label", values: data.others.values };
    const left = data.rows_left_out > 0 || data.rows_limited || data.others.values.some((one) => one);
    this.rows = left ? [...data.rows, others] : data.rows;
    this.states = statesOf(data);
    const range = events.onRange ? ", with Shift they choose a stretch of time, Enter shows it" : "";
    this.canvas.setAttribute(
      "aria-label",
      `Values over time: arrow keys move${range}; Enter on a row shows callers and callees, or chooses its samples`,
    );
    this.showHead();
    this.draw();
  }

  get step_ms(): number {
    return (this.data!.to - this.data!.from) / this.data!.columns;
  }

  private timeOf(column: number): number {
    return Math.round(this.data!.from + column * this.step_ms);
  }

  // ---- Texts ----

  private showHead(): void {
    const { rows, gauge, samples, samples_with_time: timed, samples_outside: outside, unit } = this.data!;
    const byRow = this.now.get("heat") === "row";
    const most = rows.reduce((best, one) => Math.max(best, ...one.values.map((each) => each ?? 0)), 0);
    const grouped = this.now.get("group_by") !== "";
    const lanes = this.now.get("lanes") === "1" && !grouped;
    const groups = grouped ? "" : lanes ? "threads" : "functions that have values of their own";
    const within = this.now.get("time") ? "only samples with a time of their own, within the chosen time" : "";
    const processes = this.now.get("processes");
    const added = processes ? processes === "sum" : this.now.get("group_by").startsWith("tag:"); // as the receiver has it
    const notes = [
      groups,
      within,
      this.states.length > 0
        ? "colour: what each did most, the stronger, the more of the time"
        : !byRow && `strongest: ${value(most, unit)}`,
      lanes && !gauge && unit === "nanoseconds" && this.states.length === 0 && "what threads did is not in this profile",
      gauge
        ? `means over the uploads that were there${added ? ", processes added up" : ""}`
        : `each column ${Number((this.step_ms / 1000).toPrecision(3))} s`,
      !gauge && samples > timed && `${timed > 0 ? `${(samples - timed).toLocaleString("en")} of ` : ""}${count(samples, "sample")} without a time of their own: spread over their upload's`, // prettier-ignore
      outside > 0 && `${count(outside, "sample")} at other times left out`,
      this.anyFilter() && "focus, ignore, hide and kinds of frames are not applied here",
    ];
    refill(
      this.head,
      button("Each row by itself", () => change({ heat: byRow ? null : "row" }), {
        id: "heat-row",
        "aria-pressed": String(byRow),
        title: "A scale for each row, so that small ones show when they were",
      }),
      button("Threads", () => change({ lanes: lanes ? null : "1", group_by: null }), {
        id: "lanes",
        "aria-pressed": String(lanes),
        title: "A row for each thread, by the labels of samples",
      }),
      this.states.length > 0 ? legend(this.states) : make("span", { class: "heat-scale", "aria-hidden": "true" }),
      make("span", { id: "times-note", class: "soft" }, notes.filter(Boolean).join(" · ")),
    );
  }

  private anyFilter(): boolean {
    return ["focus", "ignore", "hide", "start", "without"].some((name) => this.now.all(name).length > 0);
  }

  private text([row, column]: [number, number], to = column): string {
    const { unit } = this.data!;
    const [low, high] = [Math.min(column, to), Math.max(column, to)];
    const one = this.rows[row];
    const part = one.values.slice(low, high + 1).filter((each) => each !== null) as number[];
    const when = rangeText(this.timeOf(low), this.timeOf(high + 1));
    const did = timesText(timesIn(one, this.states, low, high));
    if (part.length === 0) return `${one.name} · ${when} · no upload`;
    const sum = part.reduce((all, each) => all + each, 0);
    const whole = this.rows.reduce(
      (all, each) => all + each.values.slice(low, high + 1).reduce<number>((some, of) => some + (of ?? 0), 0),
      0,
    );
    const amount = this.data!.gauge ? sum / part.length : sum;
    return [one.name, when, `${value(amount, unit)}, ${share(sum, whole)} of all then`, did].filter(Boolean).join(" · ");
  }

  private say(cell: [number, number] | null): void {
    this.cell = cell;
    this.events.onText(cell ? this.text(cell, this.anchor ?? cell[1]) : "");
    this.draw();
  }

  // ---- Drawing ----

  private get left_px(): number {
    return Math.min(240, Math.round(this.place.clientWidth * 0.32));
  }

  private draw(): void {
    const width = this.place.clientWidth;
    if (!this.data || !(width > 0)) return;
    const { canvas, rows, cell, left_px: left } = this;
    const { columns } = this.data;
    const ratio = devicePixelRatio || 1;
    const height = axis_px + rows.length * row_px;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d", { alpha: false })!;
    context.scale(ratio, ratio);
    const [panel, hot, none, text, soft, line, cursor] = ["--panel", "--flame-more", "--back", "--text", "--soft", "--line", "--flame-cursor"].map(colour); // prettier-ignore
    context.fillStyle = panel;
    context.fillRect(0, 0, width, height);
    context.font = `12px ${getComputedStyle(canvas).fontFamily}`;
    context.textBaseline = "middle";
    const step = (width - left) / columns;
    const highest = (values: readonly (number | null)[]): number => Math.max(...values.map((one) => one ?? 0), 0);
    const most = Math.max(...rows.map((one) => highest(one.values)), 0);
    const found = this.found();
    const [shades, greys] = [hot, line].map((to) => Array.from({ length: 33 }, (_, i) => mix(panel, to, Math.sqrt(i / 32))));
    const paint = painter(this.states, panel);
    rows.forEach((one, r) => {
      const times = one.states && this.states.length > 0 ? one.values.map((_, c) => timesIn(one, this.states, c, c)) : null;
      const whole = times && this.now.get("heat") === "row" ? highest(times.map((all) => all.reduce((sum, [, ns]) => sum + ns, 0))) : this.step_ms * 1e6; // prettier-ignore
      const top = axis_px + r * row_px;
      const of = this.now.get("heat") === "row" ? highest(one.values) : most;
      context.fillStyle = found && !found[r] ? soft : text;
      context.fillText(this.fit(context, shortName(one.name), left - 12), 6, top + row_px / 2);
      one.values.forEach((each, c) => {
        const shade = each === null || of <= 0 ? 0 : Math.round(32 * Math.max(each / of, 0));
        const bare = this.states.length > 0 ? greys : shades; // whose states are not known has none of their colours
        context.fillStyle = each === null ? none : times ? paint(times[c], whole) : bare[shade];
        const [from, to] = [Math.round(left + c * step), Math.round(left + (c + 1) * step)];
        context.fillRect(from, top, to - from, row_px - 1);
      });
    });
    this.drawAxis(context, left, step, height, soft, line);
    if (!cell) return;
    const [row, column] = cell;
    const [low, high] = [Math.min(column, this.anchor ?? column), Math.max(column, this.anchor ?? column)];
    const [top, bottom] = this.anchor === null ? [axis_px + row * row_px, axis_px + (row + 1) * row_px] : [axis_px, height];
    context.strokeStyle = cursor;
    context.lineWidth = 1.5;
    context.strokeRect(left + low * step, top, Math.max((high - low + 1) * step, 2), bottom - top - 1);
  }

  private drawAxis(context: CanvasRenderingContext2D, left: number, step: number, height: number, soft: string, line: string): void {
    const { from, to, columns } = this.data!;
    const width = step * columns;
    const wanted = ((to - from) / 1000) * (leastTick_px / width);
    const tick = 1000 * (steps_s.find((one) => one >= wanted) ?? steps_s.at(-1)!);
    const times: number[] = [];
    for (let at = Math.ceil(from / tick) * tick; at <= to && times.length < 100; at += tick) times.push(at);
    timeTicks(times, tick).forEach((text, i) => {
      const x = Math.round(left + ((times[i] - from) / (to - from)) * width);
      context.fillStyle = line;
      context.fillRect(x, axis_px - 4, 1, height);
      context.fillStyle = soft;
      if (x + 50 < left + width) text.split("\n").forEach((part, k) => context.fillText(part, x + 2, 8 + 14 * k));
    });
  }

  private fit(context: CanvasRenderingContext2D, text: string, room: number): string {
    if (context.measureText(text).width <= room) return text;
    let letters = Math.floor((room / context.measureText(text).width) * text.length);
    while (letters > 1 && context.measureText(`${text.slice(0, letters)}…`).width > room) letters--;
    return `${text.slice(0, letters)}…`;
  }

  // The rows that the search finds; null: there is no search, or what is asked cannot be searched for.
  private found(): Uint8Array | null {
    try {
      return flags(this.rows.map((one): TreeFunction => ({ ...one, library: "" })), this.now.get("find")); // prettier-ignore
    } catch {
      return null; // the toolbar says why
    }
  }

  // ---- Mouse and keyboard ----

  private at({ clientX, clientY }: MouseEvent): [number, number] | null {
    const { left, top } = this.canvas.getBoundingClientRect();
    const row = Math.floor((clientY - top - axis_px) / row_px);
    const column = Math.floor(((clientX - left - this.left_px) / (this.place.clientWidth - this.left_px)) * this.data!.columns);
    return row >= 0 && row < this.rows.length ? [row, Math.min(Math.max(column, 0), this.data!.columns - 1)] : null;
  }

  private drag(down: PointerEvent): void {
    const start = this.at(down);
    if (down.button !== 0 || !start) return;
    const onName = down.clientX - this.canvas.getBoundingClientRect().left < this.left_px;
    this.dragged = false;
    const ends = new AbortController();
    const move = (event: PointerEvent): void => {
      const to = this.at(event);
      if (!to || onName || !this.events.onRange || Math.abs(event.clientX - down.clientX) < 5) return;
      this.dragged = true;
      this.anchor = start[1];
      this.say([start[0], to[1]]);
    };
    addEventListener("pointermove", move, { signal: ends.signal });
    const end = (event: Event): void => {
      ends.abort();
      if (event.type === "pointerup" && this.dragged) this.choose();
      else if (event.type === "pointerup") this.pick(start[0]);
      this.anchor = null;
    };
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end, { signal: ends.signal });
  }

  private choose(): void {
    const column = this.cell![1];
    const from = this.timeOf(Math.min(column, this.anchor ?? column));
    const to = this.timeOf(Math.max(column, this.anchor ?? column) + 1);
    this.anchor = null;
    this.events.onRange!(from, to);
  }

  private pick(row: number): void {
    if (row < this.data!.rows.length) this.events.onRow(this.rows[row]);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.rows.length === 0) return;
    const [row, column] = this.cell ?? [0, 0];
    const last = this.data!.columns - 1;
    const moves: Record<string, [number, number]> = {
      ArrowUp: [Math.max(row - 1, 0), column],
      ArrowDown: [Math.min(row + 1, this.rows.length - 1), column],
      ArrowLeft: [row, Math.max(column - 1, 0)],
      ArrowRight: [row, Math.min(column + 1, last)],
      Home: [row, 0],
      End: [row, last],
    };
    const to = moves[event.key];
    if (to) {
      if (event.shiftKey && this.events.onRange && to[0] === row) this.anchor ??= column;
      else this.anchor = null;
      this.say(this.cell ? to : [0, 0]);
      this.keepInSight();
    } else if (event.key === "Enter") {
      if (this.anchor !== null) this.choose();
      else if (this.cell) this.pick(row);
    } else if (event.key === "Escape" && this.anchor !== null) {
      this.anchor = null;
      this.say(this.cell);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private keepInSight(): void {
    const { place } = this;
    const top = axis_px + this.cell![0] * row_px;
    if (top - axis_px < place.scrollTop) place.scrollTop = top - axis_px;
    else if (top + row_px > place.scrollTop + place.clientHeight) place.scrollTop = top + row_px - place.clientHeight;
  }
}
