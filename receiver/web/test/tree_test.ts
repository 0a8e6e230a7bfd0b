import assert from "node:assert/strict";
import { test } from "node:test";
import { childrenOf, findPath, nameOf, pathOf, readTree, sumFunctions } from "../src/graph/tree";
import { filterTree } from "../src/graph/filter";
import { certaintyOf } from "../src/graph/flame_colours";
import { valueText } from "../src/graph/frame_text";
import { answer, faults, folded, randomSamples, tree } from "./trees";

test("children come by weight, and the nodes depth first", () => {
  const made = tree([
    { stack: ["a", "light"], value: 1 },
    { stack: ["b"], value: 9 },
    { stack: ["a", "heavy", "x"], value: 5 },
  ]);
  assert.deepEqual(
    Array.from({ length: made.count }, (_, i) => nameOf(made, i)),
    ["all", "b", "a", "heavy", "x", "light"],
  );
  assert.deepEqual([...made.end], [6, 2, 6, 5, 5, 6]);
  assert.deepEqual(childrenOf(made, 2), [3, 5]);
  assert.deepEqual(faults(made), []);
});

test("what was left out keeps its width", () => {
  const sent = answer([{ stack: ["a", "b"], value: 4 }]);
  sent.total += 6; // a subtree of 6 below the root that was not sent
  const made = readTree(sent);
  assert.deepEqual([...made.weight], [10, 4, 4]);
});

test("negative values take no room and do not make parents too narrow", () => {
  const made = tree([
    { stack: ["a", "plus"], value: 5 },
    { stack: ["a", "minus"], value: -3 },
  ]);
  assert.equal(made.total[1], 2);
  assert.deepEqual([...made.weight], [5, 5, 5, 0]);
});

test("a difference is as wide as the larger of the two at every leaf", () => {
  const made = tree([
    { stack: ["a", "gone"], value: 0, base: 6 },
    { stack: ["a", "new"], value: 4, base: 0 },
  ]);
  assert.equal(made.total[0], 4);
  assert.equal(made.base!.total[0], 6);
  assert.deepEqual([...made.weight], [10, 10, 6, 4]);
  const now = readTree(
    answer([
      { stack: ["a", "gone"], value: 0, base: 6 },
      { stack: ["a", "new"], value: 4, base: 0 },
    ]),
    "now",
  );
  assert.deepEqual([...now.weight], [4, 4, 4, 0]);
});

test("what was added up before a part was sent stays", () => {
  const sent = answer([{ stack: ["a", "b"], value: 4 }]);
  sent.functions.push({ name: "c", file: "c.c", kind: "c" });
  sent.sums = [
    [1, 9],
    [6, 6],
    [2, 2],
  ];
  assert.deepEqual(
    sumFunctions(readTree(sent)).map(({ name, self, total, line }) => [name, self, total, line]),
    [
      ["a", 1, 9, 1],
      ["b", 6, 6, 1],
      ["c", 2, 2, 0],
    ],
  );
});

test("a path is the hash that the receiver finds it by", () => {
  const made = tree([{ stack: ["main", "b"], value: 1 }]);
  made.functions[1].name = "b é😀";
  assert.deepEqual(
    [1, 2].map((node) => pathOf(made, node)),
    ["4a13d298", "79f99583"],
  ); // view_tree_test.c has the same
});

test("a function that calls itself counts once in its total", () => {
  const sums = sumFunctions(
    tree([
      { stack: ["f", "g", "f", "f"], value: 3 },
      { stack: ["f"], value: 1 },
    ]),
  );
  assert.deepEqual(
    sums.map(({ name, self, total }) => [name, self, total]),
    [
      ["f", 4, 4],
      ["g", 0, 3],
    ],
  );
});

test("sums over functions are those of the samples", () => {
  const samples = randomSamples(2000, 7);
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  for (const { stack, value } of samples) {
    const names = stack.map((frame) => frame.split(" ")[0]);
    self.set(names.at(-1)!, (self.get(names.at(-1)!) ?? 0) + value);
    for (const name of new Set(names)) total.set(name, (total.get(name) ?? 0) + value);
  }
  const made = tree(samples);
  assert.deepEqual(faults(made), []);
  for (const sum of sumFunctions(made)) assert.deepEqual([sum.self, sum.total], [self.get(sum.name) ?? 0, total.get(sum.name)], sum.name);
});

test("a path finds its node in another tree", () => {
  const made = tree([
    { stack: ["a", "b"], value: 4 },
    { stack: ["c", "b"], value: 5 },
  ]);
  const newer = tree([
    { stack: ["c", "b"], value: 1 },
    { stack: ["a", "x"], value: 9 },
    { stack: ["a", "b"], value: 7 },
  ]);
  const node = 4; // a;b
  assert.deepEqual(folded(made), ["c;b 5", "a;b 4"]);
  const found = findPath(newer, pathOf(made, node));
  assert.equal(nameOf(newer, found), "b");
  assert.equal(nameOf(newer, newer.parent[found]), "a");
  assert.equal(findPath(newer, "12345"), 0);
  assert.equal(pathOf(made, 0), "");
});

test("growth: slopes have errors, and a box is as wide as what grows in it", () => {
  const grown = readTree({
    ...answer([
      { stack: ["a", "plus"], value: 5 },
      { stack: ["a", "minus"], value: -3 },
    ]),
    ...{ uploads: 9, processes: 2, uploads_left_out: 0, failed_count: 0, failed: [], error: 0.5 },
    growth: { minutes: 60, processes: 2, processes_too_short: 0, uploads_skipped: 0 },
    nodes: [
      [0, 0, 1, 0, 2, 0.5],
      [1, 1, 1, 5, 5, 0.3],
      [1, 2, 1, -3, -3, 0.4],
    ],
  });
  assert.equal(grown.unit, "bytes/min");
  assert.deepEqual([...grown.error!], [0.5, 0.5, 0.3, 0.4]);
  assert.deepEqual([...grown.weight], [5, 5, 5, 0]);
  assert.deepEqual(
    sumFunctions(grown).map(({ name, total, error }) => [name, total, error]),
    [
      ["a", 2, 0.5],
      ["plus", 5, 0.3],
      ["minus", -3, 0.4],
    ],
  );
  // What a filter leaves keeps its errors: squares add up.
  const filtered = filterTree(grown, { ignore: ["=minus"] });
  assert.equal(filtered.total[0], 5);
  assert.equal(filtered.error![0].toFixed(3), "0.300");
  assert.equal(valueText(grown, 2), "+5 B/min ±0 B, 250.0 % of all, self +5 B/min");
  assert.deepEqual([certaintyOf(3, 3), certaintyOf(-9, 1), certaintyOf(0, 0), certaintyOf(2, 0)], [0.5, -1, 0, 1]);
});
