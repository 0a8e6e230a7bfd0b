// sandwich.ts: one function between all that calls it (above, the callers at the outside) and all that it calls (below).
import { make } from "../lib/dom";
import { share, value } from "../lib/format";
import { FlameGraph, rowHeight_px, type FlameOptions } from "./flame_graph";
import { callees, callers, sumMatches } from "./filter";
import { flags } from "./pattern";
import { findPath, pathOf, type Tree } from "./tree";

export type SandwichSide = "callers" | "callees";

export class Sandwich {
  readonly element: HTMLElement;
  private readonly title = make("h2", { id: "sandwich-title" });
  private readonly callers: FlameGraph;
  private readonly callees: FlameGraph;
  private made: { of: Tree; name: string; above: Tree; below: Tree } | undefined;

  // onSelect and onMenu tell of a node of the tree that they give, onZoom of the path of a node; the owner calls show() with it.
  constructor(
    private readonly onSelect: (tree: Tree, node: number, zoomed: number) => void,
    private readonly onMenu: (tree: Tree, node: number, x: number, y: number) => void,
    private readonly onZoom: (side: SandwichSide, path: string) => void,
  ) {
    this.callers = this.graph("Callers", "callers");
    this.callees = this.graph("Callees", "callees");
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

  private graph(label: string, side: SandwichSide): FlameGraph {
    const graph: FlameGraph = new FlameGraph(label, {
      onSelect: (node) => this.onSelect(graph.tree!, node, graph.zoomed),
      onZoom: (node) => this.onZoom(side, pathOf(graph.tree!, node)),
      onMenu: (node, x, y) => this.onMenu(graph.tree!, node, x, y),
    });
    return graph;
  }

  destroy(): void {
    this.callers.destroy();
    this.callees.destroy();
  }

  show(tree: Tree, name: string, zoomed: Record<SandwichSide, string>, options: FlameOptions): void {
    if (this.made?.of !== tree || this.made.name !== name) {
      const wanted = flags(tree.functions, `=${name}`);
      const none = new Uint8Array(tree.functions.length);
      this.made = { of: tree, name, above: callers(tree, wanted ?? none), below: callees(tree, wanted ?? none) };
      const { total } = sumMatches(tree, wanted ?? none);
      this.title.replaceChildren(
        make("b", {}, name),
        make("span", { class: "soft" }, ` ${value(total, tree.unit)} · ${share(total, tree.whole ?? tree.total[0])} of all`),
      );
    }
    const { above, below } = this.made;
    // The callers take the room that they need, the callees what is left.
    let depth = 0;
    for (let i = 0; i < above.count; i++) depth = Math.max(depth, above.depth[i]);
    this.callers.element.style.flex = `0 1 ${(depth + 1) * rowHeight_px}px`;
    this.callers.show(above, { ...options, upright: true, zoomed: findPath(above, zoomed.callers), matches: null });
    this.callees.show(below, { ...options, upright: false, zoomed: findPath(below, zoomed.callees), matches: null });
  }
}
