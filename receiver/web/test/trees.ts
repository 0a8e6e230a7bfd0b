// trees.ts: small call trees for tests.
import type { DiffTree, Kind, TreeAnswer } from "../src/lib/api";
import { readTree, stackOf, type Tree } from "../src/graph/tree";

export interface Sample {
  stack: string[]; // outermost first; "name" or "name file"
  value: number;
  base?: number;
}

// "=KEY" as the file: the value of a label.
const kindOf = (name: string, file: string): Kind =>
  file.startsWith("=") ? "label" : !file.endsWith(".go") ? "c" : name.startsWith("runtime.") ? "runtime" : "go";

// The receiver's answer for these samples, its nodes by first use.
export function answer(samples: Sample[]): TreeAnswer {
  const compared = samples.some((sample) => sample.base !== undefined);
  const made: TreeAnswer & Partial<DiffTree> = {
    type: "space",
    unit: "bytes",
    gauge: true,
    total: 0,
    self: 0,
    nodes_left_out: 0,
    functions: [],
    nodes: [],
    warnings: [],
  };
  if (compared) made.base_total = made.base_self = 0;
  const functions = new Map<string, number>();
  const places = new Map<string, number>();
  for (const { stack, value, base = 0 } of samples) {
    let at = 0;
    made.total += value;
    if (compared) made.base_total! += base;
    stack.forEach((frame, depth) => {
      const [name, file = "a.c"] = frame.split(" ");
      let fn = functions.get(frame);
      if (fn === undefined) {
        functions.set(frame, (fn = functions.size));
        made.functions.push({
          name,
          file,
          kind: kindOf(name, file),
          library: file.endsWith(".go") ? name.slice(0, Math.max(name.indexOf("."), 0)) : "",
        });
      }
      const key = `${at}/${fn}`;
      let place = places.get(key);
      if (place === undefined) {
        places.set(key, (place = made.nodes.length + 1));
        made.nodes.push([at, fn, 1, 0, 0, 0, 0]);
      }
      const node = made.nodes[place - 1];
      const leaf = depth === stack.length - 1;
      node[4] += value;
      node[6] += base;
      if (leaf) {
        node[3] += value;
        node[5] += base;
      }
      at = place;
    });
    if (stack.length === 0) made.self += value;
  }
  if (!compared) made.nodes = made.nodes.map((node) => node.slice(0, 5));
  return made;
}

export function tree(samples: Sample[]): Tree {
  return readTree(answer(samples));
}

// "a;b;c 5" for each node that has something of its own, in the tree's order.
export function folded(of: Tree): string[] {
  const lines: string[] = [];
  for (let i = 0; i < of.count; i++) {
    if (of.self[i] === 0) continue;
    const names = stackOf(of, i).map((node) => of.functions[of.fn[node]].name);
    lines.push(`${names.join(";")} ${of.self[i]}`);
  }
  return lines;
}

// Any tree: preorder, sums that add up, ends that hold subtrees.
export function faults(of: Tree): string[] {
  const found: string[] = [];
  const sums = new Float64Array(of.count);
  for (let i = of.count - 1; i >= 0; i--) {
    if (i > 0 && of.parent[i] >= i) found.push(`node ${i} comes before its parent`);
    if (i > 0 && of.depth[i] !== of.depth[of.parent[i]] + 1) found.push(`node ${i} has depth ${of.depth[i]}`);
    if (i > 0 && !(of.parent[i] < i && i < of.end[of.parent[i]])) found.push(`node ${i} is not inside its parent's range`);
    sums[i] += of.self[i];
    if (sums[i] !== of.total[i]) found.push(`node ${i} has ${of.total[i]}, its parts ${sums[i]}`);
    if (i > 0) sums[of.parent[i]] += of.total[i];
  }
  return found;
}

// A tree of many nodes from a seed; the same seed gives the same tree.
export function randomSamples(count: number, seed: number, functions = 30, depth = 12): Sample[] {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, () => ({
    stack: Array.from({ length: 1 + random(depth) }, () => {
      const n = random(functions);
      return n % 3 === 0 ? `f${n} f.c` : n % 3 === 1 ? `main.f${n} main.go` : `runtime.f${n} runtime.go`;
    }),
    value: 1 + random(100),
  }));
}
