// filter.ts: makes trees of trees: stacks kept or dropped, frames hidden or grouped, callers and callees of a function.
//
// All work on what each node has of its own, and add it up again at the place where it belongs in the new tree, so the sums stay those of
// the samples.
import type { Kind, TreeFunction } from "../lib/api";
import { groupFunction, groupOf, type Grouping } from "./groups";
import { anyFlags } from "./pattern";
import { assemble, ownValues, type RawNodes, type Tree } from "./tree";

export interface Filters {
  focus?: readonly string[]; // only stacks that have a frame of each of these
  ignore?: readonly string[]; // no stacks that have a frame of any of these
  hide?: readonly string[]; // frames that are left out; what they have goes to their callers
  without?: readonly Kind[]; // as hide, of a kind
  group?: Grouping;
}

export function filterTree(tree: Tree, filters: Filters): Tree {
  const { focus = [], ignore = [], hide = [], without = [], group = "function" } = filters;
  const focused = focus.map((text) => anyFlags(tree.functions, [text])).filter((flags) => flags !== null);
  const ignored = anyFlags(tree.functions, ignore);
  const hidden = anyFlags(tree.functions, hide) ?? new Uint8Array(tree.functions.length);
  tree.functions.forEach((fn, i) => {
    if (without.includes(fn.kind)) hidden[i] = 1;
    if (fn.kind === "label") hidden[i] = 0; // else the grouping would be gone
  });
  const hides = hidden.includes(1);
  if (focused.length === 0 && !ignored && !hides && group === "function") return tree;

  const [functions, entry] = grouped(tree.functions, group);
  const map = entry.map((to, fn) => (hidden[fn] ? -1 : to));
  return rebuild(tree, functions, map, focused.length > 0 || ignored ? keptStacks(tree, focused, ignored) : null, group !== "function");
}

// Functions of a group become one; its kind is that of the first.
function grouped(functions: TreeFunction[], group: Grouping): [TreeFunction[], Int32Array] {
  if (group === "function") return [functions, Int32Array.from(functions, (_, i) => i)];
  const entries = new Map<string, number>();
  const made: TreeFunction[] = [];
  const entry = Int32Array.from(functions, (fn) => {
    const key = `${fn.kind}\n${groupOf(fn, group)}`;
    let at = entries.get(key);
    if (at === undefined) {
      entries.set(key, (at = made.length));
      made.push(groupFunction(fn, group));
    }
    return at;
  });
  return [made, entry];
}

// For each node, whether the stack that ends there stays.
function keptStacks(tree: Tree, focused: Uint8Array[], ignored: Uint8Array | null): Uint8Array {
  const all = (1 << focused.length) - 1; // more than 30 patterns make no sense, and the first 30 still hold
  const seen = new Int32Array(tree.count);
  const kept = new Uint8Array(tree.count);
  kept[0] = all === 0 ? 1 : 0;
  for (let i = 1; i < tree.count; i++) {
    const fn = tree.fn[i];
    let bits = seen[tree.parent[i]];
    for (let k = 0; k < focused.length && k < 30; k++) if (focused[k][fn]) bits |= 1 << k;
    if (bits < 0 || ignored?.[fn]) bits = -1 << 31; // dropped, and so is all below
    seen[i] = bits;
    kept[i] = bits >= 0 && bits === all ? 1 : 0;
  }
  return kept;
}

// ---- Building ----

class Builder {
  readonly parent: number[] = [0];
  readonly fn: number[] = [-1];
  readonly line: number[] = [0];
  readonly self: number[] = [0];
  readonly own: number[] = [0];
  readonly baseSelf: number[] = [0];
  readonly baseOwn: number[] = [0];
  readonly variance: number[] = [0]; // of growth
  private readonly places = new Map<number, number>();

  constructor(private readonly functionCount: number) {}

  child(parent: number, fn: number, line: number): number {
    const key = parent * this.functionCount + fn;
    let at = this.places.get(key);
    if (at === undefined) {
      at = this.parent.length;
      this.places.set(key, at);
      this.parent.push(parent);
      this.fn.push(fn);
      this.line.push(line);
      this.self.push(0);
      this.own.push(0);
      this.baseSelf.push(0);
      this.baseOwn.push(0);
      this.variance.push(0);
    }
    return at;
  }

  finish(functions: TreeFunction[], of: Tree): Tree {
    const count = this.parent.length;
    const parent = Int32Array.from(this.parent);
    const addUp = (own: number[]): Float64Array => {
      const total = Float64Array.from(own);
      for (let i = count - 1; i > 0; i--) total[parent[i]] += total[i];
      return total;
    };
    const raw: RawNodes = {
      count,
      parent,
      fn: Int32Array.from(this.fn),
      line: Int32Array.from(this.line),
      self: Float64Array.from(this.self),
      total: addUp(this.own),
    };
    if (of.base) {
      raw.baseSelf = Float64Array.from(this.baseSelf);
      raw.baseTotal = addUp(this.baseOwn);
    }
    if (of.error) raw.error = addUp(this.variance).map(Math.sqrt);
    const tree = assemble(raw, functions, { type: of.type, unit: of.unit, leftOut: of.leftOut });
    const whole = of.whole ?? of.total[0];
    if (Math.abs(tree.total[0] - whole) > 1e-9 * Math.abs(whole)) tree.whole = whole; // else it is a sum in another order
    return tree;
  }
}

