import assert from "node:assert/strict";
import { test } from "node:test";
import { pickType, typeId, withGauges } from "../src/graph/profile_data";
import { ofTimeline } from "../src/lib/selection";
import { State } from "../src/lib/state";

test("one upload is what it is", () => {
  const of = (query: string) => withGauges(new State("/profile", new URLSearchParams(query))).toString();
  assert.equal(of("service=shop&gauges=last&processes=sum&tab=x"), "service=shop&gauges=last&processes=sum");
  assert.equal(of("ids=7&gauges=last"), "ids=7");
});

test("values over time are asked for by tags, not by labels of merged uploads, and without the aggregation of gauges", () => {
  const of = (query: string, ...given: string[]): [string, string[]] => {
    const { selection, labels } = ofTimeline(new URLSearchParams(query), given);
    return [decodeURIComponent(selection.toString()), labels];
  };
  assert.deepEqual(of("service=shop&gauges=last&processes=sum"), ["service=shop&processes=sum", []]);
  assert.deepEqual(of("service=shop&host=a&host=b&tag=x:1", "tag:host:a", "thread:t"), ["service=shop&tag=x:1&tag=host:a", ["thread:t"]]);
  assert.deepEqual(of("tag=x:1&tag=x:2&tag=y:3", "tag:x:2:5"), ["tag=y:3&tag=x:2:5", []]);
  assert.deepEqual(of("", "tag:x:(none)", "tag:x:1,2"), ["", ["tag:x:(none)", "tag:x:1,2"]]);
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
