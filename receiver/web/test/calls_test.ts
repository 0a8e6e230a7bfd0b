import assert from "node:assert/strict";
import { test } from "node:test";
import { callsOf, mostCalls } from "../src/graph/calls";
import { apart, inversions, layOut, type Line, type Size } from "../src/graph/call_layout";
import { sumFunctions } from "../src/graph/tree";
import { randomSamples, tree, type Sample } from "./trees";

// What each pair of frames that follow one another has, once for each sample, counted over the samples themselves.
function pairs(samples: readonly Sample[], kept: (name: string) => boolean = () => true): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { stack, value } of samples) {
    const names = stack.map((frame) => frame.split(" ")[0]).filter(kept);
    const seen = new Set(names.slice(1).map((to, i) => `${names[i]} > ${to}`));
    for (const one of seen) sums.set(one, (sums.get(one) ?? 0) + value);
  }
  return sums;
}

test("a call has what the stacks that make it have, each once, also between functions that others stand between", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const samples = randomSamples(300, seed);
    const made = tree(samples);
    const sums = sumFunctions(made);
    for (const most of [3, 5, 1000]) {
      const { functions, calls, callsLeftOut, functionsLeftOut } = callsOf(made, sums, most);
      const names = new Set(functions.map(({ name }) => name));
      assert.equal(functions.length, Math.min(most, sums.length));
      assert.equal(functionsLeftOut, sums.length - functions.length);
      const want = pairs(samples, (name) => names.has(name));
      assert.equal(calls.length + callsLeftOut, want.size);
      for (const { from, to, value, direct } of calls) {
        const key = `${functions[from].name} > ${functions[to].name}`;
        assert.ok(Math.abs(value - want.get(key)!) <= 1e-9 * value, `${key}: ${value} is not ${want.get(key)}`);
        assert.equal(direct, pairs(samples).has(key), key);
      }
    }
  }
});

test("the functions with most in all and with most of their own stay", () => {
  const samples: Sample[] = [];
  for (let i = 0; i < 60; i++) samples.push({ stack: ["main", "serve", "handle", `f${i}`, `g${i}`], value: i === 7 ? 50 : 1 });
  const { functions } = callsOf(tree(samples), sumFunctions(tree(samples)), 5);
  assert.deepEqual(functions.map(({ name }) => name).sort(), ["g0", "g7", "handle", "main", "serve"].sort());
});

test("light calls are left out, but each function has the heaviest of its callers", () => {
  const samples: Sample[] = [
    { stack: ["main", "big"], value: 1e6 },
    { stack: ["main", "big", "small"], value: 2 },
    { stack: ["main", "small"], value: 1 },
  ];
  const made = callsOf(tree(samples), sumFunctions(tree(samples)), 40);
  const text = made.calls.map(({ from, to, value }) => `${made.functions[from].name} > ${made.functions[to].name} ${value}`);
  assert.deepEqual(text, ["main > big 1000002", "big > small 2"]);
  assert.equal(made.callsLeftOut, 1);
});

const random = (seed: number): (() => number) => {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
};

test("boxes of a row stand apart, and calls lead down unless they close a ring", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const next = random(seed);
    const count = 1 + Math.floor(next() * 60);
    const sizes: Size[] = Array.from({ length: count }, () => ({ width: 40 + next() * 200, height: 30 + next() * 30 }));
    const lines: Line[] = [];
    for (let i = 0; i < count * 2; i++)
      lines.push({ from: Math.floor(next() * count), to: Math.floor(next() * count), weight: next() < 0.1 ? 0 : next() * 1e9 });
    const { width, height, boxes, routes, rows } = layOut(sizes, lines);
    assert.deepEqual(rows.flat().sort((a, b) => a - b), [...sizes.keys()]); // prettier-ignore
    for (const row of rows)
      for (let i = 1; i < row.length; i++) {
        const [a, b] = [row[i - 1], row[i]];
        assert.ok(boxes[b].x - sizes[b].width / 2 - (boxes[a].x + sizes[a].width / 2) > 10);
        assert.equal(boxes[a].y, boxes[b].y);
      }
    boxes.forEach(({ x, y }, box) => {
      assert.ok(x - sizes[box].width / 2 >= 0 && x + sizes[box].width / 2 <= width);
      assert.ok(y - sizes[box].height / 2 >= 0 && y + sizes[box].height / 2 <= height);
    });
    const reaches = (from: number, to: number): boolean => {
      const seen = new Set([from]);
      for (const at of seen) for (const line of lines) if (line.from === at) seen.add(line.to);
      return seen.has(to);
    };
    lines.forEach(({ from, to }, i) => {
      if (from === to) return assert.equal(routes[i].length, 0);
      const [first, last] = [routes[i][0], routes[i].at(-1)!];
      assert.ok(Math.abs(first.x - boxes[from].x) <= sizes[from].width / 2 && Math.abs(last.x - boxes[to].x) <= sizes[to].width / 2);
      if (boxes[from].y >= boxes[to].y) assert.ok(reaches(to, from), `${from} > ${to} leads up without a ring`);
    });
  }
});

