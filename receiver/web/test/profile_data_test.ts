import assert from "node:assert/strict";
import { test } from "node:test";
import { failureReasons, mergedText, withGauges } from "../src/profile_data";
import { State } from "../src/state";

const merged = { uploads: 216, processes: 3, uploads_left_out: 0, failed_count: 0, failed: [] as { id: number; reason: string }[] };

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

test("one upload is what it is", () => {
  const of = (query: string) => withGauges(new State("/profile", new URLSearchParams(query))).toString();
  assert.equal(of("service=shop&gauges=last&processes=sum&tab=x"), "service=shop&gauges=last&processes=sum");
  assert.equal(of("ids=7&gauges=last"), "ids=7");
});

test("each reason once, the most frequent first", () => {
  const failed = ["a", "b", "b"].map((reason, id) => ({ id, reason }));
  assert.equal(failureReasons({ ...merged, failed }), "2 × b\n1 × a");
});
