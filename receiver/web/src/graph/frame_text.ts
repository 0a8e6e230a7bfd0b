// frame_text.ts: what is said of a node in a tooltip, in the line below the graph and on the clipboard.
import { ageText } from "./ages";
import { packageOf } from "./groups";
import { keyName } from "../lib/tags";
import { change, count, share, source, value } from "../lib/format";
import { framesOf, nameOf, stackOf, type Tree } from "./tree";

// The values that the boxes are wide by.
function drawn(tree: Tree): { self: Float64Array; total: Float64Array } {
  return tree.ofBase ? tree.base! : tree;
}

// What a node has; of growth with its sign and error: "+3 MB/min ±31 kB".
export function amountText(tree: Tree, node: number): string {
  const { total } = drawn(tree);
  if (tree.error) return slopeText(total[node], tree.error[node], tree.unit);
  const text = value(total[node], tree.unit);
  return tree.spread?.[node] && !tree.ofBase ? `${text} ±${value(tree.spread[node], tree.unit)}` : text;
}

// "1,000 objects of 40 kB"; "": they are not counted.
export function objectsText(tree: Tree, node: number): string {
  const objects = tree.objects?.[node] ?? 0;
  return objects > 0 ? `${count(objects, "object")} of ${value(tree.total[node] / objects, tree.unit)}` : "";
}

export function slopeText(slope: number, error: number, unit: string): string {
  return `${change(slope, unit)} ±${value(error, unit.replace("/min", ""))}`;
}

// Without the import path.
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/", name.indexOf("[") < 0 ? undefined : name.indexOf("[")) + 1);
}

// "main.serve … sqlite3_step" where a box stands for several frames.
export function boxName(tree: Tree, node: number): string {
  const frames = framesOf(tree, node);
  if (!frames) return nameOf(tree, node);
  return `${shortName(nameOf(tree, node))} … ${shortName(nameOf(frames.tree, frames.nodes.at(-1)!))}`;
}

const longName = 40; // of a name in a sentence

// "83.3 % of all", and of what is looked at where that is not all: "95.0 % of main.serve" below a zoomed box or in callers and callees,
// "95.0 % of what is shown" where stacks were filtered out.
function shares(tree: Tree, node: number, zoomed: number): string[] {
  const { total } = drawn(tree);
  const all = tree.whole ?? total[0];
  const out = [`${share(total[node], all)} of all`];
  const narrower = zoomed > 0 || tree.whole !== undefined;
  if (!narrower || node <= zoomed || node >= tree.end[zoomed]) return out;
  const name = nameOf(tree, zoomed).replace(/^[^[]*\//, "");
  const of = tree.fn[zoomed] < 0 ? "what is shown" : name.length > longName ? `${name.slice(0, longName)}…` : name;
  return [...out, `${share(total[node], total[zoomed])} of ${of}`];
}

// "40 MB, 83.3 % of all, self 1 MB". Of two sides what is drawn comes first: "baseline 15 MB, ... · now 40 MB, change +25 MB (+166.7 %)".
export function valueText(tree: Tree, node: number, zoomed = 0): string {
  const { unit } = tree;
  const { self, total } = drawn(tree);
  const amount = `${tree.ofBase ? "baseline " : ""}${amountText(tree, node)}`;
  const own = self[node] ? [`self ${tree.error ? change(self[node], unit) : value(self[node], unit)}`] : [];
  const root = tree.whole === undefined ? amount : `${amount} of ${value(tree.whole, unit)}, ${share(total[node], tree.whole)}`;
  const text = tree.fn[node] < 0 ? root : [amount, ...shares(tree, node, zoomed), ...own].join(", ");
  return tree.base ? `${text} · ${otherText(tree, node)}` : text;
}

// What the other side has.
function otherText(tree: Tree, node: number): string {
  const base = tree.base!.total[node];
  const now = tree.total[node];
  const percent = base > 0 ? ` (${now >= base ? "+" : "−"}${((100 * Math.abs(now - base)) / base).toFixed(1)} %)` : now > 0 ? " (new)" : "";
  const other = tree.ofBase ? `now ${value(now, tree.unit)}` : `baseline ${value(base, tree.unit)}`;
  return `${other}, change ${change(now - base, tree.unit)}${percent}`;
}

export function placeText(tree: Tree, node: number): string {
  return tree.fn[node] < 0 ? "" : source(keyName(tree.functions[tree.fn[node]].file), tree.line[node]);
}

export function frameText(tree: Tree, node: number, zoomed = 0): string {
  return [
    boxName(tree, node),
    placeText(tree, node),
    valueText(tree, node, zoomed),
    node > 0 && objectsText(tree, node),
    ageText(tree, node),
  ]
    .filter(Boolean)
    .join(" · ");
}

const listedNames = 12; // of a box that stands for more

export function tooltipLines(tree: Tree, node: number, zoomed = 0): string[] {
  const frames = framesOf(tree, node);
  const names = frames ? frames.nodes.map((at) => nameOf(frames.tree, at)) : [nameOf(tree, node)];
  const cut = names.length > listedNames ? names.length - listedNames + 1 : 0;
  const lines = cut > 0 ? [...names.slice(0, listedNames / 2), `… ${cut} more`, ...names.slice(cut + listedNames / 2)] : names;
  const fn = tree.functions[tree.fn[node]];
  const where = [placeText(tree, node), fn && packageOf(fn)].filter(Boolean);
  if (where.length > 0) lines.push(where.join(" · "));
  const parent = tree.parent[node];
  const { self, total } = drawn(tree);
  const [ofAll, ofZoomed] = shares(tree, node, zoomed);
  lines.push(`${tree.ofBase ? "baseline " : ""}${amountText(tree, node)}, ${ofAll}`);
  if (ofZoomed) lines.push(ofZoomed);
  if (node > 0 && parent > 0 && parent !== zoomed)
    lines.push(`${share(total[node], total[parent])} of ${tree.inverted ? "what it calls" : "its caller"}`);
  if (self[node])
    lines.push(
      `self ${tree.error ? change(self[node], tree.unit) : value(self[node], tree.unit)}, ${share(self[node], tree.whole ?? total[0])}`,
    );
  if (tree.base) lines.push(otherText(tree, node));
  return [...lines, objectsText(tree, node), ageText(tree, node)].filter(Boolean);
}

// One line a frame, the outermost first.
export function stackText(tree: Tree, node: number): string {
  const frames = stackOf(tree, node).flatMap((at) => {
    const { tree: of, nodes } = framesOf(tree, at) ?? { tree, nodes: [at] };
    return nodes.map((one) => [nameOf(of, one), placeText(of, one)].filter(Boolean).join("  "));
  });
  return (tree.inverted ? frames.reverse() : frames).join("\n");
}
