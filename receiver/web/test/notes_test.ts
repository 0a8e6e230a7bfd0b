import assert from "node:assert/strict";
import { test } from "node:test";
import type { Merged } from "../src/lib/api";
import { failureReasons, mergedText, typeText } from "../src/lib/notes";

const merged: Merged = { uploads: 216, processes: 3, uploads_left_out: 0, failed_count: 0, failed: [] };

test("a gauge is a mean, and of what is said", () => {
  assert.equal(mergedText(merged, true), "mean of 216 uploads, 3 processes");
  assert.equal(mergedText({ ...merged, uploads: 1, processes: 1 }, true), "mean of 1 upload, 1 process");
  assert.equal(mergedText(merged, false), "216 profiles merged, 3 processes");
  const as = (value: "mean" | "last" | "max", summed: boolean, uploads: number) =>
    mergedText({ ...merged, uploads, gauges: { value, summed, processes_at_once: 2.96, uploads: 216 } }, true);
  assert.equal(as("mean", false, 216), "mean of 216 uploads, 3 processes");
  assert.equal(as("mean", true, 216), "mean of 216 uploads, 3 processes, added up (3 at a time)");
  assert.equal(as("last", false, 3), "mean of the last uploads of 3 processes");
  assert.equal(as("last", true, 3), "sum of the last uploads of 3 processes");
  assert.equal(as("last", true, 1), "the last upload");
  assert.equal(as("max", false, 1), "the largest of 216 uploads");
  assert.equal(as("max", true, 3), "the largest of 216 uploads, 3 processes, added up");
});

test("where few uploads have the type, it is said once", () => {
  const few = { ...merged, uploads: 4, uploads_with_type: 2, processes: 1 };
  assert.equal(mergedText(few, true), "mean of 2 of 4 uploads, 1 process");
  assert.equal(typeText(few, true), "");
  assert.equal(mergedText(few, false), "4 profiles merged, 1 process");
  assert.equal(typeText(few, false), "2 of 4 have this type");
  const summed = { ...few, gauges: { value: "mean" as const, summed: true, processes_at_once: 1, uploads: 4 } };
  assert.equal(mergedText(summed, true), "mean of 4 uploads, 1 process"); // it is by all
  assert.equal(typeText(summed, true), "2 of 4 have this type");
  assert.equal(typeText({ ...few, uploads_with_type: 4 }, false), "");
  assert.equal(typeText(merged, false), "");
});

test("each reason once, of both sides, the most frequent first, and those beyond them", () => {
  const one = {
    ...merged,
    failed_count: 4,
    failed: [
      { id: 1, uploads: 1, reason: "a" },
      { id: 2, uploads: 2, reason: "b" },
    ],
  };
  const other = { ...merged, failed_count: 5, failed: [{ id: 3, uploads: 5, reason: "a" }] };
  assert.deepEqual(failureReasons([one]), ["2 × b", "1 × a", "1 × other reasons"]);
  assert.deepEqual(failureReasons([one, other]), ["6 × a", "2 × b", "1 × other reasons"]);
});
