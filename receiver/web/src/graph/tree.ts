// tree.ts: a call tree in typed arrays, depth first, so that a subtree is the range [node, end[node]) and 100,000 nodes cost no objects.
//
// Node 0 is the root and has no function (-1). Children come by weight, heaviest first. The weight is a node's width on the screen: its
// value, or in a difference the larger of the two values, added up from the leaves, so that children never stick out of their parent.
import type { DiffTree, GrowthTree, TreeAnswer, TreeFunction } from "../lib/api";

export interface Base {
  self: Float64Array;
  total: Float64Array;
}

export interface Tree {
  type: string;
  unit: string;
  functions: TreeFunction[];
  count: number;
  parent: Int32Array;
  fn: Int32Array;
  line: Int32Array;
  depth: Int32Array;
  end: Int32Array;
  self: Float64Array;
  total: Float64Array;
  weight: Float64Array;
  base?: Base; // of the same nodes in the baseline
  ages?: Float64Array[]; // of each age, the youngest first (ages.ts): totals of the nodes
  error?: Float64Array; // of growth, whose values are slopes: the distance to the farther end of the interval of 95 % of each total
  objects?: Float64Array; // counts of objects, as the totals
  spread?: Float64Array; // two standard errors of the totals by sampling
  ofBase?: boolean; // drawn is the baseline alone
  chain?: Chain; // boxes stand for several frames
  inverted?: boolean; // a child is a caller (shapes.ts)
  whole?: number; // value of the tree that this one was made of, if it is a part of it
  leftOut: number; // nodes that the receiver did not send
  sums?: number[][]; // of functions, of the whole tree; of growth with their error
}

// Of each node the first and the last frame that its box stands for, nodes of the tree that it was made of (shapes.ts).
export interface Chain {
  tree: Tree;
  first: Int32Array;
  last: Int32Array;
}

// Nodes in any order that has parents before their children; node 0 the root.
export interface RawNodes {
  count: number;
  parent: Int32Array;
  fn: Int32Array;
  line: Int32Array;
  self: Float64Array;
  total: Float64Array;
  baseSelf?: Float64Array;
  baseTotal?: Float64Array;
  ages?: Float64Array[];
  error?: Float64Array;
  objects?: Float64Array;
  spread?: Float64Array;
  chain?: Chain;
}

export type Width = "now" | "base" | "both";

export interface Heading {
  type: string;
  unit: string;
  leftOut: number;
  inverted?: boolean | undefined;
}

// width: what makes the boxes of a difference wide.
export function readTree(answer: TreeAnswer | DiffTree | GrowthTree, width: Width = "both"): Tree {
  const grows = "error" in answer;
  const unit = grows ? `${answer.unit}/min` : answer.unit;
  const functions = answer.functions.map((fn) => (fn.line === undefined ? fn : { ...fn, name: `${fn.name}:${fn.line}` }));
  const { columns } = answer;
  const raw = columns ? { count: columns.parent.length, ...columns } : rawNodes(answer);
  const tree = assemble(raw, functions, { type: answer.type, unit, leftOut: answer.nodes_left_out }, width);
  if (answer.sums) tree.sums = answer.sums;
  return tree;
}

function rawNodes(answer: TreeAnswer | DiffTree | GrowthTree): RawNodes {
  const count = answer.nodes.length + 1;
  const raw: RawNodes = {
    count,
    parent: new Int32Array(count),
    fn: new Int32Array(count),
    line: new Int32Array(count),
    self: new Float64Array(count),
    total: new Float64Array(count),
  };
  const compared = "base_total" in answer;
  if (compared) {
    raw.baseSelf = new Float64Array(count);
    raw.baseTotal = new Float64Array(count);
    raw.baseSelf[0] = answer.base_self;
    raw.baseTotal[0] = answer.base_total;
  }
  const grows = "error" in answer;
  if (grows) {
    raw.error = new Float64Array(count);
    raw.error[0] = answer.error;
  }
  const counted = answer.objects !== undefined;
  if (counted) {
    raw.objects = new Float64Array(count);
    raw.spread = new Float64Array(count);
    raw.objects[0] = answer.objects!;
    raw.spread[0] = answer.spread ?? 0;
  }
  raw.fn[0] = -1;
  raw.self[0] = answer.self;
  raw.total[0] = answer.total;
  for (let i = 1; i < count; i++) {
    const node = answer.nodes[i - 1];
    raw.parent[i] = node[0];
    raw.fn[i] = node[1];
    raw.line[i] = node[2];
    raw.self[i] = node[3];
    raw.total[i] = node[4];
    if (compared) {
      raw.baseSelf![i] = node[5];
      raw.baseTotal![i] = node[6];
    }
    if (grows) raw.error![i] = node[5];
    if (counted) {
      raw.objects![i] = node[5];
      raw.spread![i] = node[6];
    }
  }
  return raw;
}

// What a node has that none of its children has: its self value, and what was left out below it.
export function ownValues(count: number, parent: Int32Array, total: Float64Array): Float64Array {
  const own = total.slice();
  for (let i = 1; i < count; i++) own[parent[i]] -= total[i];
  return own;
}

