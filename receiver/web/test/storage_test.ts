import assert from "node:assert/strict";
import { test } from "node:test";
import type { Storage } from "../src/lib/api";
import { rate, summaryText, warnings } from "../src/search/storage";

const now_ms = Date.UTC(2026, 0, 10);
const day_ms = 24 * 3600 * 1000;
const some: Storage = {
  ...{ uploads: 1234, bytes: 8.5e9, limit_bytes: 10e9, retention_ms: 30 * day_ms, oldest_ms: now_ms - 3 * day_ms, disk_free_bytes: 5e10 },
  ...{
    databases_bytes: 1e6,
    index_memory_bytes: 9e8,
    index_memory_limit_bytes: 1e9,
    uploads_per_second: 3.14,
    uploads_per_second_possible: 400,
  },
  ...{ storing_share: 0.85, near: [], uploads_packed: 1000, pinned: 2, pinned_bytes: 4.5e9, notebook_was_damaged: false },
};

test("a line says what there is", () => {
  assert.match(summaryText(some, now_ms), /^1,234 uploads stored · 8\.50 GB of 10 GB · since .+ · 3\.1\/s now$/);
  const none = { ...some, uploads: 0, bytes: 0, limit_bytes: null, oldest_ms: null, uploads_per_second: null };
  assert.equal(summaryText(none, now_ms), "0 uploads stored · 0 B");
});

test("rates have a few digits", () => {
  assert.deepEqual([0, 0.0317, 3.14, 31.4, 314.15, 3141.5].map(rate), ["0/s", "0.032/s", "3.1/s", "31/s", "314/s", "3,140/s"]);
});

test("what is near is said with its figures", () => {
  assert.deepEqual(warnings(some, now_ms), []);
  const all = warnings({ ...some, near: ["retention", "disk", "index_memory", "uploads_per_second"] }, now_ms);
  assert.equal(
    all[0],
    "Uploads take 85 % of the 10 GB that --retention allows, and the oldest is 3 days old: they are removed before they are 30 days old.",
  );
  assert.equal(all[1], "The disk has 50 GB left for uploads, which take 8.50 GB.");
  assert.equal(all[2], "The index takes 90 % of --index-memory: beyond it, the oldest uploads are removed.");
  assert.equal(all[3], "Storing uploads takes 85 % of the time: at 3.1/s this machine is near its end.");
  const pins = (pinned_bytes: number) => warnings({ ...some, near: ["pins"], pinned_bytes }, now_ms)[0];
  assert.equal(pins(4.5e9), "Pinned uploads take 4.50 GB of the 5 GB that they may: the more they take, the sooner others are removed.");
  assert.match(pins(11e9)!, /more than --retention allows in all: of others only the newest is kept\.$/);
  const without = warnings({ ...some, near: ["retention"], retention_ms: null }, now_ms);
  assert.deepEqual(without, ["Uploads take 85 % of the 10 GB that --retention allows: the oldest are removed when it is full."]);
});
