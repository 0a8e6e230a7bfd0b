import assert from "node:assert/strict";
import { test } from "node:test";
import { based, unbased } from "../src/lib/base";

test("a base path is taken off addresses that are below it", () => {
  assert.equal(unbased("/profiles", "/profiles"), "/");
  assert.equal(unbased("/profiles/", "/profiles"), "/");
  assert.equal(unbased("/profiles/profile/7", "/profiles"), "/profile/7");
  assert.equal(unbased("/profile/7", "/profiles"), "/profile/7");
  assert.equal(unbased("/profilesx", "/profiles"), "/profilesx");
  assert.equal(unbased("/profile", ""), "/profile");
});

test("without a base path addresses are as they are", () => {
  assert.equal(based("/api"), "/api");
});
