import assert from "node:assert/strict";
import { test } from "node:test";
import { callers, filterTree } from "../src/graph/filter";
import { frameText, tooltipLines } from "../src/graph/frame_text";
import { flags } from "../src/graph/pattern";
import { nameOf, type Tree } from "../src/graph/tree";
import { tree } from "./trees";

const made = tree([
  { stack: ["main.main m.go", "github.com/x/sql.(*DB).exec[github.com/y.Row] q.go", "malloc m.c"], value: 30e6 },
  { stack: ["main.main m.go", "github.com/x/sql.(*DB).exec[github.com/y.Row] q.go"], value: 10e6 },
  { stack: ["main.main m.go", "main.cache c.go"], value: 8e6 },
]);

function node(of: Tree, name: string): number {
  for (let i = 0; i < of.count; i++) if (nameOf(of, i).includes(name)) return i;
  return assert.fail(name);
}

test("below a zoomed box, the share of all and that of the box", () => {
  const malloc = node(made, "malloc");
  assert.equal(frameText(made, malloc).replace(/ · m\.c:\d+/, ""), "malloc · 30 MB, 62.5 % of all, self 30 MB");
  const exec = node(made, "exec");
  assert.match(frameText(made, malloc, exec), /30 MB, 62\.5 % of all, 75\.0 % of sql\.\(\*DB\)\.exec\[github\.com\/y\.Row\], self 30 MB$/);
  assert.match(frameText(made, exec, exec), / · 40 MB, 83\.3 % of all, self 10 MB$/);
  assert.match(frameText(made, node(made, "main.main"), exec), / · 48 MB, 100\.0 % of all$/); // what called it
  assert.equal(frameText(made, 0), "all · 48 MB");
  assert.deepEqual(tooltipLines(made, malloc, node(made, "main.main")).slice(2), [
    "30 MB, 62.5 % of all",
    "62.5 % of main.main",
    "75.0 % of its caller",
    "self 30 MB, 62.5 %",
  ]);
});

test("where stacks were filtered out, the share of all and that of what is shown", () => {
  const focused = filterTree(made, { focus: ["exec"] });
  assert.equal(frameText(focused, 0), "all · 40 MB of 48 MB, 83.3 %");
  assert.match(frameText(focused, node(focused, "malloc")), /30 MB, 62\.5 % of all, 75\.0 % of what is shown, self 30 MB$/);
  assert.match(frameText(focused, node(focused, "malloc"), node(focused, "exec")), /62\.5 % of all, 75\.0 % of sql\.\(\*DB\)\.exec/);
  const hidden = filterTree(made, { hide: ["exec"] });
  assert.equal(frameText(hidden, 0), "all · 48 MB");
  assert.match(frameText(hidden, node(hidden, "malloc")), / · 30 MB, 62\.5 % of all, self 30 MB$/);
});

test("of callers, the share of all and that of the function", () => {
  const above = callers(made, flags(made.functions, "=main.cache")!);
  assert.match(frameText(above, 0), /^main\.cache · c\.go · 8 MB, 16\.7 % of all$/);
  assert.match(frameText(above, 1), /^main\.main · .*8 MB, 16\.7 % of all, 100\.0 % of main\.cache/);
});
