import assert from "node:assert/strict";
import { test } from "node:test";
import { timeSplits, valueSplits } from "../src/lib/plot_splits";

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const utc = (): number => 0;

test("values are round, and no more than there is room for", () => {
  assert.deepEqual(valueSplits(0, 48e6, 5), [0, 10e6, 20e6, 30e6, 40e6]);
  assert.deepEqual(valueSplits(0, 1, 4), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(valueSplits(-0.3, 0.3, 6), [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]);
  assert.deepEqual(valueSplits(1e9, 1.001e9, 2), [1e9, 1.0005e9, 1.001e9]);
});

test("counts have no parts", () => {
  assert.deepEqual(valueSplits(0, 2.16, 8, true), [0, 1, 2]);
  assert.deepEqual(valueSplits(0, 24, 10, true), [0, 5, 10, 15, 20]);
});

test("a scale without a length has no marks", () => {
  for (const [low, high] of [[1, 1], [2, 1], [NaN, 1], [0, Infinity]]) assert.deepEqual(valueSplits(low!, high!, 5), []); // prettier-ignore
  assert.deepEqual(timeSplits(5, 5, 4, utc).splits, []);
});

test("times are round on the clock", () => {
  const noon = Date.UTC(2026, 0, 2, 12);
  assert.deepEqual(timeSplits(noon + 1, noon + hour, 6, utc), {
    splits: [10, 20, 30, 40, 50, 60].map((n) => noon + n * minute),
    step: 10 * minute,
  });
  // In Kolkata, 5:30 h ahead, midnight is at 18:30.
  const ahead = 330 * minute;
  assert.deepEqual(timeSplits(noon, noon + 2 * day, 3, () => ahead).splits, [noon + 6.5 * hour, noon + 30.5 * hour]);
});

test("days begin at midnight also where the clock was changed between them", () => {
  const change = Date.UTC(2026, 2, 29, 1); // Berlin: from 1 to 2 h ahead
  const berlin = (time: number): number => (time < change ? 1 : 2) * hour;
  const { splits } = timeSplits(change - 2 * day, change + 2 * day, 5, berlin);
  assert.deepEqual(splits, [Date.UTC(2026, 2, 27, 23), Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 2, 29, 22), Date.UTC(2026, 2, 30, 22)]);
  const hours = timeSplits(change - 3 * hour, change + 3 * hour, 6, berlin).splits.map((at) => new Date(at + berlin(at)).getUTCHours());
  assert.deepEqual(hours, [23, 0, 1, 3, 4, 5, 6]);
});

test("of years the firsts of months", () => {
  const { splits, step } = timeSplits(Date.UTC(2025, 0, 15), Date.UTC(2026, 5, 1), 7, utc);
  assert.deepEqual(splits, [Date.UTC(2025, 3, 1), Date.UTC(2025, 6, 1), Date.UTC(2025, 9, 1), Date.UTC(2026, 0, 1), Date.UTC(2026, 3, 1)]);
  assert.ok(step > 28 * day);
});

test("any range has marks, in order, in it", () => {
  for (let length = 5; length < 40 * 366 * day; length *= 1.7) {
    for (const most of [1, 3, 12]) {
      const from = Date.UTC(2026, 6, 13, 11, 7, 5, 3);
      const { splits } = timeSplits(from, from + length, most, utc);
      assert.ok(splits.length <= most + 1.5, `${splits.length} of ${most} in ${length}`);
      splits.forEach((at, i) => assert.ok(at >= from && at <= from + length && (i === 0 || at > splits[i - 1]!)));
    }
  }
});
