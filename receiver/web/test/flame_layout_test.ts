import assert from "node:assert/strict";
import { test } from "node:test";
import { FlameLayout, leastWidth_px } from "../src/graph/flame_layout";
import { nameOf } from "../src/graph/tree";
import { randomSamples, tree } from "./trees";

function drawn(layout: FlameLayout, row: number, zoomed: number, width: number): string[] {
  const boxes: string[] = [];
  layout.row(row, zoomed, width, (node, left, wide) => boxes.push(`${nameOf(layout.tree, node)} ${left} ${wide}`));
  return boxes;
}

const made = tree([
  { stack: ["a", "b"], value: 60 },
  { stack: ["a", "c"], value: 20 },
  { stack: ["d"], value: 20 },
]);

test("boxes stand side by side from the left, by weight", () => {
  const layout = new FlameLayout(made);
  assert.equal(layout.depth, 3);
  assert.deepEqual(drawn(layout, 0, 0, 200), ["all 0 200"]);
  assert.deepEqual(drawn(layout, 1, 0, 200), ["a 0 160", "d 160 40"]);
  assert.deepEqual(drawn(layout, 2, 0, 200), ["b 0 120", "c 120 40"]);
});

test("zooming shows a subtree in the whole width, and its callers above", () => {
  const layout = new FlameLayout(made);
  const c = 3;
  assert.equal(nameOf(made, c), "c");
  assert.deepEqual(
    [0, 1, 2].map((row) => drawn(layout, row, c, 200)),
    [["all 0 200"], ["a 0 200"], ["c 0 200"]],
  );
  assert.equal(layout.rowsBelow(1, 200), 3);
  assert.deepEqual(layout.box(c, 1, 160), { node: c, left_px: 120, width_px: 40 });
  assert.equal(layout.box(4, 1, 160), undefined); // d is not below a
});

test("points find the boxes that are drawn", () => {
  const layout = new FlameLayout(made);
  assert.equal(nameOf(made, layout.at(2, 119, 0, 200)), "b");
  assert.equal(nameOf(made, layout.at(2, 121, 0, 200)), "c");
  assert.equal(layout.at(2, 170, 0, 200), -1);
  assert.equal(layout.at(3, 10, 0, 200), -1);
  assert.equal(layout.at(-1, 10, 0, 200), -1);
  assert.equal(nameOf(made, layout.at(1, 199, 3, 200)), "a");
});

test("in any tree each point of a box finds its node, and nothing narrow is drawn", () => {
  const big = tree(randomSamples(3000, 11, 40, 25));
  const layout = new FlameLayout(big);
  let boxes = 0;
  for (const zoomed of [0, 1, 2, 17, 400]) {
    for (let row = 0; row < layout.rowsBelow(zoomed, 1000); row++) {
      let right = 0;
      layout.row(row, zoomed, 1000, (node, left, wide) => {
        assert.ok(wide >= leastWidth_px);
        assert.ok(left >= right - 1e-6 && left + wide <= 1000 + 1e-6, `row ${row}`);
        assert.equal(layout.at(row, left + wide / 2, zoomed, 1000), node);
        right = left + wide;
        boxes++;
      });
    }
  }
  assert.ok(boxes > 1000);
});

test("runs of boxes that are too narrow are one block, as deep as they go", () => {
  const samples = Array.from({ length: 2000 }, (_, i) => ({
    stack: ["wide", ...Array.from({ length: 25 }, (__, depth) => `f${i}.${depth}`)],
    value: 1,
  }));
  const layout = new FlameLayout(tree([...samples, { stack: ["alone", "x"], value: 2000 }]));
  const blocks = (row: number, width: number, zoomed = 0): string[] => {
    const found: string[] = [];
    layout.row(
      row,
      zoomed,
      width,
      (node, left, wide) => found.push(`${nameOf(layout.tree, node)} ${left} ${wide}`),
      (left, wide, nodes) => found.push(`${nodes.length} ${Math.round(left)} ${Math.round(wide)}`),
    );
    return found.sort();
  };
  assert.equal(layout.rowsBelow(0, 1000), 27); // not 3
  for (const row of [3, 10, 26]) assert.deepEqual(blocks(row, 1000), ["2000 0 500"]);
  assert.equal(layout.rowsBelow(0, 4001), 27); // each is wide enough
  assert.equal(blocks(10, 4001).length, 2000);
  // A run of less than a pixel is nothing.
  const few = new FlameLayout(
    tree([
      { stack: ["a", "b"], value: 1 },
      { stack: ["c"], value: 5000 },
    ]),
  );
  assert.equal(few.rowsBelow(0, 1000), 2);
});

test("an empty profile has one box", () => {
  const layout = new FlameLayout(tree([]));
  assert.deepEqual(drawn(layout, 0, 0, 100), ["all 0 100"]);
  assert.equal(layout.at(0, 50, 0, 100), 0);
});
