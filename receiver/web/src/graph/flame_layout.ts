// flame_layout.ts: where the boxes of a call tree stand, worked out once for a tree, in units of its weight. No drawing, no DOM.
import type { Tree } from "./tree";

export const leastWidth_px = 0.3; // narrower boxes are not drawn by themselves
const leastRun_px = 1; // narrower runs of them are not drawn either
const gap_px = 0.5; // between two that are one run

export interface Box {
  node: number;
  left_px: number;
  width_px: number;
}

export class FlameLayout {
  readonly left: Float64Array; // of each node, 0 is the root's left edge
  readonly depth: number; // rows
  private readonly rowStart: Int32Array;
  private readonly rowNodes: Int32Array; // the nodes of each row from left to right

  constructor(readonly tree: Tree) {
    const { count, parent, weight, depth } = tree;
    this.left = new Float64Array(count);
    const free = new Float64Array(count); // where the next child stands
    let deepest = 0;
    for (let i = 1; i < count; i++) {
      const at = free[parent[i]];
      this.left[i] = at;
      free[i] = at;
      free[parent[i]] = at + weight[i];
      if (depth[i] > deepest) deepest = depth[i];
    }
    this.depth = deepest + 1;
    this.rowStart = new Int32Array(this.depth + 1);
    for (let i = 0; i < count; i++) this.rowStart[depth[i] + 1]++;
    for (let row = 0; row < this.depth; row++) this.rowStart[row + 1] += this.rowStart[row];
    this.rowNodes = new Int32Array(count);
    const filled = this.rowStart.slice(0, this.depth);
    for (let i = 0; i < count; i++) this.rowNodes[filled[depth[i]]++] = i;
  }

  // The place in rowNodes of the first node of a row that ends right of the point.
  private first(row: number, point: number): number {
    let low = this.rowStart[row];
    let high = this.rowStart[row + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      const node = this.rowNodes[middle];
      if (this.left[node] + this.tree.weight[node] > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  // Calls draw for each box of a row that shows when zoomed has the whole width, and run for each run of neighbours that are too narrow to
  // be drawn by themselves, but not together. Ancestors of zoomed are as wide as the window.
  row(
    row: number,
    zoomed: number,
    width_px: number,
    draw: (node: number, left_px: number, width_px: number) => void,
    run: (left_px: number, width_px: number, nodes: readonly number[]) => void = () => {},
  ): void {
    const { tree, left, rowNodes } = this;
    const start = left[zoomed];
    const room = tree.weight[zoomed];
    if (row <= tree.depth[zoomed]) {
      let node = zoomed;
      while (tree.depth[node] > row) node = tree.parent[node];
      draw(node, 0, width_px);
      return;
    }
    if (!(room > 0)) return;
    const scale = width_px / room;
    const end = this.rowStart[row + 1];
    const subtreeEnd = tree.end[zoomed];
    let narrow: number[] = [];
    let from = 0;
    let to = 0;
    const finish = (): void => {
      if (narrow.length > 0 && to - from >= leastRun_px) run(from, to - from, narrow);
      narrow = [];
    };
    for (let at = this.first(row, start); at < end; at++) {
      const node = rowNodes[at];
      if (node >= subtreeEnd) break;
      if (node <= zoomed) continue;
      const wide = tree.weight[node] * scale;
      const place = (left[node] - start) * scale;
      if (wide >= leastWidth_px) {
        finish();
        draw(node, place, wide);
      } else if (wide > 0) {
        if (place - to > gap_px) finish();
        if (narrow.length === 0) from = place;
        to = place + wide;
        narrow.push(node);
      }
    }
    finish();
  }

  // The rows that have something to draw when zoomed: a box, or a run of narrow ones.
  rowsBelow(zoomed: number, width_px: number): number {
    const { tree, left } = this;
    const room = tree.weight[zoomed];
    let deepest = tree.depth[zoomed];
    if (!(room > 0)) return deepest + 1;
    const scale = Math.max(width_px, 1) / room;
    const from = new Float64Array(this.depth); // of the run in each row
    const to = new Float64Array(this.depth).fill(-Infinity);
    for (let i = zoomed + 1; i < tree.end[zoomed]; i++) {
      const row = tree.depth[i];
      const wide = tree.weight[i] * scale;
      if (row <= deepest || wide === 0) continue;
      const place = left[i] * scale;
      if (place - to[row] > gap_px) from[row] = place;
      to[row] = place + wide;
      if (wide >= leastWidth_px || to[row] - from[row] >= leastRun_px) deepest = row;
    }
    return deepest + 1;
  }

  box(node: number, zoomed: number, width_px: number): Box | undefined {
    if (node !== zoomed && node > zoomed && node < this.tree.end[zoomed]) {
      const scale = this.tree.weight[zoomed] > 0 ? width_px / this.tree.weight[zoomed] : 0;
      return { node, left_px: (this.left[node] - this.left[zoomed]) * scale, width_px: this.tree.weight[node] * scale };
    }
    return node === zoomed || (node < zoomed && this.tree.end[node] > zoomed) ? { node, left_px: 0, width_px } : undefined;
  }

  // The node at a point, -1 for none. Boxes too narrow to draw are not found.
  at(row: number, x_px: number, zoomed: number, width_px: number): number {
    if (row < 0 || row >= this.depth || x_px < 0 || x_px >= width_px) return -1;
    let found = -1;
    if (row <= this.tree.depth[zoomed]) {
      this.row(row, zoomed, width_px, (node) => (found = node));
      return found;
    }
    const point = this.left[zoomed] + (x_px / width_px) * this.tree.weight[zoomed];
    const at = this.first(row, point);
    if (at >= this.rowStart[row + 1]) return -1;
    const node = this.rowNodes[at];
    const inside = node > zoomed && node < this.tree.end[zoomed] && this.left[node] <= point;
    return inside && (this.tree.weight[node] / this.tree.weight[zoomed]) * width_px >= leastWidth_px ? node : -1;
  }
}
