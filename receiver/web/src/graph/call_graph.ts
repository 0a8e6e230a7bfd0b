// call_graph.ts: draws who calls whom as SVG: a box for each function, larger with what it has of its own, and a line for each call, wider with
// its value. A box can be chosen by mouse and keyboard; then what it is joined with stands out.
//
// Parameters of the address: calls (how many functions), scale (in percent, or "all"), fn (the chosen function).
import type { TreeFunction } from "../lib/api";
import { mix, readableOn } from "../lib/contrast";
import { button, make, refill, select } from "../lib/dom";
import { count, share, value } from "../lib/format";
import { change, type State } from "../lib/state";
import { colour, onTheme } from "../lib/theme";
import { callsOf, type Call, type Calls } from "./calls";
import { layOut, type CallLayout, type Point, type Size } from "./call_layout";
import { groupings } from "./groups";
import { choice } from "./profile_toolbar";
import { certaintyOf, changeShades, colourOf, type Colouring } from "./flame_colours";
import { shortName, slopeText } from "./frame_text";
import type { FunctionSum, Tree } from "./tree";
import "./call_graph.css";

const amounts = ["20", "40", "80", "160"];
const usualAmount = "40";
const scales = [0.1, 0.15, 0.25, 0.35, 0.5, 0.7, 0.85, 1, 1.25, 1.5, 2];
const leastScale = 0.7; // where the address has none: a wider graph scrolls
const font_px = 12;

interface Shown {
  tree: Tree;
  sums: readonly FunctionSum[];
  matches: Uint8Array | null; // by function
  colouring: Colouring;
}

export interface CallGraphEvents {
  onSelect: (text: string) => void; // what is said of what is under the mouse or has the focus; "": nothing is
  onMenu: (row: FunctionSum, x: number, y: number) => void; // client coordinates
}

function svg(tag: string, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, of] of Object.entries(attributes))
    made.setAttribute(name, String(typeof of === "number" ? Math.round(of * 10) / 10 : of));
  made.append(...children);
  return made;
}

// Through the points, upright at each.
function curve(points: readonly Point[]): string {
  const at = ({ x, y }: Point): string => `${x.toFixed(1)},${y.toFixed(1)}`;
  return points
    .map((to, i) => {
      if (i === 0) return `M${at(to)}`;
      const from = points[i - 1];
      const middle = (from.y + to.y) / 2;
      return `C${at({ x: from.x, y: middle })} ${at({ x: to.x, y: middle })} ${at(to)}`;
    })
    .join("");
}

export class CallGraph {
  readonly element: HTMLElement;
  private readonly head = make("div", { class: "calls-head" });
  private readonly place = make("div", { class: "calls-place" });
  private readonly probe = document.createElement("canvas").getContext("2d")!;
  private readonly boxes: SVGElement[] = []; // of the functions
  private picture: SVGElement | undefined;
  private shown: Shown | undefined;
  private now!: State;
  private calls!: Calls;
  private layout!: CallLayout;
  private key = "";
  private at = -1; // what the keyboard's cursor is on
  private readonly endTheme: () => void;
  private readonly watcher: ResizeObserver;

  constructor(private readonly events: CallGraphEvents) {
    this.element = make("section", { class: "calls", id: "calls", "aria-label": "Call graph" }, this.head, this.place);
    this.element.addEventListener("keydown", (event) => this.keyDown(event));
    this.place.addEventListener("pointerdown", (event) => this.drag(event));
    this.endTheme = onTheme(() => this.shown && !this.element.hidden && this.draw());
    this.watcher = new ResizeObserver(() => this.picture && this.fit());
    this.watcher.observe(this.place);
  }

  destroy(): void {
    this.endTheme();
    this.watcher.disconnect();
  }

