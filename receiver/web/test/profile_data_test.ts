import assert from "node:assert/strict";
import { test } from "node:test";
import { failureReasons, mergedText } from "../src/profile_data";

const merged = { uploads: 216, processes: 3, uploads_left_out: 0, failed_count: 0, failed: [] as { id: number; reason: string }[] };

test("a gauge is a mean, and of what is said", () => {
  assert.equal(mergedText(merged, true), "mean of 216 uploads, 3 processes");
  assert.equal(mergedText({ ...merged, uploads: 1, processes: 1 }, true), "mean of 1 upload, 1 process");
  assert.equal(mergedText(merged, false), "216 profiles merged, 3 processes");
});

test("each reason once, the most frequent first", () => {
  const failed = ["a", "b", "b"].map((reason, id) => ({ id, reason }));
  assert.equal(failureReasons({ ...merged, failed }), "2 × b\n1 × a");
});