function weights(raw: RawNodes, width: Width): Float64Array {
  const now = ownValues(raw.count, raw.parent, raw.total);
  const base = raw.baseTotal ? ownValues(raw.count, raw.parent, raw.baseTotal) : undefined;
  const weight = new Float64Array(raw.count);
  for (let i = raw.count - 1; i >= 0; i--) {
    const own = !base || width === "now" ? now[i] : width === "base" ? base[i] : Math.max(now[i], base[i]);
    weight[i] += Math.max(own, 0);
    if (i > 0) weight[raw.parent[i]] += weight[i];
  }
  // Nearly always they are the totals, which then are in memory once.
  return weight.every((one, i) => one === raw.total[i]) ? raw.total : weight;
}

type Compare = (a: number, b: number) => number;

// The nodes in depth-first order.
function order(count: number, parent: Int32Array, compare: Compare): Int32Array {
  const start = new Int32Array(count + 1);
  for (let i = 1; i < count; i++) start[parent[i] + 1]++;
  for (let i = 0; i < count; i++) start[i + 1] += start[i];
  const children = new Int32Array(count);
  const filled = start.slice(0, count);
  for (let i = 1; i < count; i++) children[filled[parent[i]]++] = i;
  for (let i = 0; i < count; i++) {
    if (start[i + 1] - start[i] > 1) children.subarray(start[i], start[i + 1]).sort(compare);
  }
  const ordered = new Int32Array(count);
  const pending = [0];
  for (let used = 0; pending.length > 0; used++) {
    const node = pending.pop()!;
    ordered[used] = node;
    for (let at = start[node + 1] - 1; at >= start[node]; at--) pending.push(children[at]);
  }
  return ordered;
}

// Whether nodes are in that order already, by weight, as the receiver sends them: each is the child of the one before, or of one above that, and
// no heavier than the child before it.
function isOrdered(parent: Int32Array, weight: Float64Array): boolean {
  for (let i = 1; i < parent.length; i++) {
    let before = i - 1;
    let child = 0; // of the parent, below which the one before is
    for (; before !== parent[i]; before = parent[before]) {
      if (before === 0) return false;
      child = before;
    }
    if (child > 0 && weight[child] < weight[i]) return false;
  }
  return true;
}

// The same tree with the children of each node in another order than by weight.
export function inOrder(tree: Tree, compare: Compare): Tree {
  const { base, ofBase, whole, sums } = tree;
  const raw: RawNodes = base ? { ...tree, baseSelf: base.self, baseTotal: base.total } : tree;
  const made = assemble(raw, tree.functions, tree, ofBase ? "base" : "both", compare);
  return Object.assign(made, whole !== undefined && { whole }, sums && { sums });
}

// compare: of siblings; by weight without it.
export function assemble(
  raw: RawNodes,
  functions: TreeFunction[],
  { type, unit, leftOut, inverted }: Heading,
  width: Width = "both",
  compare?: Compare,
): Tree {
  const { count } = raw;
  const weight = weights(raw, width);
  const ordered = !compare && isOrdered(raw.parent, weight) ? null : order(count, raw.parent, compare ?? ((a, b) => weight[b] - weight[a] || a - b)); // prettier-ignore
  const tree: Tree = {
    ...{ type, unit, leftOut, functions, count },
    parent: ordered ? parentsIn(raw.parent, ordered) : raw.parent,
    fn: taken(raw.fn, ordered),
    line: taken(raw.line, ordered),
    depth: new Int32Array(count),
    end: new Int32Array(count),
    self: taken(raw.self, ordered),
    total: taken(raw.total, ordered),
    weight: taken(weight, ordered),
  };
  if (width === "base") tree.ofBase = true;
  if (raw.ages) tree.ages = raw.ages.map((values) => taken(values, ordered));
  for (const name of ["error", "objects", "spread"] as const) {
    const values = raw[name];
    if (values) tree[name] = taken(values, ordered);
  }
  if (inverted) tree.inverted = true;
  if (raw.chain) tree.chain = { tree: raw.chain.tree, first: taken(raw.chain.first, ordered), last: taken(raw.chain.last, ordered) };
  if (raw.baseTotal) tree.base = { self: taken(raw.baseSelf!, ordered), total: taken(raw.baseTotal, ordered) };
  const { parent, depth, end } = tree;
  for (let i = 1; i < count; i++) depth[i] = depth[parent[i]] + 1;
  for (let i = count - 1; i >= 0; i--) {
    end[i] = Math.max(end[i], i + 1);
    if (i > 0) end[parent[i]] = Math.max(end[parent[i]], end[i]);
  }
  return tree;
}

// The values in another order; null: as they are.
function taken<T extends Int32Array | Float64Array>(values: T, ordered: Int32Array | null): T {
  if (!ordered) return values;
  const made = values.slice() as T;
  for (let i = 0; i < ordered.length; i++) made[i] = values[ordered[i]];
  return made;
}

