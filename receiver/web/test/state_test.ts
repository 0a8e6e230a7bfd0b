import assert from "node:assert/strict";
import { test } from "node:test";
import { State, state, stateOf } from "../src/lib/state";

test("a state is its address", () => {
  const made = state("/profile", { service: ["a", "b"], tag: "k:v=1&x", type: "cpu", "base.service": "old", none: "" });
  assert.equal(made.href, "/profile?service=a&service=b&tag=k%3Av%3D1%26x&type=cpu&base.service=old");
  assert.equal(made.selection().toString(), "service=a&service=b&tag=k%3Av%3D1%26x");
  assert.equal(made.selection("base.").toString(), "service=old");
  assert.equal(new State("/profile", new URLSearchParams(made.params)).href, made.href);
  assert.equal(made.get("type"), "cpu");
  assert.equal(made.get("other", "x"), "x");
});

test("changes replace, add and remove", () => {
  const before = state("/", { service: "a", type: "cpu" });
  assert.equal(before.with({ service: ["b", "c"], type: null }).href, "/?service=b&service=c");
  assert.equal(before.href, "/?service=a&type=cpu");
  assert.equal(before.with({}, "/profile").href, "/profile?service=a&type=cpu");
});

test("one upload's page has a short address", () => {
  assert.equal(stateOf("/profile/7", "?tab=metrics").href, "/profile?tab=metrics&ids=7");
  assert.equal(stateOf("/profile", "?ids=7").href, "/profile?ids=7");
  assert.equal(stateOf("/profile/x", "").href, "/profile/x");
});
