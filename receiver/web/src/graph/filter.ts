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
  start?: readonly string[]; // stacks begin at their first frame of any of these; no others
  group?: Grouping;
}

export function filterTree(tree: Tree, filters: Filters): Tree {
  const { focus = [], ignore = [], hide = [], without = [], start = [], group = "function" } = filters;
  const first = anyFlags(tree.functions, start);
  const focused = [first, ...focus.map((text) => anyFlags(tree.functions, [text]))].filter((flags) => flags !== null);
  const ignored = anyFlags(tree.functions, ignore);
  const hidden = anyFlags(tree.functions, hide) ?? new Uint8Array(tree.functions.length);
  tree.functions.forEach((fn, i) => {
    if (without.includes(fn.kind)) hidden[i] = 1;
    if (fn.kind === "label") hidden[i] = 0; // else the grouping would be gone
  });
  const hides = hidden.includes(1);
  const plain = group === "function" || group === "line"; // the receiver tells lines
  if (focused.length === 0 && !ignored && !hides && plain) return tree;

  const [functions, entry] = grouped(tree.functions, group);
  const map = entry.map((to, fn) => (hidden[fn] ? -1 : to));
  const kept = focused.length > 0 || ignored ? keptStacks(tree, focused, ignored) : null;
  return rebuild(tree, functions, map, { kept, first, joined: !plain });
}

