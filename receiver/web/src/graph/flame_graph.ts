// flame_graph.ts: draws a call tree on a canvas and answers the mouse and the keyboard. The root is at the top (icicle) or, upright, at the
// bottom (flame graph).
//
// The canvas is as large as what is seen of it and stays in place while its box scrolls; a row that is not seen is not drawn. What a
// screen reader needs is told through onSelect, and the function table holds the same values.
import "./flame.css";
import { make } from "../lib/dom";
import { hasKinds, palette, type Colouring, type Palette } from "./flame_colours";
import { FlameLayout } from "./flame_layout";
import { boxName, shortName, tooltipLines } from "./frame_text";
import { colour, onTheme } from "../lib/theme";
import { childrenOf, type Tree } from "./tree";

export const rowHeight_px = 20;
const textPadding_px = 5;
const leastText_px = 26;

export interface FlameEvents {
  onSelect?: (node: number) => void; // under the mouse or the keyboard's cursor; -1: none
  onZoom?: (node: number) => void; // asked for; the owner calls zoom()
  onMenu?: (node: number, x: number, y: number) => void; // client coordinates
  onView?: () => void; // something else is in sight
}

// All of the graph, and what of it is in sight: as shares of its width, and as rows.
export interface Overview {
  layout: FlameLayout;
  fill: (node: number) => string;
  width_px: number;
  rows: number;
  left: number;
  right: number;
  first: number;
  last: number;
  upright: boolean;
  partly: boolean; // not all of it is in sight
}

export interface FlameOptions {
  colouring?: Colouring;
  upright?: boolean;
  zoomed?: number;
  matches?: Uint8Array | null; // by function
}

export class FlameGraph {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  zoomed = 0;
  selected = -1;
  private readonly size = make("div", { class: "flame-size" });
  private readonly tooltip = make("div", { class: "flame-tooltip", hidden: true, "aria-hidden": "true" }); // onSelect tells the same
  private layout: FlameLayout | undefined;
  private palette: Palette | undefined;
  private fill: (node: number) => string = () => ""; // of a box, unless it is above what is zoomed
  private colouring: Colouring = "kind";
  private upright = false;
  private matches: Uint8Array | null = null;
  private width_px = 0;
  private height_px = 0;
  private rows = 1;
  private allRows = 0; // without a zoom; 0: not known yet
  private fonts = "";
  private readonly names = new Map<string, number>(); // widths of names
  private asked = 0;
  private readonly endTheme: () => void;
  private readonly watcher: ResizeObserver;