function parentsIn(parent: Int32Array, ordered: Int32Array): Int32Array {
  const place = new Int32Array(ordered.length);
  for (let i = 0; i < ordered.length; i++) place[ordered[i]] = i;
  return Int32Array.from(ordered, (from) => place[parent[from]]);
}

// ---- Nodes ----

export function nameOf(tree: Tree, node: number): string {
  return node === 0 && tree.fn[0] < 0 ? "all" : tree.functions[tree.fn[node]].name;
}

// The frames that a box stands for, the first one first, as nodes of another tree; undefined: the node itself.
export function framesOf({ chain }: Tree, node: number): { tree: Tree; nodes: number[] } | undefined {
  if (!chain || chain.first[node] === chain.last[node]) return undefined;
  const nodes: number[] = [];
  const { tree, first, last } = chain;
  for (let at = last[node]; at >= first[node]; at = tree.parent[at]) nodes.push(at);
  return { tree, nodes: nodes.reverse() };
}

// From the root's child to the node.
export function stackOf(tree: Tree, node: number): number[] {
  const stack: number[] = [];
  for (let at = node; at > 0; at = tree.parent[at]) stack.push(at);
  return stack.reverse();
}

export function childrenOf(tree: Tree, node: number): number[] {
  const children: number[] = [];
  for (let at = node + 1; at < tree.end[node]; at = tree.end[at]) children.push(at);
  return children;
}

// A number for the names on the way to each node, to keep a zoom in the address: it means the same node in a newer profile, too.
const keptHashes = new WeakMap<Tree, Uint32Array>();
export function pathHashes(tree: Tree): Uint32Array {
  const known = keptHashes.get(tree);
  if (known) return known;
  const names = tree.functions.map(({ name }) => {
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return hash >>> 0;
  });
  const hashes = new Uint32Array(tree.count);
  for (let i = 1; i < tree.count; i++)
    hashes[i] = Math.imul(hashes[tree.parent[i]] ^ names[tree.fn[i]], 0x01000193) ^ (hashes[tree.parent[i]] >>> 13);
  keptHashes.set(tree, hashes);
  return hashes;
}

export function findPath(tree: Tree, hash: string): number {
  if (!hash) return 0;
  return Math.max(pathHashes(tree).indexOf(parseInt(hash, 16) >>> 0), 0);
}

export function pathOf(tree: Tree, node: number): string {
  return node === 0 ? "" : pathHashes(tree)[node].toString(16);
}

// ---- Functions ----

export interface FunctionSum {
  fn: number;
  name: string;
  file: string;
  line: number;
  kind: string;
  self: number;
  total: number;
  baseSelf: number;
  baseTotal: number;
  error: number; // of growth
  objects: number;
  spread: number;
}

// As the receiver has added them up; where there is no node of a function, its line is unknown.
function givenSums(tree: Tree, given: readonly number[][]): FunctionSum[] {
  const lines = new Int32Array(tree.functions.length);
  for (let i = tree.count - 1; i > 0; i--) lines[tree.fn[i]] = tree.line[i];
  return tree.functions.map(({ name, file, kind }, fn) => {
    const [self = 0, total = 0, baseSelf = 0, baseTotal = 0] = given[fn] ?? [];
    const of = { fn, name, file, line: lines[fn], kind, self, total, baseSelf: 0, baseTotal: 0, error: 0, objects: 0, spread: 0 };
    if (tree.error) return { ...of, error: baseSelf };
    return tree.objects ? { ...of, objects: baseSelf, spread: baseTotal } : { ...of, baseSelf, baseTotal };
  });
}

// Self and total of each function, of the whole tree or of what is below a node. A function that calls itself counts once in its total, at its
// outermost call.
export function sumFunctions(tree: Tree, below = 0): FunctionSum[] {
  if (tree.sums && below === 0) return givenSums(tree, tree.sums);
  const sums: (FunctionSum | undefined)[] = new Array(tree.functions.length);
  const openUntil = new Int32Array(tree.functions.length); // the end of the outermost open call
  for (let i = below + 1; i < tree.end[below]; i++) {
    const fn = tree.fn[i];
    const { name, file, kind } = tree.functions[fn];
    const sum = (sums[fn] ??= {
      fn,
      name,
      file,
      line: tree.line[i],
      kind,
      self: 0,
      total: 0,
      baseSelf: 0,
      baseTotal: 0,
      error: 0,
      objects: 0,
      spread: 0,
    });
    sum.self += tree.self[i];
    if (tree.base) sum.baseSelf += tree.base.self[i];
    if (i < openUntil[fn]) continue;
    openUntil[fn] = tree.end[i];
    sum.total += tree.total[i];
    if (tree.base) sum.baseTotal += tree.base.total[i];
    if (tree.error) sum.error = Math.hypot(sum.error, tree.error[i]);
    if (tree.objects) sum.objects += tree.objects[i];
    if (tree.spread) sum.spread = Math.hypot(sum.spread, tree.spread[i]);
  }
  return sums.filter((sum) => sum !== undefined);
}
