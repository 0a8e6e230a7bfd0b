// ages.ts: how old the memory of each node is. The receiver groups a tree by the label "age" (group_by); here it becomes one tree again, of
// which each node has the sum of each age.
import type { TreeFunction } from "../lib/api";
import { ages } from "../lib/ages";
import { share } from "../lib/format";
import { assemble, nameOf, ownValues, type RawNodes, type Tree } from "./tree";

const kept = new WeakMap<Tree, Tree>();

// The tree without its first level. What of it has no age counts in its totals alone.
export function withAges(grouped: Tree): Tree {
  let made = kept.get(grouped);
  if (!made) kept.set(grouped, (made = fold(grouped)));
  return made;
}

// Numbers for the functions of code; -1 for values of labels.
function codeOf(functions: readonly TreeFunction[]): [TreeFunction[], Int32Array] {
  const code: TreeFunction[] = [];
  const map = Int32Array.from(functions, (fn) => (fn.kind === "label" ? -1 : code.push(fn) - 1));
  return [code, map];
}

function fold(grouped: Tree): Tree {
  const [functions, map] = codeOf(grouped.functions);
  const own = ownValues(grouped.count, grouped.parent, grouped.total);
  const parent: number[] = [0];
  const fn: number[] = [-1];
  const line: number[] = [0];
  const places = new Map<number, number>(); // by parent and function
  const place = new Int32Array(grouped.count);
  const age = new Int32Array(grouped.count).fill(-1);
  for (let node = 1; node < grouped.count; node++) {
    const above = grouped.parent[node];
    if (above === 0) {
      age[node] = ages.findIndex(({ value }) => value === nameOf(grouped, node));
      continue; // the root stands for each age
    }
    age[node] = age[above];
    const key = place[above] * (functions.length + 1) + map[grouped.fn[node]];
    let at = places.get(key);
    if (at === undefined) {
      places.set(key, (at = parent.length));
      parent.push(place[above]);
      fn.push(map[grouped.fn[node]]);
      line.push(grouped.line[node]);
    }
    place[node] = at;
  }
  const count = parent.length;
  const raw: RawNodes = {
    count,
    parent: Int32Array.from(parent),
    fn: Int32Array.from(fn),
    line: Int32Array.from(line),
    self: new Float64Array(count),
    total: new Float64Array(count),
    ages: ages.map(() => new Float64Array(count)),
  };
  for (let node = 0; node < grouped.count; node++) {
    raw.self[place[node]] += grouped.self[node];
    raw.total[place[node]] += own[node];
    if (age[node] >= 0) raw.ages![age[node]][place[node]] += own[node];
  }
  for (const values of [raw.total, ...raw.ages!]) for (let node = count - 1; node > 0; node--) values[parent[node]] += values[node];
  const tree = assemble(raw, functions, { type: grouped.type, unit: grouped.unit, leftOut: grouped.leftOut });
  if (grouped.sums) tree.sums = grouped.sums.filter((_, at) => map[at] >= 0);
  if (grouped.whole !== undefined) tree.whole = grouped.whole;
  return tree;
}

// ---- A node ----

export function hasAges(tree: Tree): boolean {
  return agedOf(tree, 0) > 0;
}

// What of a node has an age.
function agedOf(tree: Tree, node: number): number {
  return (tree.ages ?? []).reduce((sum, values) => sum + values[node], 0);
}

// The class of which the median byte of a node is; -1: nothing of it has an age.
export function medianAge(tree: Tree, node: number): number {
  const half = agedOf(tree, node) / 2;
  if (half <= 0) return -1;
  let sum = 0;
  return tree.ages!.findIndex((values) => (sum += values[node]) >= half);
}

// "older than 1 min 100.0 %, 5 min 40.0 %, 30 min 0.0 %, ..."; "": nothing of it has an age. Where only a part has one, that is said.
export function ageText(tree: Tree, node: number): string {
  const aged = agedOf(tree, node);
  if (aged <= 0) return "";
  let older = aged;
  const shares = ages.slice(1).map(({ over }, at) => {
    older -= tree.ages![at][node];
    return `${over} ${share(Math.max(older, 0), aged)}`;
  });
  const part = aged < tree.total[node] * (1 - 1e-9) ? ` of the ${share(aged, tree.total[node])} whose age is known` : "";
  return `older than ${shares.join(", ")}${part}`;
}
