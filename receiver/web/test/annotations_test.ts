import assert from "node:assert/strict";
import { test } from "node:test";
import { notShownText, shown, type Annotation, type Annotations } from "../src/lib/annotations";

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
