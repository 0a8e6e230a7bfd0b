import assert from "node:assert/strict";
import { test } from "node:test";
import { failureReasons, mergedText, pickType, typeId, withGauges } from "../src/graph/profile_data";
import { State } from "../src/lib/state";

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

test("a type without a name is asked for by its place", () => {
  const type = (name: string, total: number) => ({ type: name, unit: "count", total, c_total: 0, gauge: false });
  const types = { samples: 1, c_samples: 0, time_ns: 0, duration_ns: 0, default_type: "cpu", types: [type("cpu", 5), type("", 7)] };
  assert.equal(typeId(types, types.types[1]), "1");
  assert.equal(typeId(types, types.types[0]), "cpu");
  assert.equal(pickType(types, "1"), types.types[1]);
  assert.equal(pickType(types, "0"), types.types[0]); // it has a name: the shown one
  assert.equal(pickType(types, ""), types.types[0]);
});

test("each reason once, the most frequent first", () => {
  const failed = ["a", "b", "b"].map((reason, id) => ({ id, reason }));
  assert.equal(failureReasons({ ...merged, failed }), "2 × b\n1 × a");
});
