import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { clock, exact, fieldTime, fromField, midnight_ms, moment, offset_ms, rangeText, timeTicks, useUtc } from "../src/lib/times";

process.env.TZ = "Asia/Kolkata"; // 5:30 h ahead, all year
const minute = 60_000;
const evening = Date.UTC(2026, 0, 2, 20, 4, 5); // 01:34:05 of the third there

afterEach(() => useUtc(false));

test("a moment in this machine's time and in UTC", () => {
  assert.equal(moment(evening, evening + minute), "01:34:05");
  assert.equal(moment(evening, Date.UTC(2026, 5, 1)), "3 Jan 01:34:05");
  assert.equal(moment(evening, Date.UTC(2027, 5, 1)), "3 Jan 2026 01:34:05");
  assert.equal(moment(NaN), "");
  assert.equal(exact(evening), "2026-01-03 01:34:05");
  assert.equal(rangeText(evening, evening + minute), "3 Jan 01:34:05 – 01:35:05");
  assert.equal(clock(evening), "01:34:05");
  useUtc(true);
  assert.equal(moment(evening, evening + minute), "20:04:05");
  assert.equal(moment(evening, Date.UTC(2026, 5, 1)), "2 Jan 20:04:05");
  assert.equal(exact(evening), "2026-01-02 20:04:05 UTC");
  assert.equal(exact(NaN), "");
  assert.equal(rangeText(evening, evening + 240 * minute), "2 Jan 20:04:05 – 3 Jan 00:04:05");
  assert.equal(rangeText(evening, evening + 500), "2 Jan 20:04:05.000 – 20:04:05.500");
  assert.equal(rangeText(evening, evening + 2000), "2 Jan 20:04:05 – 20:04:07");
});

test("what a form's field holds is the same moment again", () => {
  assert.equal(fieldTime(evening), "2026-01-03T01:34:05");
  assert.equal(fromField("2026-01-03T01:34"), evening - 5000);
  useUtc(true);
  assert.equal(fieldTime(evening), "2026-01-02T20:04:05");
  assert.equal(fromField("2026-01-02T20:04"), evening - 5000);
  assert.ok(Number.isNaN(fromField("")));
});

test("days begin at midnight of the zone", () => {
  assert.equal(midnight_ms(), -330 * minute);
  assert.equal(offset_ms(evening), 330 * minute);
  useUtc(true);
  assert.equal(midnight_ms(), 0);
  assert.equal(offset_ms(evening), 0);
});

test("a time axis names the day once", () => {
  useUtc(true);
  const noon = Date.UTC(2026, 0, 2, 12);
  assert.deepEqual(timeTicks([noon, noon + minute], minute), ["12:00\n2 Jan", "12:01"]);
  assert.deepEqual(timeTicks([noon, noon + 720 * minute], 720 * minute), ["12:00\n2 Jan", "00:00\n3 Jan"]);
  assert.deepEqual(timeTicks([noon, noon + 1000], 1000), ["12:00:00\n2 Jan", "12:00:01"]);
  assert.deepEqual(timeTicks([noon], 1440 * minute), ["2 Jan"]);
  useUtc(false);
  assert.deepEqual(timeTicks([noon], minute), ["17:30\n2 Jan"]);
});