interface Own {
  now: Float64Array;
  base: Float64Array | undefined;
  variance: Float64Array | undefined; // errors of parts that are added up: the squares add up
}

function owns(tree: Tree): Own {
  return {
    now: ownValues(tree.count, tree.parent, tree.total),
    base: tree.base && ownValues(tree.count, tree.parent, tree.base.total),
    variance:
      tree.error &&
      ownValues(
        tree.count,
        tree.parent,
        tree.error.map((error) => error * error),
      ).map((own) => Math.max(own, 0)),
  };
}

// map: the new function of each function, -1 to leave its frames out. kept: as of keptStacks; null keeps all. joined: frames that follow one
// another and are of the same new function become one.
function rebuild(tree: Tree, functions: TreeFunction[], map: Int32Array, kept: Uint8Array | null, joined: boolean): Tree {
  const builder = new Builder(functions.length + 1);
  const own = owns(tree);
  const wanted = new Uint8Array(tree.count); // has something that stays, here or below
  for (let i = tree.count - 1; i >= 0; i--) {
    if (!kept || kept[i]) wanted[i] = 1;
    if (wanted[i] && i > 0) wanted[tree.parent[i]] = 1;
  }
  const place = new Int32Array(tree.count);
  for (let i = 0; i < tree.count; i++) {
    if (!wanted[i]) {
      i = tree.end[i] - 1; // nor is anything below
      continue;
    }
    if (i > 0) {
      const above = place[tree.parent[i]];
      const fn = map[tree.fn[i]];
      place[i] = fn < 0 || (joined && builder.fn[above] === fn) ? above : builder.child(above, fn, joined ? 0 : tree.line[i]);
    }
    if (kept && !kept[i]) continue;
    const at = place[i];
    builder.self[at] += tree.self[i];
    builder.own[at] += own.now[i];
    if (tree.base) {
      builder.baseSelf[at] += tree.base.self[i];
      builder.baseOwn[at] += own.base![i];
    }
    if (own.variance) builder.variance[at] += own.variance[i];
  }
  return builder.finish(functions, tree);
}

// ---- Callers and callees ----

// Runs over the outermost calls of the functions that have a flag.
function outermost(tree: Tree, flags: Uint8Array, found: (node: number) => void): void {
  for (let i = 1; i < tree.count;) {
    if (flags[tree.fn[i]]) {
      found(i);
      i = tree.end[i];
    } else {
      i++;
    }
  }
}

// All that is below the functions: the root stands for them.
export function callees(tree: Tree, flags: Uint8Array): Tree {
  const builder = new Builder(tree.functions.length + 1);
  const own = owns(tree);
  const place = new Int32Array(tree.count);
  outermost(tree, flags, (top) => {
    for (let i = top; i < tree.end[top]; i++) {
      const at = i === top ? 0 : builder.child(place[tree.parent[i]], tree.fn[i], tree.line[i]);
      place[i] = at;
      builder.self[at] += tree.self[i];
      builder.own[at] += own.now[i];
      if (tree.base) {
        builder.baseSelf[at] += tree.base.self[i];
        builder.baseOwn[at] += own.base![i];
      }
      if (own.variance) builder.variance[at] += own.variance[i];
    }
    if (builder.fn[0] < 0) builder.fn[0] = tree.fn[top];
  });
  return builder.finish(tree.functions, tree);
}

// All that is above them, inside out: a child is a caller.
export function callers(tree: Tree, flags: Uint8Array): Tree {
  const builder = new Builder(tree.functions.length + 1);
  outermost(tree, flags, (top) => {
    let at = 0;
    for (let node = tree.parent[top]; node > 0; node = tree.parent[node]) at = builder.child(at, tree.fn[node], tree.line[node]);
    builder.self[at] += tree.total[top];
    builder.own[at] += tree.total[top];
    if (tree.base) {
      builder.baseSelf[at] += tree.base.total[top];
      builder.baseOwn[at] += tree.base.total[top];
    }
    if (tree.error) builder.variance[at] += tree.error[top] ** 2;
    if (builder.fn[0] < 0) builder.fn[0] = tree.fn[top];
  });
  return builder.finish(tree.functions, tree);
}

// ---- Search ----

export interface Found {
  frames: number;
  total: number; // of the outermost ones
  baseTotal: number;
}

export function sumMatches(tree: Tree, flags: Uint8Array): Found {
  const found: Found = { frames: 0, total: 0, baseTotal: 0 };
  let open = 0;
  for (let i = 1; i < tree.count; i++) {
    if (!flags[tree.fn[i]]) continue;
    found.frames++;
    if (i < open) continue;
    open = tree.end[i];
    found.total += tree.total[i];
    if (tree.base) found.baseTotal += tree.base.total[i];
  }
  return found;
}