  show(now: State, shown: Shown): void {
    const amount = amounts.includes(now.get("calls")) ? now.get("calls") : usualAmount;
    const changed = shown.sums !== this.shown?.sums || amount !== this.key;
    Object.assign(this, { now, shown, key: amount });
    if (changed) {
      this.calls = callsOf(shown.tree, shown.sums, Number(amount));
      const { functions, calls } = this.calls;
      this.layout = layOut(
        functions.map((one) => this.sizeOf(one)),
        calls.map(({ from, to, value: weight }) => ({ from, to, weight: Math.max(weight, 0) })),
      );
      this.at = -1;
    }
    this.draw();
    if (changed) this.keepInSight(Math.max(this.chosen, 0), "start");
  }

  // What is said of the chosen function; "": there is none.
  get text(): string {
    return this.chosen >= 0 ? this.functionText(this.chosen) : "";
  }

  get row(): FunctionSum | undefined {
    return this.calls.functions[this.chosen];
  }

  // As a file of its own.
  file(): Blob {
    const { width, height } = this.layout;
    const copy = this.picture!.cloneNode(true) as SVGElement;
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", String(Math.ceil(width)));
    copy.setAttribute("height", String(Math.ceil(height)));
    copy.removeAttribute("class");
    copy.prepend(svg("rect", { width: "100%", height: "100%", fill: colour("--panel") }));
    return new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
  }

  private get chosen(): number {
    const name = this.now.get("fn");
    return name ? this.calls.functions.findIndex((one) => one.name === name) : -1;
  }

  // ---- Texts ----

  private get whole(): number {
    const { tree } = this.shown!;
    return tree.whole ?? tree.total[0];
  }

  private amount(of: number, error = 0): string {
    const { tree } = this.shown!;
    return tree.error ? slopeText(of, error, tree.unit) : value(of, tree.unit);
  }

  private functionText(at: number): string {
    const { functions, calls } = this.calls;
    const { name, total, self, error } = functions[at];
    const joined = (end: "from" | "to"): number => calls.filter((one) => one[end] === at && one.from !== one.to).length;
    const itself = calls.some((one) => one.from === at && one.to === at);
    return [
      name,
      `${this.amount(total, error)}, ${share(total, this.whole)} of all`,
      self !== 0 && `self ${value(self, this.shown!.tree.unit)}`,
      `${count(joined("to"), "caller")} and ${count(joined("from"), "callee")} drawn`,
      itself && "calls itself",
    ]
      .filter(Boolean)
      .join(" · ");
  }

  private callText({ from, to, value: of, direct }: Call): string {
    const { functions } = this.calls;
    const by = direct ? "calls" : "calls, by functions that are not drawn,";
    return `${functions[from].name} ${by} ${functions[to].name} · ${value(of, this.shown!.tree.unit)}, ${share(of, this.whole)} of all`;
  }

  private noteText(): string {
    const { functions, calls, functionsLeftOut, callsLeftOut } = this.calls;
    const all = functions.length + functionsLeftOut;
    const noun = choice(this.now, "group", groupings);
    return [
      functionsLeftOut > 0 ? `${functions.length} of ${count(all, noun)}, those with most in all or of their own` : count(all, noun),
      callsLeftOut > 0
        ? `${calls.length} of ${count(calls.length + callsLeftOut, "call")}: lighter ones are left out`
        : count(calls.length, "call"),
      calls.some(({ direct }) => !direct) && "dashed: by way of functions that are not drawn",
    ]
      .filter(Boolean)
      .join(" · ");
  }

  // ---- Drawing ----

  private scaleOf({ self }: FunctionSum): number {
    return 1 + 0.8 * Math.sqrt(Math.min(Math.max(self / Math.abs(this.whole) || 0, 0), 1));
  }

  private lines(one: FunctionSum): [string, string] {
    const { unit, error } = this.shown!.tree;
    const all = error ? value(one.total, unit) : `${value(one.total, unit)}, ${share(one.total, this.whole)}`;
    return [shortName(one.name), one.self && !error ? `${value(one.self, unit)} of ${all}` : all];
  }

  private widthOf(text: string, size_px: number): number {
    this.probe.font = `600 ${size_px}px ${getComputedStyle(document.body).fontFamily}`;
    return this.probe.measureText(text).width;
  }

