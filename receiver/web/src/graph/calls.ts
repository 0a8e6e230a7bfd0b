// calls.ts: who calls whom: the functions of a call tree that weigh most, and the calls between them. No drawing, no DOM.
import type { FunctionSum, Tree } from "./tree";

export interface Call {
  from: number; // places in Calls.functions
  to: number;
  value: number; // of the stacks that make the call, each counted once
  direct: boolean; // else functions stand between them that were left out
}

export interface Calls {
  functions: FunctionSum[];
  calls: Call[]; // heaviest first, at most mostCalls while there are no more functions
  functionsLeftOut: number;
  callsLeftOut: number; // between functions that are there
}

export const mostCalls = 400; // more is a tangle, and takes long to lay out
const leastShare = 0.001; // of all: lighter calls are left out, but not the heaviest one to a function

// The functions with the largest totals and those with most of their own by turns, at most so many.
function heaviest(sums: readonly FunctionSum[], most: number): FunctionSum[] {
  const some = sums.filter((one) => one.total !== 0 || one.self !== 0);
  if (some.length <= most) return some;
  const by = (of: "self" | "total"): FunctionSum[] => [...some].sort((a, b) => Math.abs(b[of]) - Math.abs(a[of]));
  const orders = [by("total"), by("self")];
  const chosen = new Set<FunctionSum>();
  for (let turn = 0; chosen.size < most; turn++) {
    const order = orders[turn % 2];
    while (chosen.has(order[0])) order.shift();
    if (order.length > 0) chosen.add(order[0]);
  }
  return [...chosen];
}

// sums: of the tree's functions.
export function callsOf(tree: Tree, sums: readonly FunctionSum[], most: number): Calls {
  const functions = heaviest(sums, most);
  const n = functions.length;
  const place = new Int32Array(tree.functions.length).fill(-1);
  functions.forEach(({ fn }, at) => (place[fn] = at));
  const value = new Float64Array(n * n);
  const direct = new Uint8Array(n * n);
  const there = new Uint8Array(n * n);
  const open = new Int32Array(n * n); // the end of the outermost such call
  const caller = new Int32Array(tree.count); // the innermost node of a chosen function, the node itself included; 0: none
  for (let i = 1; i < tree.count; i++) {
    const to = place[tree.fn[i]];
    const above = caller[tree.parent[i]];
    caller[i] = to >= 0 ? i : above;
    if (to < 0 || above === 0) continue;
    const at = place[tree.fn[above]] * n + to;
    there[at] = 1;
    if (above === tree.parent[i]) direct[at] = 1;
    if (i < open[at]) continue;
    open[at] = tree.end[i];
    value[at] += tree.total[i];
  }
  const all: Call[] = [];
  for (let at = 0; at < n * n; at++)
    if (there[at]) all.push({ from: Math.floor(at / n), to: at % n, value: value[at], direct: direct[at] === 1 });
  all.sort((a, b) => b.value - a.value);
  const least = leastShare * Math.abs(tree.whole ?? tree.total[0]);
  const called = new Set<number>();
  const firsts = new Set(
    all.filter(({ from, to }) => {
      const first = from !== to && !called.has(to);
      if (first) called.add(to);
      return first;
    }),
  );
  let room = mostCalls - firsts.size;
  const calls = all.filter((call) => firsts.has(call) || (Math.abs(call.value) >= least && room-- > 0));
  return { functions, calls, functionsLeftOut: sums.length - n, callsLeftOut: all.length - calls.length };
}
