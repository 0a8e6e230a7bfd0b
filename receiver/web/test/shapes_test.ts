import assert from "node:assert/strict";
import { test } from "node:test";
import { filterTree } from "../src/graph/filter";
import { boxName, frameText, stackText, tooltipLines } from "../src/graph/frame_text";
import { collapseChains, foldRecursion, invert, shapeTree } from "../src/graph/shapes";
import { findPath, nameOf, pathOf, readTree, stackOf, type Tree } from "../src/graph/tree";
import { faults, folded, randomSamples, tree } from "./trees";

const shop = tree([
  { stack: ["main m.go", "serve m.go", "exec q.go", "malloc m.c"], value: 8 },
  { stack: ["main m.go", "cache m.go", "malloc m.c"], value: 4 },
  { stack: ["main m.go", "cache m.go"], value: 2 },
]);

// "a;b 5" for each node, with its total.
const totals = (of: Tree): string[] =>
  Array.from({ length: of.count }, (_, i) => `${stackOf(of, i).map((node) => nameOf(of, node)).join(";")} ${of.total[i]}`); // prettier-ignore

const sumByLeaf = (of: Tree): Map<string, number> => {
  const sums = new Map<string, number>();
  for (let i = 1; i < of.count; i++) if (of.self[i]) sums.set(nameOf(of, i), (sums.get(nameOf(of, i)) ?? 0) + of.self[i]);
  return sums;
};

test("bottom up, the first level has what functions have of their own, and callers are below them", () => {
  assert.deepEqual(totals(invert(shop)), [
    " 14",
    "malloc 12",
    "malloc;exec 8",
    "malloc;exec;serve 8",
    "malloc;exec;serve;main 8",
    "malloc;cache 4",
    "malloc;cache;main 4",
    "cache 2",
    "cache;main 2",
  ]);
});

test("bottom up, the first level of any tree is what its functions have of their own", () => {
  const made = tree(randomSamples(400, 5));
  const inverted = invert(made);
  const own = sumByLeaf(made);
  for (let i = 1; i < inverted.count; i++) {
    if (inverted.depth[i] !== 1) continue;
    assert.equal(inverted.total[i], own.get(nameOf(inverted, i)));
    own.delete(nameOf(inverted, i));
  }
  assert.equal(own.size, 0);
  assert.equal(inverted.total[0], made.total[0]);
  assert.equal(inverted.whole, undefined);
});

test("bottom up, a share is of what a frame calls, and a copied stack still begins outside", () => {
  const made = invert(shop);
  const serve = [...made.fn.keys()].find((node) => nameOf(made, node) === "serve")!;
  assert.match(tooltipLines(made, serve).join("\n"), /100\.0 % of what it calls/);
  assert.deepEqual(stackText(made, serve).split("\n").map((line) => line.split(" ")[0]), ["serve", "exec", "malloc"]); // prettier-ignore
});

test("bottom up, what was left out below a frame is not its own", () => {
  const cut = readTree({
    ...{ type: "space", unit: "bytes", gauge: true, self: 0, total: 110, nodes_left_out: 3, warnings: [] },
    functions: [
      { name: "outer", file: "a.c", kind: "c", library: "" },
      { name: "inner", file: "a.c", kind: "c", library: "" },
    ],
    nodes: [
      [0, 0, 1, 5, 100],
      [1, 1, 1, 55, 55],
    ],
  });
  const made = invert(cut);
  assert.deepEqual(totals(made), [" 110", "inner 55", "inner;outer 55", "frames left out 50", "frames left out;outer 40", "outer 5"]);
  assert.deepEqual([...made.self], [0, 55, 0, 0, 0, 5]);
  const whole = invert({ ...cut, leftOut: 0 }); // sums in another order: all is own
  assert.equal(whole.functions.length, 2);
});

