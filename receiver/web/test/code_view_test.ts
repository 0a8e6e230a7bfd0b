import assert from "node:assert/strict";
import { test } from "node:test";
import { placeId, placeOf } from "../src/graph/code_place";
import { nearInstructions, type Instruction } from "../src/graph/code_view";

const rows = (totals: number[]): Instruction[] =>
  totals.map((total, at) => ({ address: at.toString(16), self: 0, total, line: 0, text: `i${at}` }));
const texts = (shown: Instruction[]): string => shown.map(({ text }) => text.replace("i", "")).join(" ");
const sparse = (count: number, weights: Record<number, number>): Instruction[] =>
  rows(Array.from({ length: count }, (_, at) => weights[at] ?? 0));

test("what stands around instructions with values is shown, and where something is left out", () => {
  assert.equal(texts(nearInstructions(sparse(4, { 1: 5 }))), "0 1 2 3");
  assert.equal(texts(nearInstructions(sparse(30, { 0: 5 }))), "0 1 2 3 4 5 6 7 8 …");
  assert.equal(
    texts(nearInstructions(sparse(40, { 9: 5, 30: 1 }))),
    "… 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 … 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 …",
  );
  assert.equal(
    texts(nearInstructions(sparse(20, { 2: 5, 15: -1 }))),
    rows(Array<number>(20).fill(0))
      .map((_, at) => at)
      .join(" "),
  ); // they meet
  assert.deepEqual(nearInstructions(sparse(20, {})), []);
});

test("places in the address", () => {
  assert.deepEqual(placeOf("1"), { buildId: "", at: "" });
  assert.deepEqual(placeOf(placeId("ab12", "1f0")), { buildId: "ab12", at: "1f0" });
  assert.deepEqual(placeOf(placeId("ab12")), { buildId: "ab12", at: "" });
});
