import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceOf } from "../src/lib/drop";

test("the service of a file is its name without what tells its format", () => {
  const cases = [
    ["checkout.pprof", "checkout"],
    ["checkout.pb.gz", "checkout"],
    ["Heap.20260101.heapprofile", "Heap.20260101"],
    ["app.speedscope.json", "app"],
    ["shop.trace", "shop"],
    ["heaptrack.app.123.zst", "heaptrack.app.123"],
    ["shop-1.2", "shop-1.2"],
    [".json", ".json"],
  ];
  for (const [file, service] of cases) assert.equal(serviceOf(file), service);
});
