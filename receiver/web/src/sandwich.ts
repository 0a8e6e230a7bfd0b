// sandwich.ts: one function between all that calls it (above, the callers at the outside) and all that it calls (below).
import { make } from "./dom";
import { share, value } from "./format";
import { FlameGraph, rowHeight_px, type FlameOptions } from "./flame_graph";
import { callees, callers, sumMatches } from "./filter";
import { flags } from "./pattern";
import type { Tree } from "./tree";

export class Sandwich {
  readonly element: HTMLElement;
  private readonly title = make("h2", { id: "sandwich-title" });
  private readonly callers: FlameGraph;
  private readonly callees: FlameGraph;
  private made: { of: Tree; name: string; above: Tree; below: Tree } | undefined;

  // onSelect and onMenu tell of a node of the tree that they give.
  constructor(onSelect: (tree: Tree, node: number) => void, onMenu: (tree: Tree, node: number, x: number, y: number) => void) {
    this.callers = this.graph("Callers", onSelect, onMenu);
    this.callees = this.graph("Callees", onSelect, onMenu);
    this.element = make(
      "section",
      { class: "sandwich", "aria-label": "Callers and callees" },
      this.title,
      make("h3", {}, "Callers"),
      this.callers.element,
      make("h3", {}, "Callees"),
      this.callees.element,
    );
  }

  private graph(
    label: string,
    onSelect: (tree: Tree, node: number) => void,
    onMenu: (tree: Tree, node: number, x: number, y: number) => void,
  ): FlameGraph {
    const graph: FlameGraph = new FlameGraph(label, {
      onSelect: (node) => onSelect(graph.tree!, node),
      onZoom: (node) => graph.zoom(node),
      onMenu: (node, x, y) => onMenu(graph.tree!, node, x, y),
    });
    return graph;
  }

  destroy(): void {
    this.callers.destroy();
    this.callees.destroy();
  }

  show(tree: Tree, name: string, options: FlameOptions): void {
    if (this.made?.of !== tree || this.made.name !== name) {
      const wanted = flags(tree.functions, `=${name}`);
      const none = new Uint8Array(tree.functions.length);
      this.made = { of: tree, name, above: callers(tree, wanted ?? none), below: callees(tree, wanted ?? none) };
      const { total } = sumMatches(tree, wanted ?? none);
      this.title.replaceChildren(
        make("b", {}, name),
        make("span", { class: "soft" }, ` ${value(total, tree.unit)} · ${share(total, tree.total[0])} of all`),
      );
    }
    const { above, below } = this.made;
    // The callers take the room that they need, the callees what is left.
    let depth = 0;
    for (let i = 0; i < above.count; i++) depth = Math.max(depth, above.depth[i]);
    this.callers.element.style.flex = `0 1 ${(depth + 1) * rowHeight_px}px`;
    this.callers.show(above, { ...options, upright: true, zoomed: 0, matches: null });
    this.callees.show(below, { ...options, upright: false, zoomed: 0, matches: null });
  }
}
