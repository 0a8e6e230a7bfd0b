import assert from "node:assert/strict";
import { test } from "node:test";
import { flags } from "../src/graph/pattern";
import { functionOfLine } from "../src/graph/groups";
import { linesToAsk, sourceFunction } from "../src/graph/source_view";
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
  const { name, file, lines, others } = sourceFunction(readTree(answer), "main.run", "");
  assert.deepEqual(lines.map(({ line, self, total }) => [line, self, total]), [[4, 5, 9], [9, 1, 7]]); // prettier-ignore
  assert.deepEqual([name, file, others], ["main.run", "m.go", []]);
  assert.deepEqual(sourceFunction(readTree(answer), "main.other", ""), { name: "main.other", file: "", lines: [], others: [] });
  assert.equal(sourceFunction(readTree(answer), "", "").name, "main.run"); // has most of its own
  assert.equal(functionOfLine("std::x::f:12"), "std::x::f");
  assert.equal(functionOfLine("std::x::f"), "std::x::f");
});

test("functions of one name in different files are different functions", () => {
  const grow: TreeAnswer = {
    ...answer,
    functions: [
      { name: "grow", file: "a.c", kind: "c", line: 10 },
      { name: "grow", file: "b.c", kind: "c", line: 10 },
      { name: "grow", file: "b.c", kind: "c", line: 12 },
    ],
    nodes: [
      [0, 0, 10, 1, 7],
      [1, 1, 10, 6, 6],
      [0, 2, 12, 3, 3],
    ],
  };
  const of = (name: string, file: string): unknown => {
    const found = sourceFunction(readTree(grow), name, file);
    return [found.name, found.file, found.lines.map(({ line, total }) => [line, total]), found.others];
  };
  const ofA = ["grow", "a.c", [[10, 7]], ["b.c"]];
  const ofB = ["grow", "b.c", [[10, 6], [12, 3]], ["a.c"]]; // prettier-ignore
  assert.deepEqual(of("grow", "a.c"), ofA);
  assert.deepEqual(of("grow", "b.c"), ofB);
  assert.deepEqual(of("grow", ""), ofA); // its line has most in all
  assert.deepEqual(of("grow", "moved.c"), ofA); // an address of another profile
  assert.deepEqual(of("", ""), ofB); // has most of its own
});

test("asked for are the lines and those around them", () => {
  const { lines } = sourceFunction(readTree(answer), "main.run", "");
  assert.deepEqual(linesToAsk(lines), { from: 1, count: 14 });
  assert.deepEqual(linesToAsk(lines.slice(1)), { from: 4, count: 11 });
  assert.equal(linesToAsk(sourceFunction(readTree(answer), "std::x::f", "").lines), null); // no number
});

test("a pattern of a whole name means all its lines", () => {
  const { functions } = readTree(answer);
  assert.deepEqual([...flags(functions, "=main.run")!], [1, 1, 0]);
  assert.deepEqual([...flags(functions, "=main.run:4")!], [0, 1, 0]);
  // Also a regular expression of a whole name.
  assert.deepEqual([...flags(functions, "/^main\\.run$/")!], [1, 1, 0]);
  assert.deepEqual([...flags(functions, "/run:4$/")!], [0, 1, 0]);
  assert.deepEqual([...flags(functions, "/^main$/")!], [0, 0, 0]);
});
