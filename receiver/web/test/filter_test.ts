import assert from "node:assert/strict";
import { test } from "node:test";
import { callees, callers, filterTree, sumMatches } from "../src/graph/filter";
import { anyFlags, flags } from "../src/graph/pattern";
import type { TreeAnswer } from "../src/lib/api";
import { readTree, sumFunctions } from "../src/graph/tree";
import { faults, folded, randomSamples, tree, type Sample } from "./trees";

const samples: Sample[] = [
  { stack: ["main.main m.go", "main.a m.go", "runtime.cgocall r.go", "malloc m.c"], value: 8 },
  { stack: ["main.main m.go", "main.b m.go", "runtime.new r.go"], value: 4 },
  { stack: ["main.main m.go", "main.b m.go"], value: 2 },
];

test("without filters the tree is the same", () => {
  const made = tree(samples);
  assert.equal(filterTree(made, { focus: [], hide: [""] }), made);
});

test("focus keeps the stacks that have all of the frames", () => {
  assert.deepEqual(folded(filterTree(tree(samples), { focus: ["main.b"] })), ["main.main;main.b 2", "main.main;main.b;runtime.new 4"]);
  assert.deepEqual(folded(filterTree(tree(samples), { focus: ["main.b", "new"] })), ["main.main;main.b;runtime.new 4"]);
  assert.deepEqual(folded(filterTree(tree(samples), { focus: ["main.a", "new"] })), []);
});

test("counts and errors of sampling go along", () => {
  const answer: TreeAnswer = {
    ...{ type: "inuse_space", unit: "bytes", gauge: true, nodes_left_out: 0, warnings: [], self: 0 },
    ...{ total: 14, objects: 7, spread: 5 },
    functions: ["main.main", "main.a", "malloc"].map((name) => ({ name, file: "m.go", kind: "go" as const })),
    nodes: [
      [0, 0, 1, 2, 14, 7, 5],
      [1, 1, 1, 8, 8, 4, 4],
      [1, 2, 1, 4, 4, 2, 3],
    ],
  };
  const made = readTree(answer);
  assert.deepEqual([...made.objects!], [7, 7, 4, 2]);
  assert.deepEqual([...filterTree(made, { ignore: ["main.a"] }).objects!], [3, 3, 2]);
  assert.deepEqual([...filterTree(made, { ignore: ["main.a"] }).spread!], [3, 3, 3]);
  assert.deepEqual([...filterTree(made, { hide: ["main.main"] }).spread!], [5, 4, 3]);
  const under = callees(made, flags(made.functions, "=main.a")!);
  assert.deepEqual([under.objects![0], under.spread![0]], [4, 4]);
  assert.deepEqual([...callers(made, flags(made.functions, "=malloc")!).spread!], [3, 3]);
  const sums = sumFunctions(made).map(({ name, objects, spread }) => [name, objects, spread]);
  assert.deepEqual(sums, [["main.main", 7, 5], ["main.a", 4, 4], ["malloc", 2, 3]]); // prettier-ignore
  const whole = sumFunctions(readTree({ ...answer, sums: [[2, 14, 9, 6], [8, 8, 5, 4], [4, 4, 2, 3]] })); // prettier-ignore
  assert.deepEqual([whole[0].objects, whole[0].spread, whole[0].baseTotal], [9, 6, 0]);
});

test("ignore drops them", () => {
  assert.deepEqual(folded(filterTree(tree(samples), { ignore: ["main.a"] })), ["main.main;main.b 2", "main.main;main.b;runtime.new 4"]);
  assert.deepEqual(folded(filterTree(tree(samples), { focus: ["main.b"], ignore: ["/new$/"] })), ["main.main;main.b 2"]);
});

test("hidden frames leave what they have to their callers", () => {
  const made = filterTree(tree(samples), { without: ["runtime"], hide: ["=main.main"] });
  assert.deepEqual(folded(made).sort(), ["main.a;malloc 8", "main.b 6"]);
  assert.equal(made.total[0], 14);
  assert.deepEqual(faults(made), []);
});

test("frames of one package that follow one another become one", () => {
  const made = filterTree(tree(samples), { group: "package" });
  assert.deepEqual(folded(made).sort(), ["main 2", "main;runtime 4", "main;runtime;m.c 8"]);
  const focused = filterTree(tree(samples), { group: "package", focus: ["package:m.c"] });
  assert.deepEqual(folded(focused), ["main;runtime;m.c 8"]);
});

