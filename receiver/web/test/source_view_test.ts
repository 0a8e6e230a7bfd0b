import assert from "node:assert/strict";
import { test } from "node:test";
import { flags } from "../src/graph/pattern";
import { functionOfLine, heaviestFunction, linesOf } from "../src/graph/source_view";
import { readTree } from "../src/graph/tree";
import type { TreeAnswer } from "../src/lib/api";

const answer: TreeAnswer = {
  ...{ type: "cpu", unit: "nanoseconds", gauge: false, nodes_left_out: 0, warnings: [], self: 0, total: 10 },
  functions: [
    { name: "main.run", file: "m.go", kind: "go", line: 9 },
    { name: "main.run", file: "m.go", kind: "go", line: 4 },
    { name: "std::x::f", file: "", kind: "c", line: 0 },
  ],
  nodes: [
    [0, 0, 9, 1, 7],
    [1, 1, 4, 2, 6], // main.run calls itself
    [2, 2, 0, 4, 4],
    [0, 1, 4, 3, 3],
  ],
};

test("the lines of a function, in their order", () => {
  const lines = linesOf(readTree(answer), "main.run");
  assert.deepEqual(lines.map(({ line, self, total }) => [line, self, total]), [[4, 5, 9], [9, 1, 7]]); // prettier-ignore
  assert.deepEqual(linesOf(readTree(answer), "main.other"), []);
  assert.equal(heaviestFunction(readTree(answer)), "main.run");
  assert.equal(functionOfLine("std::x::f:12"), "std::x::f");
  assert.equal(functionOfLine("std::x::f"), "std::x::f");
});

test("a pattern of a whole name means all its lines", () => {
  const { functions } = readTree(answer);
  assert.deepEqual([...flags(functions, "=main.run")!], [1, 1, 0]);
  assert.deepEqual([...flags(functions, "=main.run:4")!], [0, 1, 0]);
});
