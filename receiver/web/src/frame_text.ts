// frame_text.ts: what is said of a node in a tooltip, in the line below the graph and on the clipboard.
import { packageOf } from "./groups";
import { change, share, source, value } from "./format";
import { nameOf, stackOf, type Tree } from "./tree";

// "40 MB, 83.3 % of all, self 1 MB"
export function valueText(tree: Tree, node: number): string {
  const { unit } = tree;
  const self = tree.self[node] ? `, self ${value(tree.self[node], unit)}` : "";
  const text =
    tree.fn[node] < 0
      ? value(tree.total[node], unit)
      : `${value(tree.total[node], unit)}, ${share(tree.total[node], tree.total[0])} of all${self}`;
  return tree.base ? `${text} · ${baseText(tree, node)}` : text;
}

function baseText(tree: Tree, node: number): string {
  const base = tree.base!.total[node];
  const now = tree.total[node];
  const percent = base > 0 ? ` (${now >= base ? "+" : "−"}${((100 * Math.abs(now - base)) / base).toFixed(1)} %)` : now > 0 ? " (new)" : "";
  return `baseline ${value(base, tree.unit)}, change ${change(now - base, tree.unit)}${percent}`;
}

export function placeText(tree: Tree, node: number): string {
  return tree.fn[node] < 0 ? "" : source(tree.functions[tree.fn[node]].file, tree.line[node]);
}

export function frameText(tree: Tree, node: number): string {
  return [nameOf(tree, node), placeText(tree, node), valueText(tree, node)].filter(Boolean).join(" · ");
}

export function tooltipLines(tree: Tree, node: number): string[] {
  const lines = [nameOf(tree, node)];
  const fn = tree.functions[tree.fn[node]];
  const where = [placeText(tree, node), fn && packageOf(fn)].filter(Boolean);
  if (where.length > 0) lines.push(where.join(" · "));
  const parent = tree.parent[node];
  lines.push(`${value(tree.total[node], tree.unit)}, ${share(tree.total[node], tree.total[0])} of all`);
  if (node > 0 && parent > 0) lines.push(`${share(tree.total[node], tree.total[parent])} of its caller`);
  if (tree.self[node]) lines.push(`self ${value(tree.self[node], tree.unit)}, ${share(tree.self[node], tree.total[0])}`);
  if (tree.base) lines.push(baseText(tree, node));
  return lines;
}

// One line a frame, the outermost first.
export function stackText(tree: Tree, node: number): string {
  return stackOf(tree, node)
    .map((at) => [nameOf(tree, at), placeText(tree, at)].filter(Boolean).join("  "))
    .join("\n");
}