  private sizeOf(one: FunctionSum): Size {
    const size = this.scaleOf(one);
    const text = Math.max(...this.lines(one).map((line) => this.widthOf(line, font_px * size)));
    return { width: Math.min(Math.max(text, 60), 240 * size) + 18, height: 42 * size };
  }

  private fitText(text: string, size_px: number, room_px: number): string {
    if (this.widthOf(text, size_px) <= room_px) return text;
    let letters = Math.floor((room_px / this.widthOf(text, size_px)) * text.length);
    while (letters > 1 && this.widthOf(`${text.slice(0, letters)}…`, size_px) > room_px) letters--;
    return `${text.slice(0, letters)}…`;
  }

  private fillOf(): (one: FunctionSum) => string {
    const { tree, colouring } = this.shown!;
    if (colouring === "certainty" && tree.error) {
      const shade = changeShades(colour);
      return ({ total, error }) => shade(certaintyOf(total, error));
    }
    const byFunction = (fn: TreeFunction): string => colour(colourOf(fn, colouring));
    return ({ fn }) => byFunction(tree.functions[fn]);
  }

  private draw(): void {
    const { functions, calls } = this.calls;
    const { matches } = this.shown!;
    const { width, height, boxes, routes } = this.layout;
    const { chosen } = this;
    const fill = this.fillOf();
    const [panel, text, line, accent] = ["--panel", "--text", "--soft", "--accent"].map(colour);
    const focused = this.place.contains(document.activeElement);
    const heaviest = calls.reduce((most, one) => Math.max(most, one.value), 1e-300);
    const near = (at: number): boolean =>
      chosen < 0 || at === chosen || calls.some(({ from, to }) => (from === chosen && to === at) || (to === chosen && from === at));
    const arrow = (id: string, of: string): SVGElement =>
      svg(
        "marker",
        { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" },
        svg("path", { d: "M0,0.5L8,4L0,7.5z", fill: of }),
      );
    const made: SVGElement[] = [svg("defs", {}, arrow("calls-arrow", line), arrow("calls-arrow-chosen", accent))];
    const labels: SVGElement[] = [];
    const taken: { x: number; y: number; width: number }[] = [];
    calls.forEach((call, i) => {
      const { from, to, direct } = call;
      const of = chosen >= 0 && (from === chosen || to === chosen);
      const faded = chosen >= 0 && !of;
      const itself = from === to;
      const { x, y } = boxes[from];
      const side = x + this.sizeOf(functions[from]).width / 2;
      const d = itself ? `M${side},${y - 7}c20,-10 20,24 1,14` : curve(routes[i]);
      const group = svg("g", { class: "call", opacity: faded ? 0.2 : 1 });
      const path = svg("path", {
        ...{ d, fill: "none", stroke: of ? accent : line, "marker-end": of ? "url(#calls-arrow-chosen)" : "url(#calls-arrow)" },
        "stroke-width": 0.8 + 5 * (Math.max(call.value, 0) / heaviest),
        ...(direct ? {} : { "stroke-dasharray": "5 4" }),
      });
      group.append(
        svg("title", {}, this.callText(call)),
        svg("path", { d, fill: "none", stroke: "transparent", "stroke-width": 12 }),
        path,
      );
      group.addEventListener("mouseenter", () => this.events.onSelect(this.callText(call)));
      group.addEventListener("mouseleave", () => this.events.onSelect(""));
      made.push(group);
      if (itself || faded) return;
      const label = value(call.value, this.shown!.tree.unit);
      const end = routes[i][1];
      const at = { x: (routes[i][0].x + end.x) / 2, y: (routes[i][0].y + end.y) / 2, width: this.widthOf(label, 11) };
      if (taken.some((other) => Math.abs(other.y - at.y) < 14 && Math.abs(other.x - at.x) < (other.width + at.width) / 2 + 4)) return;
      taken.push(at);
      labels.push(
        svg(
          "text",
          {
            x: at.x,
            y: at.y + 4,
            "font-size": 11,
            fill: text,
            stroke: panel,
            "stroke-width": 4,
            "paint-order": "stroke",
            "text-anchor": "middle",
          },
          label,
        ),
      );
    });
    made.push(...labels);
    this.boxes.length = 0;
    functions.forEach((one, at) => {
      const size = this.scaleOf(one);
      const { width: wide, height: high } = this.sizeOf(one);
      const { x, y } = boxes[at];
      const dimmed = (matches && !matches[one.fn]) || !near(at);
      const back = dimmed ? mix(panel, fill(one), 0.3) : matches ? colour("--flame-match") : fill(one);
      const ink = readableOn(back);
      const [name, amount] = this.lines(one);
      const line = (content: string, dy: number, weight: number): SVGElement =>
        svg(
          "text",
          { x, y: y + dy * size, "font-size": font_px * size, "font-weight": weight, fill: ink, "text-anchor": "middle" },
          this.fitText(content, font_px * size, wide - 12),
        );
      const box = svg(
        "g",
        { class: "call-box", role: "button", tabindex: -1, "aria-pressed": String(at === chosen) },
        svg("title", {}, this.functionText(at)),
        svg("rect", {
          ...{ x: x - wide / 2, y: y - high / 2, width: wide, height: high, rx: 5, fill: back },
          ...{ stroke: at === chosen ? accent : mix(panel, text, dimmed ? 0.15 : 0.4), "stroke-width": at === chosen ? 3 : 1 },
        }),
        line(name, -4, 600),
        line(amount, 12, 400),
      );
      box.addEventListener("mouseenter", () => this.events.onSelect(this.functionText(at)));
      box.addEventListener("mouseleave", () => this.events.onSelect(""));
      box.addEventListener("focus", () => this.focused(at));
      box.addEventListener("blur", () => this.events.onSelect(""));
      box.addEventListener("click", () => this.choose(at));
      box.addEventListener("contextmenu", (event) => {
        event.preventDefault();
        this.events.onMenu(one, (event as MouseEvent).clientX, (event as MouseEvent).clientY);
      });
      this.boxes.push(box);
      made.push(box);
    });
    this.picture = svg(
      "svg",
      {
        viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
        role: "group",
        class: "calls-picture",
        "font-family": getComputedStyle(document.body).fontFamily,
      },
      ...made,
    );
    this.picture.setAttribute(
      "aria-label",
      "Functions: arrow keys move to callers, callees and neighbours, Enter chooses, Escape ends that, M opens a menu",
    );
    const { scrollLeft, scrollTop } = this.place;
    this.place.replaceChildren(this.picture);
    this.cursor(this.at >= 0 ? this.at : Math.max(chosen, 0));
    this.showHead();
    this.fit();
    this.place.scrollTo(scrollLeft, scrollTop);
    if (focused) (this.boxes[this.at] as HTMLElement | SVGElement | undefined)?.focus({ preventScroll: true });
  }

  private showHead(): void {
    const choices = amounts.map((one) => [one, `At most ${one}`] as const);
    refill(
      this.head,
      select("Functions at most", choices, this.key, (amount) => change({ calls: amount === usualAmount ? null : amount })),
      make(
        "div",
        { class: "toolbar-group" },
        button("−", () => this.zoom(-1), { id: "calls-smaller", "aria-label": "Smaller" }),
        button("+", () => this.zoom(1), { id: "calls-larger", "aria-label": "Larger" }),
        button("Whole", () => change({ scale: this.now.get("scale") === "all" ? null : "all" }), {
          id: "calls-whole",
          "aria-pressed": String(this.now.get("scale") === "all"),
          title: "All of the graph in the window",
        }),
      ),
      make("span", { id: "calls-note", class: "soft" }, this.noteText()),
    );
  }

  // ---- Size ----

  private get scale(): number {
    const { width, height } = this.layout;
    const wanted = this.now.get("scale");
    const wide = this.place.clientWidth / width;
    if (wanted === "all") return Math.min(wide, this.place.clientHeight / height, 1);
    const percent = Number(wanted);
    return percent >= 5 && percent <= 400 ? percent / 100 : Math.min(Math.max(wide, leastScale), 1);
  }

  private fit(): void {
    if (!(this.place.clientWidth > 0)) return;
    const { scale } = this;
    this.picture!.setAttribute("width", String(Math.floor(this.layout.width * scale)));
    this.picture!.setAttribute("height", String(Math.floor(this.layout.height * scale)));
  }

  private zoom(step: number): void {
    const { scale } = this;
    const next = step > 0 ? scales.find((one) => one > scale * 1.01) : scales.filter((one) => one < scale * 0.99).at(-1);
    if (!next) return;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.place;
    const middle = [(scrollLeft + clientWidth / 2) / scale, (scrollTop + clientHeight / 2) / scale];
    change({ scale: String(Math.round(next * 100)) });
    this.place.scrollTo(middle[0] * next - clientWidth / 2, middle[1] * next - clientHeight / 2);
  }

  private drag(down: PointerEvent): void {
    if (down.button !== 0 || down.pointerType !== "mouse" || (down.target as Element).closest(".call-box")) return;
    const { place } = this;
    const from = [place.scrollLeft + down.clientX, place.scrollTop + down.clientY];
    const move = (event: PointerEvent): void => place.scrollTo(from[0] - event.clientX, from[1] - event.clientY);
    const ends = new AbortController();
    addEventListener("pointermove", move, { signal: ends.signal });
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => ends.abort(), { signal: ends.signal });
  }

