// shapes.ts: other shapes of a call tree for the graph: bottom up, without recursion, without chains of calls, in the order of names.
//
// Tables and sums are always of the tree itself: in these shapes a node is not all calls of a function on one way.
import type { TreeFunction } from "../lib/api";
import { Builder, owns, type Columns } from "./filter";
import { assemble, inOrder, nameOf, type RawNodes, type Tree } from "./tree";

// The parameter of the address that has them, with what is said of each.
export const shapes = [
  ["inverted", "Bottom up", "What allocates first, its callers below it"],
  [
    "folded",
    "Fold recursion",
    "A function that calls itself, also by way of others, is one frame: what its inner calls do is below the outermost",
  ],
  ["chains", "Collapse chains", "Frames that only call one other are one box"],
  ["names", "Sort by name", "Boxes stay where they are when values change, to compare two graphs"],
] as const;
export type Shape = (typeof shapes)[number][0];

export function shapeTree(tree: Tree, wanted: readonly string[]): Tree {
  const has = (shape: Shape): boolean => wanted.includes(shape);
  let made = has("folded") ? foldRecursion(tree) : tree;
  if (has("inverted")) made = invert(made);
  if (has("chains")) made = collapseChains(made);
  return has("names") ? inOrder(made, (a, b) => compareNames(made, a, b)) : made;
}

const compareNames = (tree: Tree, a: number, b: number): number => (nameOf(tree, a) < nameOf(tree, b) ? -1 : 1);

// Stands for innermost frames that the receiver did not send.
const leftOut: TreeFunction = { name: "frames left out", file: "", kind: "label", library: "" };

// A child is a caller; the first level are the innermost frames, which alone have values of their own, and what is known of the callers alone.
export function invert(tree: Tree): Tree {
  const [columns, rest] = tree.leftOut > 0 ? apart(owns(tree)) : [owns(tree), undefined];
  const functions = rest ? [...tree.functions, leftOut] : tree.functions;
  const builder = new Builder(tree, columns, functions);
  for (let i = 0; i < tree.count; i++) {
    for (const of of rest ? [columns, rest] : [columns]) {
      if ((i > 0 || of === rest) && !of.own[i] && !of.self[i] && !of.baseOwn?.[i]) continue;
      let at = of === rest ? builder.child(0, functions.length - 1, 0) : 0;
      for (let node = i; node > 0; node = tree.parent[node]) at = builder.child(at, tree.fn[node], tree.line[node]);
      builder.take(at, i, of);
    }
  }
  const made = { ...builder.finish(), inverted: true };
  const ofItself = (node: number): boolean => made.depth[node] === 1 && made.functions[made.fn[node]] !== leftOut;
  made.self = made.total.map((total, node) => (ofItself(node) ? total : node === 0 ? made.self[0] : 0));
  if (made.base) made.base.self = made.base.total.map((total, node) => (ofItself(node) ? total : 0));
  return made;
}

// Of what nodes have beyond the nodes below them: what is their own, and what was left out below them. Objects go by the share of the value;
// an error is both's, since how it is shared is not known.
function apart(columns: Columns): [Columns, Columns] {
  const { self, own, baseSelf, baseOwn, objects } = columns;
  const less = (all: Float64Array, part: Float64Array): Float64Array =>
    all.map((value, node) => (Math.abs(value - part[node]) > 1e-9 * Math.abs(value) ? value - part[node] : 0));
  const ours: Columns = { ...columns, own: self };
  const rest: Columns = { ...columns, self: new Float64Array(self.length), own: less(own, self) };
  if (baseSelf && baseOwn) {
    ours.baseOwn = baseSelf;
    Object.assign(rest, { baseSelf: new Float64Array(self.length), baseOwn: less(baseOwn, baseSelf) });
  }
  if (objects) {
    ours.objects = objects.map((count, node) => (rest.own[node] === 0 ? count : (count * self[node]) / own[node] || 0));
    rest.objects = objects.map((count, node) => count - ours.objects![node]);
  }
  return [ours, rest];
}

export function foldRecursion(tree: Tree): Tree {
  const builder = new Builder(tree, owns(tree));
  const open = new Int32Array(tree.functions.length); // the end of the outermost open call
  const placeOf = new Int32Array(tree.functions.length);
  const place = new Int32Array(tree.count);
  builder.take(0, 0);
  for (let i = 1; i < tree.count; i++) {
    const fn = tree.fn[i];
    if (i >= open[fn]) {
      open[fn] = tree.end[i];
      placeOf[fn] = builder.child(place[tree.parent[i]], fn, tree.line[i]);
    }
    place[i] = placeOf[fn];
    builder.take(place[i], i);
  }
  return builder.finish();
}

// A frame with nothing of its own that calls one other is one box with it. The box is that of the first, and tree.chain says where it ends.
export function collapseChains(tree: Tree): Tree {
  const keeps: number[] = [0];
  const place = new Int32Array(tree.count);
  const last: number[] = [0];
  for (let i = 1; i < tree.count; i++) {
    const above = tree.parent[i];
    const chained = above > 0 && tree.end[above] === tree.end[i] && i === above + 1 && sameValues(tree, above, i);
    place[i] = chained ? place[above] : keeps.push(i) - 1;
    last[place[i]] = i;
  }
  const pick = (values: Float64Array, from: readonly number[]): Float64Array => Float64Array.from(from, (node) => values[node]);
  const raw: RawNodes = {
    count: keeps.length,
    parent: Int32Array.from(keeps, (node) => place[tree.parent[node]]),
    fn: Int32Array.from(keeps, (node) => tree.fn[node]),
    line: Int32Array.from(keeps, (node) => tree.line[node]),
    self: pick(tree.self, last),
    total: pick(tree.total, keeps),
    chain: { tree, first: Int32Array.from(keeps), last: Int32Array.from(last) },
  };
  if (tree.base) Object.assign(raw, { baseSelf: pick(tree.base.self, last), baseTotal: pick(tree.base.total, keeps) });
  for (const name of ["error", "objects", "spread"] as const) if (tree[name]) raw[name] = pick(tree[name], keeps);
  const made = assemble(raw, tree.functions, tree);
  if (tree.whole !== undefined) made.whole = tree.whole;
  return made;
}

// Whether what calls has nothing that the called has not.
function sameValues({ total, base }: Tree, calls: number, called: number): boolean {
  return same(total[calls], total[called]) && (!base || same(base.total[calls], base.total[called]));
}

// Means that were added up in another order differ in their last digits.
const same = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.abs(a);
