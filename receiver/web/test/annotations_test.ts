import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationBody, notShownText, shown, type Annotation, type Annotations } from "../src/lib/annotations";
import { useUtc } from "../src/lib/times";

const all = (count: number, left_out = 0): Annotations => ({
  annotations: Array.from({ length: count }, (_, i): Annotation => ({
    id: count - i,
    time_ms: count - i,
    text: "x",
    link: null,
    tags: [],
  })),
  left_out,
});

test("the latest annotations are shown, the earliest first, and the others counted", () => {
  assert.deepEqual(
    shown(all(3)).map(({ id }) => id),
    [1, 2, 3],
  );
  assert.equal(shown(all(25)).length, 20);
  assert.equal(shown(all(25))[0]!.id, 6);
  assert.equal(notShownText(all(20)), "");
  assert.equal(notShownText(all(21)), "1 earlier annotation not shown");
  assert.equal(notShownText(all(21, 1200)), "1,201 earlier annotations not shown");
});

test("a new annotation has what was given, in the time that is shown", () => {
  useUtc(true);
  assert.deepEqual(annotationBody(" deploy 7 ", "2026-01-02T03:04:05", "", " ", ""), {
    text: "deploy 7",
    time: Date.UTC(2026, 0, 2, 3, 4, 5),
  });
  assert.deepEqual(annotationBody("x", "", "shop", "env:prod, region:eu", "https://ci.example/7"), {
    text: "x",
    service: "shop",
    tags: "env:prod, region:eu",
    link: "https://ci.example/7",
  });
  useUtc(false);
});