  private keepInSight(at: number, block: "nearest" | "start" = "nearest"): void {
    const box = this.boxes[at];
    if (!box) return;
    const { place, scale } = this;
    const { x, y } = this.layout.boxes[at];
    const margin = 60;
    const along = (from: number, room: number, middle: number): number =>
      block === "start" || middle < from + margin || middle > from + room - margin ? middle - room / 2 : from;
    place.scrollTo(
      along(place.scrollLeft, place.clientWidth, x * scale),
      block === "start" && this.chosen < 0 ? 0 : along(place.scrollTop, place.clientHeight, y * scale),
    );
  }

  // ---- Choosing ----

  private cursor(at: number): void {
    this.boxes.forEach((box, i) => box.setAttribute("tabindex", i === at ? "0" : "-1"));
  }

  private focused(at: number): void {
    this.at = at;
    this.cursor(at);
    this.events.onSelect(this.functionText(at));
  }

  private choose(at: number): void {
    this.at = at;
    change({ fn: at === this.chosen ? null : this.calls.functions[at].name, file: null });
  }

  private neighbour(step: number): number {
    const row = this.layout.rows.find((one) => one.includes(this.at))!;
    return row[row.indexOf(this.at) + step] ?? this.at;
  }

  private joined(end: "from" | "to"): number {
    const other = end === "from" ? "to" : "from";
    return this.calls.calls.find((one) => one[other] === this.at && one[end] !== this.at)?.[end] ?? this.at; // the heaviest
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target as Element).closest(".call-box")) return;
    const moves: Record<string, () => number> = {
      ArrowUp: () => this.joined("from"),
      ArrowDown: () => this.joined("to"),
      ArrowLeft: () => this.neighbour(-1),
      ArrowRight: () => this.neighbour(1),
      Home: () => this.layout.rows[0][0],
    };
    if (event.key in moves) {
      const to = moves[event.key]();
      this.boxes[to].focus({ preventScroll: true });
      this.keepInSight(to);
    } else if (event.key === "Enter" || event.key === " ") {
      this.choose(this.at);
    } else if (event.key === "Escape") {
      change({ fn: null });
    } else if (event.key === "+" || event.key === "-") {
      this.zoom(event.key === "+" ? 1 : -1);
    } else if (event.key === "m" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const { left, bottom } = this.boxes[this.at].getBoundingClientRect();
      this.events.onMenu(this.calls.functions[this.at], left + 8, bottom);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
