// minimap.ts: all of a flame graph in a strip beyond its leaves, with a frame around what is in sight, where that is not all of it. A click on it zooms.
//
// It is for the mouse: by the keyboard, the graph itself leads everywhere.
import { make } from "../lib/dom";
import { colour } from "../lib/theme";
import type { FlameGraph, Overview } from "./flame_graph";

const height_px = 44; // as in flame.css
const mostRow_px = 6;

export class Minimap {
  readonly element: HTMLElement;
  private readonly canvas = make("canvas");
  private readonly frame = make("div", { class: "minimap-frame" });
  private asked = 0;
  private drawn: Overview | undefined;

  constructor(
    private readonly graph: FlameGraph,
    private readonly onZoom: (node: number) => void,
  ) {
    this.element = make("div", { id: "minimap", class: "minimap", "aria-hidden": "true", hidden: true }, this.canvas, this.frame);
    this.canvas.addEventListener("click", (event) => this.click(event));
  }

  destroy(): void {
    cancelAnimationFrame(this.asked);
  }

  // The graph was drawn: its picture does not wait for this one.
  update(): void {
    const { partly, upright } = this.graph.overview(this.element.hidden ? 0 : height_px);
    this.element.hidden = !partly;
    this.element.style.order = upright ? "-1" : "";
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    if (this.element.hidden) return;
    const of = this.graph.overview(height_px);
    const { left, right, first, last, rows, upright, width_px } = of;
    const row_px = Math.min(height_px / rows, mostRow_px);
    const edge = (row: number): number => (upright ? height_px - row * row_px : row * row_px);
    const [top, bottom] = [edge(upright ? last : first), edge(upright ? first : last)];
    Object.assign(this.frame.style, {
      left: `${left * width_px}px`,
      width: `${Math.max((right - left) * width_px, 3)}px`,
      top: `${top}px`,
      height: `${Math.max(bottom - top, 3)}px`,
    });
    if (this.drawn?.layout === of.layout && this.drawn.fill === of.fill && this.drawn.width_px === width_px && this.drawn.rows === rows)
      return;
    this.drawn = of;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width_px * ratio);
    this.canvas.height = Math.round(height_px * ratio);
    const context = this.canvas.getContext("2d", { alpha: false })!;
    context.scale(ratio, ratio);
    context.fillStyle = colour("--panel");
    context.fillRect(0, 0, width_px, height_px);
    for (let row = 0; row < rows; row++) {
      const y = Math.min(edge(row), edge(row + 1));
      const box = (node: number, x: number, width: number): void => {
        context.fillStyle = of.fill(node);
        context.fillRect(x, y, width, row_px);
      };
      of.layout.row(row, 0, width_px, box, (x, width, nodes) => box(nodes[0], x, width));
    }
  }

  private click(event: MouseEvent): void {
    const of = this.drawn;
    if (!of) return;
    const { left, top } = this.canvas.getBoundingClientRect();
    const y = event.clientY - top;
    const row_px = Math.min(height_px / of.rows, mostRow_px);
    let row = Math.min(Math.floor((of.upright ? height_px - y : y) / row_px), of.rows - 1);
    let node = -1;
    for (; node < 0 && row >= 0; row--) node = of.layout.at(row, event.clientX - left, 0, of.width_px);
    if (node >= 0) this.onZoom(node);
  }
}