test("recursion is one frame, also by way of others", () => {
  const made = tree([
    { stack: ["main m.go", "parse p.go", "parse p.go", "leaf p.go"], value: 8 },
    { stack: ["main m.go", "parse p.go", "term p.go", "parse p.go", "leaf p.go"], value: 4 },
    { stack: ["main m.go", "parse p.go", "term p.go"], value: 2 },
  ]);
  const once = foldRecursion(made);
  assert.deepEqual(totals(once), [" 14", "main 14", "main;parse 14", "main;parse;leaf 12", "main;parse;term 2"]);
  assert.deepEqual(faults(once), []);
});

test("without recursion no function is below itself, and each has what it had of its own", () => {
  const made = tree(randomSamples(400, 9, 6));
  const once = foldRecursion(made);
  for (let i = 1; i < once.count; i++) {
    const names = stackOf(once, i).map((node) => nameOf(once, node));
    assert.equal(new Set(names).size, names.length);
  }
  assert.deepEqual(faults(once), []);
  assert.deepEqual([...sumByLeaf(once)].sort(), [...sumByLeaf(made)].sort());
});

test("a chain is one box that has its frames", () => {
  const made = collapseChains(shop);
  assert.deepEqual(
    Array.from({ length: made.count }, (_, i) => `${boxName(made, i)} ${made.total[i]}`),
    ["all 14", "main 14", "serve … malloc 8", "cache 6", "malloc 4"],
  );
  assert.deepEqual(faults(made), []);
  assert.deepEqual(tooltipLines(made, 2).slice(0, 3), ["serve", "exec", "malloc"]);
  assert.match(frameText(made, 2), /^serve … malloc · /);
  assert.equal(stackText(made, 2).split("\n").length, 4);
  assert.equal(findPath(made, pathOf(made, 2)), 2);
});

test("of a long chain the tooltip lists the ends", () => {
  const stack = Array.from({ length: 40 }, (_, i) => `f${i} f.c`);
  const made = collapseChains(tree([{ stack, value: 1 }]));
  assert.equal(made.count, 2);
  const lines = tooltipLines(made, 1);
  assert.deepEqual(lines.slice(4, 9), ["f4", "f5", "… 29 more", "f35", "f36"]);
});

test("two chains that end in one function stay two boxes", () => {
  const made = collapseChains(
    tree([
      { stack: ["a a.c", "x a.c", "z a.c"], value: 3 },
      { stack: ["a a.c", "y a.c", "z a.c"], value: 3 },
    ]),
  );
  assert.equal(made.count, 4);
});

test("by name, equal trees of other values have their boxes in one order", () => {
  const names = (of: Tree): string[] => Array.from({ length: of.count }, (_, i) => nameOf(of, i));
  const before = shapeTree(tree([{ stack: ["b b.c"], value: 1 }, { stack: ["a a.c"], value: 2 }, { stack: ["c c.c"], value: 9 }]), ["names"]); // prettier-ignore
  assert.deepEqual(names(before), ["all", "a", "b", "c"]);
  assert.deepEqual(faults(before), []);
  assert.equal(pathOf(before, 3), pathOf(tree([{ stack: ["c c.c"], value: 1 }]), 1));
});

test("all shapes at once", () => {
  const made = shapeTree(tree(randomSamples(300, 4)), ["names", "chains", "inverted", "folded"]);
  assert.equal(made.inverted, true);
  assert.equal(shapeTree(shop, []), shop);
});

test("stacks begin at their first frame of what is shown from, and others are not shown", () => {
  const made = filterTree(shop, { start: ["=exec", "=cache"] });
  assert.deepEqual(folded(made), ["exec;malloc 8", "cache 2", "cache;malloc 4"]);
  const again = tree([{ stack: ["main m.go", "parse p.go", "parse p.go"], value: 8 }]);
  assert.deepEqual(folded(filterTree(again, { start: ["parse"] })), ["parse;parse 8"]);
  const less = filterTree(shop, { start: ["exec"] });
  assert.equal(less.whole, 14);
  const grouped = tree([{ stack: ["db-1 =host", "main m.go", "exec q.go"], value: 3 }]);
  assert.deepEqual(folded(filterTree(grouped, { start: ["exec"] })), ["db-1;exec 3"]);
});