test("what filters keep is what a look at each sample keeps", () => {
  const random = randomSamples(500, 3);
  const names = (sample: Sample): string[] => sample.stack.map((frame) => frame.split(" ")[0]);
  const has = (sample: Sample, text: string): boolean => names(sample).some((name) => name.includes(text));
  for (const [focus, ignore, hide] of [
    ["f1", "", ""],
    ["", "f2", ""],
    ["", "", "main."],
    ["f1", "f2", "runtime."],
  ]) {
    const made = filterTree(tree(random), { focus: [focus], ignore: [ignore], hide: [hide] });
    const want = new Map<string, number>();
    for (const sample of random) {
      if ((focus && !has(sample, focus)) || (ignore && has(sample, ignore))) continue;
      const left = names(sample)
        .filter((name) => !hide || !name.includes(hide))
        .join(";");
      want.set(left, (want.get(left) ?? 0) + sample.value);
    }
    assert.deepEqual(folded(made).sort(), [...want].map(([stack, value]) => `${stack} ${value}`).sort());
    assert.deepEqual(faults(made), []);
  }
});

test("callees are all that is below a function, callers all that is above", () => {
  const made = tree([
    { stack: ["main", "x", "f", "g", "f", "h"], value: 5 },
    { stack: ["main", "y", "f", "g"], value: 3 },
    { stack: ["main", "f"], value: 1 },
    { stack: ["main", "z"], value: 100 },
  ]);
  const wanted = flags(made.functions, "=f")!;
  const below = callees(made, wanted);
  assert.deepEqual([below.total[0], below.self[0]], [9, 1]);
  assert.deepEqual(folded(below).sort(), [" 1", "g 3", "g;f;h 5"]);
  const above = callers(made, wanted);
  assert.deepEqual(folded(above).sort(), ["main 1", "x;main 5", "y;main 3"]);
  assert.equal(above.functions[above.fn[0]].name, "f");
  assert.deepEqual([...faults(below), ...faults(above)], []);
});

test("a difference keeps both sides through filters", () => {
  const made = tree([
    { stack: ["a", "r"], value: 4, base: 1 },
    { stack: ["b", "r"], value: 0, base: 7 },
  ]);
  const hidden = filterTree(made, { hide: ["=r"] });
  assert.deepEqual([hidden.total[0], hidden.base!.total[0]], [4, 8]);
  const above = callers(made, flags(made.functions, "=r")!);
  assert.deepEqual([...above.base!.total], [8, 7, 1]);
});

test("a search adds up the outermost matches", () => {
  const made = tree([
    { stack: ["f", "g", "f"], value: 5 },
    { stack: ["g"], value: 2 },
  ]);
  assert.deepEqual(sumMatches(made, flags(made.functions, "f")!), { frames: 2, total: 5, baseTotal: 0 });
  assert.deepEqual(sumMatches(made, flags(made.functions, "/[fg]/")!), { frames: 4, total: 7, baseTotal: 0 });
});

test("patterns", () => {
  const functions = tree([{ stack: ["main.Run m.go", "github.com/a/b.(*T).Do b.go", "strlen string.c"], value: 1 }]).functions;
  const found = (text: string): string =>
    functions
      .filter((_, i) => flags(functions, text)?.[i])
      .map((fn) => fn.name)
      .join();
  assert.equal(found("run"), "main.Run");
  assert.equal(found("STRING.C"), "strlen");
  assert.equal(found("/^str|do$/"), "github.com/a/b.(*T).Do,strlen");
  assert.equal(found("=main.Run"), "main.Run");
  assert.equal(found("=main"), "");
  assert.equal(found("package:main"), "main.Run");
  assert.equal(found("package:string.c"), "strlen");
  assert.equal(found("file:b.go"), "github.com/a/b.(*T).Do");
  assert.equal(flags(functions, "  "), null);
  assert.equal(flags(functions, "//"), null);
  assert.deepEqual([...anyFlags(functions, ["run", "strlen"])!], [1, 0, 1]);
  assert.equal(anyFlags(functions, []), null);
  assert.throws(() => flags(functions, "/(/"), /Invalid regular expression/);
});

test("the values of a label stay, whatever is hidden or joined, and can be focused", () => {
  const byTenant = tree([
    { stack: ["acme =tenant", "main.a m.go", "main.b m.go"], value: 3 },
    { stack: ["zeta =tenant", "main.a m.go"], value: 2 },
  ]);
  assert.deepEqual(folded(filterTree(byTenant, { hide: ["/./"] })), ["acme 3", "zeta 2"]);
  assert.deepEqual(folded(filterTree(byTenant, { group: "package" })), ["acme;main 3", "zeta;main 2"]);
  assert.deepEqual(folded(filterTree(byTenant, { group: "file" })), ["acme;m.go 3", "zeta;m.go 2"]);
  assert.deepEqual(folded(filterTree(byTenant, { focus: ["=acme"] })), ["acme;main.a;main.b 3"]);
});

test("sums below a node are of its functions alone", () => {
  const byTenant = tree([
    { stack: ["acme =tenant", "a", "b", "a"], value: 3 },
    { stack: ["zeta =tenant", "a"], value: 2 },
  ]);
  const of = (below: number): string[] => sumFunctions(byTenant, below).map(({ name, self, total }) => `${name} ${self}/${total}`);
  assert.deepEqual(of(1), ["a 3/3", "b 0/3"]);
  assert.deepEqual(of(5), ["a 2/2"]);
});