  constructor(
    label: string,
    private readonly events: FlameEvents = {},
  ) {
    this.canvas = make("canvas", {
      tabIndex: 0,
      role: "application",
      "aria-label": `${label}: arrow keys move, Enter zooms, Escape resets, M opens a menu`,
      class: "flame-canvas",
    });
    this.size.append(this.canvas);
    this.element = make("div", { class: "flame" }, this.size);
    const { canvas } = this;
    canvas.addEventListener("mousemove", (event) => this.hover(event));
    canvas.addEventListener("mouseleave", () => this.leave());
    canvas.addEventListener("click", (event) => this.click(event));
    canvas.addEventListener("contextmenu", (event) => this.menu(event));
    canvas.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("scroll", () => this.later());
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.element);
    this.endTheme = onTheme(() => this.tree && this.recolour());
    document.body.append(this.tooltip);
  }

  get tree(): Tree | undefined {
    return this.layout?.tree;
  }

  destroy(): void {
    this.watcher.disconnect();
    this.endTheme();
    cancelAnimationFrame(this.asked);
    this.tooltip.remove();
  }

  // Draws at once, so that the time it takes can be measured.
  show(tree: Tree, options: FlameOptions = {}): void {
    if (tree !== this.tree) {
      this.layout = new FlameLayout(tree);
      this.selected = -1;
      this.hideTooltip();
    }
    this.colouring = options.colouring ?? (tree.base ? "difference" : hasKinds(tree) ? "kind" : "package");
    this.upright = options.upright ?? false;
    this.matches = options.matches ?? null;
    this.zoomed = options.zoomed ?? 0;
    this.recoloured(tree);
    this.resize(true);
  }

  select(node: number, tell = true): void {
    if (node === this.selected) return;
    this.selected = node;
    this.later();
    if (tell) this.events.onSelect?.(node);
  }

  // Of a graph that could be higher by so much.
  overview(beside_px: number): Overview {
    const { layout, zoomed, element, upright, width_px } = this;
    const { left, tree } = layout!;
    this.allRows ||= layout!.rowsBelow(0, width_px);
    const rows = Math.max(this.allRows, this.rows);
    const all = tree.weight[0] || 1;
    const from = upright ? element.scrollHeight - element.clientHeight - element.scrollTop : element.scrollTop;
    return {
      ...{ layout: layout!, fill: this.fill, width_px, rows, upright },
      left: left[zoomed] / all,
      right: (left[zoomed] + tree.weight[zoomed]) / all,
      first: from / rowHeight_px,
      last: Math.min((from + element.clientHeight) / rowHeight_px, rows),
      partly: width_px > 0 && (zoomed > 0 || rows * rowHeight_px > element.clientHeight + beside_px),
    };
  }

  private recolour(): void {
    this.recoloured(this.tree!);
    this.draw();
  }

  private recoloured(tree: Tree): void {
    const colours = (this.palette = palette(tree, this.colouring));
    this.fill = (node) => {
      const hit = this.found(node);
      return hit === undefined ? colours.of(node) : hit ? colours.match : colours.dim;
    };
  }

  // ---- Size and scrolling ----

  private resize(jump = false): void {
    const { layout, element, canvas } = this;
    if (!layout) return;
    const { height_px: before } = this;
    this.width_px = element.clientWidth;
    this.height_px = Math.max(element.clientHeight, rowHeight_px);
    if (this.width_px <= 0) return;
    this.rows = layout.rowsBelow(this.zoomed, this.width_px);
    this.allRows = this.zoomed === 0 ? this.rows : 0;
    this.size.style.height = `${Math.max(this.rows * rowHeight_px, this.upright ? this.height_px : 0)}px`;
    const shown_px = this.upright ? this.height_px : Math.min(this.height_px, this.rows * rowHeight_px);
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(this.width_px * ratio);
    canvas.height = Math.round(shown_px * ratio);
    canvas.style.width = `${this.width_px}px`;
    canvas.style.height = `${shown_px}px`;
    if (jump) this.scrollTo(this.zoomed);
    else if (this.upright) element.scrollTop += before - this.height_px; // what is at the bottom stays
    this.draw();
  }

  private rowTop(row: number): number {
    return this.upright ? this.size.offsetHeight - (row + 1) * rowHeight_px : row * rowHeight_px;
  }

  private scrollTo(node: number): void {
    const { element, tree } = this;
    if (element.scrollHeight <= element.clientHeight) return;
    const above = 3 * rowHeight_px; // some callers stay in sight
    const top = this.rowTop(tree!.depth[node]);
    if (this.upright) element.scrollTop = Math.max(top + above + rowHeight_px - element.clientHeight, 0);
    else if (top < element.scrollTop || top > element.scrollTop + element.clientHeight / 2 || node === this.zoomed)
      element.scrollTop = Math.max(top - above, 0);
  }

  private keepInSight(node: number): void {
    const { element } = this;
    const top = this.rowTop(this.tree!.depth[node]);
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight_px > element.scrollTop + element.clientHeight) element.scrollTop = top + rowHeight_px - element.clientHeight;
  }

  // ---- Drawing ----

  private later(): void {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => this.draw());
  }

  draw(): void {
    const { layout, palette: colours, canvas } = this;
    if (!layout || !colours || this.width_px <= 0) return;
    const context = canvas.getContext("2d", { alpha: false })!;
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colour("--panel");
    context.fillRect(0, 0, this.width_px, canvas.height / ratio);
    this.setFont(context);
    const scroll = this.element.scrollTop;
    const shown_px = canvas.height / ratio;
    for (let row = 0; row < this.rows; row++) {
      const top = this.rowTop(row) - scroll;
      if (top <= -rowHeight_px || top >= shown_px) continue;
      this.drawRow(context, layout, colours, row, top);
    }
    this.drawCursor(context, layout, colours, scroll);
    this.events.onView?.();
  }

  private setFont(context: CanvasRenderingContext2D): void {
    this.fonts ||= `12px ${getComputedStyle(this.canvas).fontFamily}`;
    context.font = this.fonts;
    context.textBaseline = "middle";
  }

  private drawRow(context: CanvasRenderingContext2D, layout: FlameLayout, colours: Palette, row: number, top: number): void {
    const { tree } = layout;
    const { matches, zoomed, fill: filled } = this;
    const labels: number[] = []; // node, left, width: text is drawn after the boxes of a row, so that colours change seldom
    const found = (node: number) => this.found(node);
    const fillOf = (node: number): string => {
      const own = filled(node);
      return row < tree.depth[zoomed] ? colours.faded(own) : own;
    };
    // Narrow neighbours of one colour are drawn as one box: a wide tree has thousands of them in a row.
    let fill = "";
    let from = 0;
    let to = -1;
    const draw = (): void => {
      if (to < 0) return;
      context.fillStyle = fill;
      context.fillRect(from, top, to - from, rowHeight_px - 1);
    };
    const runs: number[] = []; // left, width, whether one of it matches
    const box = (node: number, left: number, width: number): void => {
      const own = fillOf(node);
      const right = left + (width > 3 ? width - 1 : Math.max(width, 0.5)); // a gap tells neighbours apart
      if (own === fill && left - to < 0.5 && width < 3) {
        to = right;
        return;
      }
      draw();
      fill = own;
      from = left;
      to = right;
      if (width >= leastText_px) labels.push(node, left, width);
    };
    layout.row(row, zoomed, this.width_px, box, (left, width, nodes) =>
      runs.push(left, width, matches && nodes.some((node) => matches[tree.fn[node]]) ? 1 : 0),
    );
    draw();
    for (let i = 0; i < runs.length; i += 3) {
      context.fillStyle = runs[i + 2] ? colours.match : colours.dim;
      context.fillRect(runs[i], top, runs[i + 1], rowHeight_px - 1);
    }
    for (let i = 0; i < labels.length; i += 3) {
      const node = labels[i];
      const text = this.fit(context, boxName(tree, node), labels[i + 2] - 2 * textPadding_px);
      if (!text) continue;
      context.fillStyle = colours.textOn(fillOf(node), found(node) === false);
      context.fillText(text, labels[i + 1] + textPadding_px, top + rowHeight_px / 2);
    }
  }

  // Whether the search finds it; undefined without a search.
  private found(node: number): boolean | undefined {
    const { matches, tree } = this;
    return matches && node > 0 && tree!.fn[node] >= 0 ? matches[tree!.fn[node]] === 1 : undefined;
  }

  private drawCursor(context: CanvasRenderingContext2D, layout: FlameLayout, colours: Palette, scroll: number): void {
    const box = this.selected >= 0 ? layout.box(this.selected, this.zoomed, this.width_px) : undefined;
    if (!box) return;
    context.strokeStyle = colours.cursor;
    context.lineWidth = 1.5;
    context.strokeRect(
      box.left_px + 0.75,
      this.rowTop(layout.tree.depth[this.selected]) - scroll + 0.75,
      Math.max(box.width_px - 2.5, 1),
      rowHeight_px - 2.5,
    );
  }

  private measure(context: CanvasRenderingContext2D, text: string): number {
    let width = this.names.get(text);
    if (width === undefined) {
      if (this.names.size > 50000) this.names.clear();
      this.names.set(text, (width = context.measureText(text).width));
    }
    return width;
  }

  // As much of the name as has room; an import path is the first to go.
  private fit(context: CanvasRenderingContext2D, name: string, room: number): string {
    if (this.measure(context, name) <= room) return name;
    const short = shortName(name);
    const width = this.measure(context, short);
    if (width <= room) return short;
    // The share of the letters that has the share of the width, and less if those letters are wide ones.
    let characters = Math.floor((room / width) * short.length) - 1;
    while (characters >= 2 && this.measure(context, `${short.slice(0, characters)}…`) > room) characters--;
    return characters >= 2 ? `${short.slice(0, characters)}…` : "";
  }

  // ---- Mouse ----

  private at(event: MouseEvent): number {
    const area = this.canvas.getBoundingClientRect();
    const y = event.clientY - area.top + this.element.scrollTop;
    const row = this.upright ? Math.floor((this.size.offsetHeight - 1 - y) / rowHeight_px) : Math.floor(y / rowHeight_px);
    return this.layout && row < this.rows ? this.layout.at(row, event.clientX - area.left, this.zoomed, this.width_px) : -1;
  }

  private hover(event: MouseEvent): void {
    const node = this.at(event);
    this.canvas.style.cursor = node >= 0 ? "pointer" : "default";
    this.select(node);
    if (node >= 0) this.showTooltip(node, event);
    else this.hideTooltip();
  }

  private leave(): void {
    this.hideTooltip();
    this.select(-1);
  }

  private click(event: MouseEvent): void {
    const node = this.at(event);
    if (node >= 0) this.events.onZoom?.(node);
  }

  private menu(event: MouseEvent): void {
    const node = this.at(event);
    if (node < 0 || !this.events.onMenu) return;
    event.preventDefault();
    this.hideTooltip();
    this.events.onMenu(node, event.clientX, event.clientY);
  }

  private showTooltip(node: number, event: MouseEvent): void {
    const { tooltip } = this;
    tooltip.replaceChildren(...tooltipLines(this.tree!, node, this.zoomed).map((line) => make("div", {}, line)));
    tooltip.hidden = false;
    const left = event.clientX + 14;
    const top = event.clientY + 18;
    tooltip.style.left = `${Math.max(Math.min(left, innerWidth - tooltip.offsetWidth - 8), 4)}px`;
    tooltip.style.top = `${top + tooltip.offsetHeight > innerHeight - 4 ? Math.max(event.clientY - tooltip.offsetHeight - 10, 4) : top}px`;
  }

  private hideTooltip(): void {
    this.tooltip.hidden = true;
  }

  // ---- Keyboard ----

  private sibling(node: number, step: number): number {
    const { tree } = this;
    if (node === this.zoomed || node === 0) return node;
    const siblings = childrenOf(tree!, tree!.parent[node]);
    return siblings[siblings.indexOf(node) + step] ?? node;
  }

  private key(event: KeyboardEvent): void {
    const { tree, zoomed } = this;
    if (!tree || event.ctrlKey || event.metaKey || event.altKey) return;
    const from = this.selected >= 0 ? this.selected : zoomed;
    const outwards = from === 0 ? 0 : tree.parent[from];
    const inwards = from + 1 < tree.end[from] ? from + 1 : from; // the heaviest child comes first
    const moves: Record<string, () => number> = {
      ArrowUp: () => (this.upright ? inwards : outwards),
      ArrowDown: () => (this.upright ? outwards : inwards),
      ArrowLeft: () => this.sibling(from, -1),
      ArrowRight: () => this.sibling(from, 1),
      Home: () => zoomed,
    };
    if (event.key in moves) {
      const to = moves[event.key]();
      if (this.layout!.box(to, zoomed, this.width_px)) {
        this.select(to);
        this.keepInSight(to);
      }
    } else if (event.key === "Enter") {
      this.events.onZoom?.(from);
    } else if (event.key === "Escape") {
      this.events.onZoom?.(0);
    } else if ((event.key === "m" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) && this.events.onMenu) {
      const area = this.canvas.getBoundingClientRect();
      const box = this.layout!.box(from, zoomed, this.width_px);
      this.events.onMenu(
        from,
        area.left + (box?.left_px ?? 0) + 8,
        area.top + this.rowTop(tree.depth[from]) - this.element.scrollTop + rowHeight_px,
      );
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
