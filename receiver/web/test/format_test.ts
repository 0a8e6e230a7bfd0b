import assert from "node:assert/strict";
import { test } from "node:test";
import { between, bytes, change, duration, share, source, value } from "../src/lib/format";

test("values in units for people", () => {
  assert.deepEqual([0, 1, 999, 1000, 1234, 12345, 999_999, 48e6, -2.5e9].map(bytes), [
    "0 B",
    "1 B",
    "999 B",
    "1 kB",
    "1.23 kB",
    "12.3 kB",
    "1.00 MB",
    "48 MB",
    "-2.50 GB",
  ]);
  assert.deepEqual([0, 999, 1500, 32.7e9, 90e9].map(duration), ["0 ns", "999 ns", "1.50 µs", "32.7 s", "1.50 min"]);
  assert.deepEqual(
    [value(4000, "count"), value(5, "flops"), value(0.25, "cores"), value(2e3, "microseconds"), value(5e3, "bytes_per_second")],
    ["4,000", "5 flops", "0.25 cores", "2 ms", "5 kB/s"],
  );
  assert.deepEqual(
    [0.375, 12.34, 0.999999999999, 1234.5, 0.01, 1e-12, 0].map((number) => value(number, "count")),
    ["0.4", "12.3", "1", "1,235", "<0.1", "0", "0"],
  );
  assert.deepEqual([value(0.375, "bytes"), value(1234.5, "bytes")], ["0 B", "1.23 kB"]);
  assert.deepEqual([change(1e-12, "count"), change(-0.25, "count"), change(0.2, "bytes")], ["±0", "−0.3", "±0"]);
  assert.deepEqual([change(5e6, "bytes"), change(-5e6, "bytes"), change(0, "bytes")], ["+5 MB", "−5 MB", "±0"]);
});

test("shares", () => {
  assert.deepEqual([share(1, 0), share(1, 3), share(1, 1e6), share(0, 5)], ["–", "33.3 %", "<0.1 %", "0.0 %"]);
});

test("stretches of time and places", () => {
  assert.equal(between("2026-01-02T03:04:05Z", "2026-01-02T03:05:05Z"), "1 min");
  assert.equal(between("", "x"), "");
  assert.equal(source("/a/b/c/main.go", 12), "c/main.go:12");
  assert.equal(source("", 3), "");
});