// Functions of a group become one; its kind is that of the first.
function grouped(functions: TreeFunction[], group: Grouping): [TreeFunction[], Int32Array] {
  if (group === "function" || group === "line") return [functions, Int32Array.from(functions, (_, i) => i)];
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

// What is added up at the places of a new tree: of each node of a tree that it is made of, by name.
export interface Columns {
  self: Float64Array;
  own: Float64Array;
  baseSelf?: Float64Array;
  baseOwn?: Float64Array;
  objects?: Float64Array;
  error?: Float64Array; // squares, which add up where errors do not
  spread?: Float64Array; // the same
}

const errors = ["error", "spread"] as const;
const squares = (values: Float64Array): Float64Array => values.map((value) => value * value);

// What each node has of its own.
export function owns(tree: Tree): Columns {
  const own = (total: Float64Array): Float64Array => ownValues(tree.count, tree.parent, total);
  const columns: Columns = { self: tree.self, own: own(tree.total) };
  if (tree.base) Object.assign(columns, { baseSelf: tree.base.self, baseOwn: own(tree.base.total) });
  if (tree.objects) columns.objects = own(tree.objects);
  for (const name of errors) if (tree[name]) columns[name] = own(squares(tree[name])).map((square) => Math.max(square, 0));
  return columns;
}

// The same of all that is below it, too.
function totals(tree: Tree): Columns {
  const columns: Columns = { self: tree.total, own: tree.total };
  if (tree.base) Object.assign(columns, { baseSelf: tree.base.total, baseOwn: tree.base.total });
  if (tree.objects) columns.objects = tree.objects;
  for (const name of errors) if (tree[name]) columns[name] = squares(tree[name]);
  return columns;
}

export class Builder {
  readonly parent: number[] = [0];
  readonly fn: number[] = [-1];
  readonly line: number[] = [0];
  private readonly names: readonly (keyof Columns)[];
  private readonly sums: number[][];
  private readonly places = new Map<number, number>();

  constructor(
    private readonly of: Tree,
    private readonly columns: Columns,
    private readonly functions = of.functions,
  ) {
    this.names = Object.keys(columns) as (keyof Columns)[];
    this.sums = this.names.map(() => [0]);
  }

  child(parent: number, fn: number, line: number): number {
    const key = parent * (this.functions.length + 1) + fn;
    let at = this.places.get(key);
    if (at === undefined) {
      at = this.parent.length;
      this.places.set(key, at);
      this.parent.push(parent);
      this.fn.push(fn);
      this.line.push(line);
      for (const sum of this.sums) sum.push(0);
    }
    return at;
  }

  // What a node has counts at this place; columns: another part of it.
  take(at: number, node: number, columns = this.columns): void {
    this.names.forEach((name, i) => (this.sums[i][at] += columns[name]![node]));
  }

  finish(): Tree {
    const { of } = this;
    const count = this.parent.length;
    const parent = Int32Array.from(this.parent);
    const sum = (name: keyof Columns): Float64Array => Float64Array.from(this.sums[this.names.indexOf(name)]);
    const addUp = (name: keyof Columns): Float64Array => {
      const total = sum(name);
      for (let i = count - 1; i > 0; i--) total[parent[i]] += total[i];
      return total;
    };
    const raw: RawNodes = {
      count,
      parent,
      fn: Int32Array.from(this.fn),
      line: Int32Array.from(this.line),
      self: sum("self"),
      total: addUp("own"),
    };
    if (of.base) {
      raw.baseSelf = sum("baseSelf");
      raw.baseTotal = addUp("baseOwn");
    }
    if (of.objects) raw.objects = addUp("objects");
    for (const name of errors) if (of[name]) raw[name] = addUp(name).map(Math.sqrt);
    const tree = assemble(raw, this.functions, { type: of.type, unit: of.unit, leftOut: of.leftOut });
    const whole = of.whole ?? of.total[0];
    if (Math.abs(tree.total[0] - whole) > 1e-9 * Math.abs(whole)) tree.whole = whole; // else it is a sum in another order
    return tree;
  }
}

interface Choice {
  kept: Uint8Array | null; // as of keptStacks; null keeps all
  first: Uint8Array | null; // functions that stacks begin at; null: as they do
  joined: boolean; // frames that follow one another and are of the same new function become one
}

// map: the new function of each function, -1 to leave its frames out.
function rebuild(tree: Tree, functions: TreeFunction[], map: Int32Array, { kept, first, joined }: Choice): Tree {
  const builder = new Builder(tree, owns(tree), functions);
  const wanted = new Uint8Array(tree.count); // has something that stays, here or below
  for (let i = tree.count - 1; i >= 0; i--) {
    if (!kept || kept[i]) wanted[i] = 1;
    if (wanted[i] && i > 0) wanted[tree.parent[i]] = 1;
  }
  const place = new Int32Array(tree.count);
  const begun = new Uint8Array(tree.count);
  for (let i = 0; i < tree.count; i++) {
    if (!wanted[i]) {
      i = tree.end[i] - 1; // nor is anything below
      continue;
    }
    if (i > 0) {
      const above = place[tree.parent[i]];
      const fn = map[tree.fn[i]];
      begun[i] = begun[tree.parent[i]] || !first || first[tree.fn[i]] ? 1 : 0;
      const out = fn < 0 || (joined && builder.fn[above] === fn) || (!begun[i] && tree.functions[tree.fn[i]].kind !== "label");
      place[i] = out ? above : builder.child(above, fn, joined ? 0 : tree.line[i]);
    }
    if (!kept || kept[i]) builder.take(place[i], i);
  }
  return builder.finish();
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
  const builder = new Builder(tree, owns(tree));
  const place = new Int32Array(tree.count);
  outermost(tree, flags, (top) => {
    for (let i = top; i < tree.end[top]; i++) {
      place[i] = i === top ? 0 : builder.child(place[tree.parent[i]], tree.fn[i], tree.line[i]);
      builder.take(place[i], i);
    }
    if (builder.fn[0] < 0) builder.fn[0] = tree.fn[top];
  });
  return builder.finish();
}

// All that is above them, inside out: a child is a caller.
export function callers(tree: Tree, flags: Uint8Array): Tree {
  const builder = new Builder(tree, totals(tree));
  outermost(tree, flags, (top) => {
    let at = 0;
    for (let node = tree.parent[top]; node > 0; node = tree.parent[node]) at = builder.child(at, tree.fn[node], tree.line[node]);
    builder.take(at, top);
    if (builder.fn[0] < 0) builder.fn[0] = tree.fn[top];
  });
  return builder.finish();
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
