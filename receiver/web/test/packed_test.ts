// packed_test.ts: a tree whose nodes are columns behind its JSON is the tree of the same nodes as JSON, in place where they are in order.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TreeAnswer } from "../src/lib/api";
import { readPacked } from "../src/lib/packed";
import { readTree } from "../src/graph/tree";

type Node = [parent: number, fn: number, line: number, self: number, total: number];

function answerOf(nodes: Node[]): TreeAnswer {
  const functions = ["a", "bé", "c"].map((name) => ({ name, file: "", kind: "c" as const }));
  const [total, rest] = [
    nodes.filter(([parent]) => parent === 0).reduce((sum, node) => sum + node[4], 0),
    { nodes_left_out: 0, warnings: [] },
  ];
  return { type: "cpu", unit: "nanoseconds", gauge: false, total, self: 0, functions, nodes, ...rest };
}

function pack({ nodes, ...answer }: TreeAnswer): ArrayBuffer {
  const all: Node[] = [[0, -1, 0, answer.self, answer.total], ...(nodes as Node[])];
  const json = new TextEncoder().encode(JSON.stringify({ ...answer, nodes_packed: all.length }));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + 28 * all.length).fill(32);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("cmt1"));
  view.setUint32(4, length, true);
  bytes.set(json, 8);
  let at = 8 + length;
  for (const of of [3, 4]) for (const node of all) view.setFloat64((at += 8) - 8, node[of], true);
  for (const of of [0, 1, 2]) for (const node of all) view.setInt32((at += 4) - 4, node[of], true);
  return bytes.buffer;
}

const inOrder: Node[] = [
  [0, 0, 7, 1, 10],
  [1, 1, 8, 2, 6],
  [2, 2, 9, 4, 4],
  [1, 2, 3, 3, 3],
  [0, 1, 1, 5, 5],
];

test("a packed tree is the same, and its columns are not copied", () => {
  const answer = answerOf(inOrder);
  const bytes = pack(answer);
  const tree = readTree(readPacked(bytes) as TreeAnswer);
  assert.deepEqual({ ...tree }, { ...readTree(answer) });
  for (const column of [tree.parent, tree.fn, tree.line, tree.self, tree.total, tree.weight]) assert.equal(column.buffer, bytes);
  assert.deepEqual([...tree.end], [6, 5, 4, 4, 5, 6]);
  assert.deepEqual([...tree.depth], [0, 1, 2, 3, 2, 1]);
});

test("nodes in another order, and values below 0, are put in order", () => {
  const wide: Node[] = [[0, 0, 1, 1, 4], [0, 1, 2, 2, 9], [1, 2, 3, 3, 3], [2, 2, 3, 7, 7]]; // prettier-ignore
  const light: Node[] = [[0, 0, 1, 2, 2], [0, 1, 2, 9, 9]]; // prettier-ignore
  const below: Node[] = [[0, 0, 1, -2, 5], [1, 1, 2, 7, 7], [0, 1, 2, 6, 6]]; // prettier-ignore
  for (const nodes of [wide, light, below]) {
    const tree = readTree(readPacked(pack(answerOf(nodes))) as TreeAnswer);
    assert.deepEqual({ ...tree }, { ...readTree(answerOf(nodes)) });
    const siblings = [...tree.parent.keys()].filter((node) => node > 0 && tree.parent[node] === 0);
    assert.deepEqual(siblings.map((node) => tree.weight[node]), siblings.map((node) => tree.weight[node]).sort((a, b) => b - a)); // prettier-ignore
    siblings.forEach((node, at) => assert.equal(tree.end[node], siblings[at + 1] ?? tree.count));
  }
});
