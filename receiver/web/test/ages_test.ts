import assert from "node:assert/strict";
import { test } from "node:test";
import { ageText, hasAges, medianAge, withAges } from "../src/graph/ages";
import { filterTree } from "../src/graph/filter";
import { ageColours, kindsOf } from "../src/graph/flame_colours";
import { frameText, tooltipLines } from "../src/graph/frame_text";
import { ages } from "../src/lib/ages";
import { nameOf, pathOf, sumFunctions, type Tree } from "../src/graph/tree";
import { answer, faults, folded, randomSamples, tree, type Sample } from "./trees";
import { readTree } from "../src/graph/tree";

const none = "(no=label) =age"; // no blank: trees.ts cuts there
const under = (value: string): string => `${value} =age`;

const samples: Sample[] = [
  { stack: [under("<1m"), "C", "live", "f"], value: 30 },
  { stack: [under("<1m"), "C", "live", "g"], value: 10 },
  { stack: [under("5-30m"), "C", "live", "f"], value: 20 },
  { stack: [under(">1d"), "C", "live", "f"], value: 50 },
  { stack: [none, "C", "free"], value: 80 },
  { stack: [none, "Go"], value: 10 },
];

function at(of: Tree, name: string): number {
  for (let node = 0; node < of.count; node++) if (nameOf(of, node) === name) return node;
  return assert.fail(name);
}

test("a tree by age becomes the tree that it was, with the ages of each node", () => {
  const made = withAges(tree(samples));
  const plain = tree(samples.map(({ stack, value }) => ({ stack: stack.slice(1), value })));
  assert.deepEqual(folded(made), folded(plain));
  assert.deepEqual(faults(made), []);
  assert.deepEqual([...made.total], [...plain.total]);
  assert.equal(pathOf(made, at(made, "f")), pathOf(plain, at(plain, "f"))); // a zoom means the same node
  assert.ok([...kindsOf(made)].every((kind) => kind === "c"));
  assert.deepEqual(
    ages.map((_, age) => made.ages![age][at(made, "f")]),
    [30, 0, 20, 0, 0, 50],
  );
  assert.deepEqual(
    ages.map((_, age) => made.ages![age][0]),
    [40, 0, 20, 0, 0, 50],
  );
  assert.equal(withAges(tree(samples.slice(4))).ages![0][0], 0);
  assert.equal(hasAges(made), true);
  assert.equal(hasAges(withAges(tree(samples.slice(4)))), false);
  assert.equal(hasAges(plain), false);
});

test("any tree: sums and order stay", () => {
  for (let seed = 1; seed < 6; seed++) {
    const all = randomSamples(300, seed);
    const aged = all.map(({ stack, value }, i) => ({ stack: [i % 7 === 6 ? none : under(ages[i % 7]!.value), ...stack], value }));
    const made = withAges(tree(aged));
    assert.deepEqual(faults(made), []);
    assert.deepEqual(folded(made).sort(), folded(tree(all)).sort());
    for (let node = 0; node < made.count; node++) {
      const sum = made.ages!.reduce((sum, values) => sum + values[node]!, 0);
      assert.ok(sum <= made.total[node]!);
    }
  }
});

test("a box has the colour of the age of most of it", () => {
  const made = withAges(tree(samples));
  assert.equal(medianAge(made, at(made, "f")), 2); // 30 of 100 are younger, 50 older
  assert.equal(medianAge(made, at(made, "g")), 0);
  assert.equal(medianAge(made, at(made, "free")), -1);
  const colours = ageColours(made);
  assert.equal(colours[at(made, "f")], "--age-2");
  assert.equal(colours[at(made, "Go")], "--flame-plain");
});

test("how much of a node is older than each age, in words", () => {
  const made = withAges(tree(samples));
  assert.equal(ageText(made, at(made, "f")), "older than 1 min 70.0 %, 5 min 70.0 %, 30 min 50.0 %, 2 h 50.0 %, 1 d 50.0 %");
  assert.match(ageText(made, at(made, "C")), /^older than 1 min 63\.6 %, .* of the 57\.9 % whose age is known$/);
  assert.equal(ageText(made, at(made, "Go")), "");
  assert.equal(ageText(tree(samples), 0), "");
  assert.match(frameText(made, at(made, "g")), / · older than 1 min 0\.0 %/);
  assert.match(tooltipLines(made, at(made, "g")).at(-1)!, /^older than/);
});

test("filters come before, and sums of a tree that was too large come without values", () => {
  const focused = withAges(filterTree(tree(samples), { focus: ["=f"], hide: ["live", "<1m"] }));
  assert.deepEqual(folded(focused), ["C;f 100"]);
  assert.equal(focused.ages![0][at(focused, "f")], 30);
  assert.equal(focused.whole, 200);
  const cut = answer(samples);
  cut.nodes_left_out = 3;
  cut.sums = cut.functions.map((_, fn) => [fn, 10 * fn]);
  const made = withAges(readTree(cut));
  const names = sumFunctions(made).map(({ name, self }) => `${name} ${self}`);
  assert.deepEqual(
    names,
    cut.functions.flatMap(({ name, kind }, fn) => (kind === "label" ? [] : [`${name} ${fn}`])),
  );
  assert.equal(made.leftOut, 3);
});