test("at most so many calls are drawn, the largest, and each function keeps the heaviest of its callers", () => {
  const samples: Sample[] = [];
  for (let from = 0; from < 160; from++)
    for (let to = from + 1; to < Math.min(from + 6, 160); to++) samples.push({ stack: [`f${from}`, `f${to}`], value: 3000 + ((from * 7919 + to * 104729) % 997) }); // prettier-ignore
  const made = tree(samples);
  const { functions, calls, callsLeftOut } = callsOf(made, sumFunctions(made), 160);
  assert.equal(calls.length, mostCalls);
  assert.equal(calls.length + callsLeftOut, samples.length);
  assert.equal(new Set(calls.map(({ to }) => to)).size, functions.length - 1); // f0 is not called
  const firsts = new Set<number>();
  const others = calls.filter(({ to }) => firsts.has(to) || !firsts.add(to)).map(({ value }) => value);
  const drawn = new Set(calls.map(({ from, to }) => `${functions[from].name} ${functions[to].name}`));
  const left = samples.filter(({ stack }) => !drawn.has(stack.join(" "))).map(({ value }) => value);
  assert.ok(Math.min(...others) >= left.reduce((most, one) => Math.max(most, one), 0));
});

test("a graph of very many boxes has a layout, too", () => {
  const sizes: Size[] = Array.from({ length: 200_000 }, () => ({ width: 100, height: 40 }));
  assert.equal(layOut(sizes, []).boxes.length, sizes.length);
});

test("inversions are counted as pair by pair", () => {
  const next = random(11);
  for (let round = 0; round < 100; round++) {
    const count = 1 + Math.floor(next() * 30);
    const numbers = Array.from({ length: Math.floor(next() * 60) }, () => Math.floor(next() * count));
    let want = 0;
    numbers.forEach((a, i) => numbers.slice(i + 1).forEach((b) => (want += b < a ? 1 : 0)));
    assert.equal(inversions(numbers, count), want);
  }
});

test("nothing at all has a layout, too", () => {
  assert.deepEqual(layOut([], []).boxes, []);
});

test("places are as near as can be to where they are wanted", () => {
  const next = random(5);
  for (let round = 0; round < 200; round++) {
    const count = 1 + Math.floor(next() * 6);
    const wanted = Array.from({ length: count }, () => Math.round(next() * 40));
    const weights = wanted.map(() => 0.1 + next());
    const distances = wanted.slice(1).map(() => 1 + Math.round(next() * 10));
    const cost = (at: readonly number[]): number => at.reduce((sum, x, i) => sum + weights[i] * (x - wanted[i]) ** 2, 0);
    const found = apart(wanted, weights, distances);
    for (let i = 1; i < count; i++) assert.ok(found[i] - found[i - 1] >= distances[i - 1] - 1e-9);
    // No small move that keeps the distances is better.
    for (let tries = 0; tries < 60; tries++) {
      const moved = found.map((x) => x + (next() - 0.5) * 0.2);
      for (let i = 1; i < count; i++) moved[i] = Math.max(moved[i], moved[i - 1] + distances[i - 1]);
      assert.ok(cost(moved) >= cost(found) - 1e-9);
    }
  }
});
