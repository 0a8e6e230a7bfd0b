import assert from "node:assert/strict";
import { test } from "node:test";
import type { VersionChange, VersionChanges } from "../src/lib/api";
import { leftOutText } from "../src/lib/versions";

const change: VersionChange = { service: "shop", env: "prod", before: "1.0", version: "1.1", from_ms: 0, at_ms: 1, to_ms: 2 };
const answer = (changes: number, more: Partial<VersionChanges> = {}): VersionChanges => ({
  ...{ services: 1, uploads_left_out: 0, changes: Array<VersionChange>(changes).fill(change), changes_left_out: 0 },
  ...more,
});

test("what marks of versions do not show is said", () => {
  assert.equal(leftOutText(answer(0)), "");
  assert.equal(leftOutText(answer(20)), "");
  assert.equal(leftOutText(answer(25)), "5 earlier version changes not shown");
  assert.equal(leftOutText(answer(20, { changes_left_out: 1 })), "1 earlier version change not shown");
  assert.equal(leftOutText(answer(21, { services: 2 })), "21 version changes: choose a service to see them");
  assert.equal(leftOutText(answer(0, { uploads_left_out: 1 })), "1 older upload not looked at for version changes");
  assert.equal(
    leftOutText(answer(21, { services: 2, uploads_left_out: 1200 })),
    "21 version changes: choose a service to see them; 1,200 older uploads not looked at for version changes",
  );
});
