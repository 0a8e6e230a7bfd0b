import assert from "node:assert/strict";
import { test } from "node:test";
import { partColours } from "../src/graph/flame_colours";
import type { Series } from "../src/lib/api";
import { stack } from "../src/lib/chart_units";
import { contrast } from "../src/lib/contrast";
import { isAboutMemory } from "../src/lib/findings";
import partStyle from "../src/lib/memory_parts.css";
import { memoryParts, partColour, partOfFrames } from "../src/lib/memory_parts";
import { State } from "../src/lib/state";
import {
  firstOf,
  growthNow,
  growthOf,
  indicesIn,
  isInChart,
  lastOf,
  limited,
  limitOf,
  newestStart,
  outlookOf,
  readMemory,
  type Values,
} from "../src/memory/memory_data";
import { graphSelection } from "../src/memory/memory_graph";
import { gapsOf, headline, outlookText } from "../src/memory/memory_text";
import { tree } from "./trees";

const minute = 60_000;
const MB = 1e6;

// Values of a figure, one a minute; null: no point.
function series(name: string, values: Values): Series {
  return { name, unit: "bytes", points: values.flatMap((value, at) => (value === null ? [] : [[at * minute, value] as [number, number]])) };
}

function growing(from: number, by: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => from + by * at);
}

test("areas are stacked; what is unknown adds nothing, and where all is unknown there is nothing", () => {
  assert.deepEqual(
    stack([
      [1, null, null],
      [10, 20, null],
    ]),
    [
      [11, 20, null],
      [10, 20, null],
    ],
  );
  assert.deepEqual(stack([]), []);
});

test("the parts of memory from the top of the chart down; a client without them", () => {
  const memory = readMemory([
    series("memory_unexplained_bytes", [5, 6]),
    series("memory_go_live_bytes", [null, 7]),
    series("cpu", [1, 2]),
  ])!;
  assert.deepEqual(
    memory.parts.map(({ part, values }) => [part.key, values]),
    [
      ["unexplained", [5, 6]],
      ["go_live", [null, 7]],
    ],
  );
  assert.deepEqual(memory.times_ms, [0, minute]);
  assert.equal(memory.of("rss_bytes"), undefined);
  assert.equal(readMemory([series("c_live_bytes", [1]), series("memory_rss_bytes", [])]), null);
  assert.equal(lastOf([1, null]), 1);
  assert.equal(firstOf([null, 3, 4]), 3);
  assert.equal(lastOf([1, 2, null], 2), null);
});

test("the range that is shown", () => {
  assert.deepEqual(indicesIn([10, 20, 30], null), [0, 3]);
  assert.deepEqual(indicesIn([10, 20, 30], [15, 30]), [1, 3]);
  assert.deepEqual(indicesIn([10, 20, 30], [21, 29]), [2, 2]);
  assert.deepEqual(indicesIn([10, 20, 30], [40, 50]), [3, 3]);
});

test("growth is what stands out of the scatter", () => {
  const times = growing(0, minute, 20);
  const grown = growthOf(times, growing(100 * MB, 5 * MB, 20));
  assert.ok(grown.grows && Math.abs(grown.slope_per_ms * minute - 5 * MB) < 1);
  assert.equal(growthOf(times, growing(100 * MB, -5 * MB, 20)).grows, false);
  assert.equal(growthOf(times, growing(100 * MB, 0, 20)).grows, false);
  assert.equal(growthOf(times, growing(1000 * MB, 1000, 20)).grows, false); // far below one in a hundred
  const saw = times.map((_, at) => (at % 5) * 20 * MB + 100 * MB);
  assert.equal(growthOf(times, saw).grows, false);
  assert.equal(
    growthOf(
      times,
      saw.map((value, at) => value + at * 10 * MB),
    ).grows,
    true,
  );
  assert.deepEqual(growthOf(times, growing(0, MB, 4)), { points: 4, slope_per_ms: 0, fits: 0, grows: false });
});

test("how it grows now, of planted courses", () => {
  const at = (values: number[]): { slope: number; since: number } => {
    const times = growing(0, minute, values.length);
    const { growth, since } = growthNow(times, values, 0, values.length);
    return { slope: growth.grows ? (growth.slope_per_ms * minute) / MB : 0, since };
  };
  const near = (values: number[], slope: number, share: number): void => {
    const got = at(values);
    assert.ok(Math.abs(got.slope - slope) <= share * slope, `${got.slope} MB a minute, not ${slope}`);
  };
  const wobble = (values: number[], size: number): number[] =>
    values.map((value, i) => value + size * MB * ((i * 7919) % 13) * (i % 2 ? 1 : -1));
  near(growing(100 * MB, 5 * MB, 40), 5, 0.01);
  assert.equal(at(growing(100 * MB, 5 * MB, 40)).since, 0);
  near(wobble(growing(100 * MB, 5 * MB, 40), 0.3), 5, 0.15);
  near([...growing(300 * MB, 0, 24), ...growing(310 * MB, 10 * MB, 16)], 10, 0.2); // began lately
  near([...growing(100 * MB, 20 * MB, 20), ...growing(505 * MB, 5 * MB, 20)], 5, 0.1); // slows down
  near(
    growing(0, 1, 40).map((t) => (100 + 0.2 * t * t) * MB), // accelerates: 15.6 at the end
    15.6,
    0.25,
  );
  const tooth = growing(300 * MB, 20 * MB, 16);
  assert.equal(at([...tooth, ...tooth, ...tooth.slice(0, 8)]).slope, 0); // half way up
  assert.equal(at([...growing(100 * MB, 20 * MB, 20), ...growing(500 * MB, 0, 20)]).slope, 0); // is over
});

test("growth begins anew with a process", () => {
  assert.equal(newestStart([5, 7, 7, 2, 3], 0, 5), 3);
  assert.equal(newestStart([500, 499, 501], 0, 3), 0); // the kernel's count is not exact
  assert.equal(newestStart([5, null, 2], 0, 3), 2);
  assert.equal(newestStart(undefined, 2, 3), 2);
});

test("what counts against the limit", () => {
  const all = [
    series("memory_cgroup_bytes", [100, 100]),
    series("memory_cgroup_inactive_file_bytes", [30, null]),
    series("memory_rss_bytes", [5, 5]),
  ];
  assert.deepEqual(limited(readMemory(all)!)!.values, [70, null]);
  assert.equal(limited(readMemory([all[0]!, all[2]!])!)!.name, "Cgroup");
  assert.equal(limited(readMemory([all[2]!])!)!.name, "RSS");
  assert.equal(limited(readMemory([series("memory_go_live_bytes", [1])])!), null);
  const told = readMemory([...all, series("memory_limit_used_bytes", [60, 61]), series("memory_limit_bytes", [90, 90])])!;
  assert.deepEqual(limited(told), { values: [60, 61], name: "Counts against the limit" });
  assert.deepEqual(limitOf(told), [90, 90]);
});

test("the time until the limit, and why there is none", () => {
  const text = (rss: Values, limit: Values, peak: Values = [], range: [number, number] | null = null): string => {
    const memory = readMemory([
      series("memory_rss_bytes", rss),
      series("memory_cgroup_limit_bytes", limit),
      series("memory_peak_rss_bytes", peak),
    ])!;
    const outlook = outlookOf(memory, range)!;
    const last_ms = memory.times_ms[indicesIn(memory.times_ms, range)[1] - 1]!;
    return outlookText(outlook, memory.times_ms, last_ms)
      .replace(/ at \d.*/, " at …")
      .replace(/since \d[^:]*[\d:]* *[A-Z]*(?=: )/, "since …");
  };
  const ten = growing(100 * MB, 10 * MB, 10); // 190 MB at last
  const limit = (bytes: number): number[] => growing(bytes, 0, 10);
  assert.equal(
    text(ten, limit(400 * MB)),
    "RSS: 190 MB, 47.5 % of the limit of 400 MB; grows by 10 MB a minute in the shown range: 21 min until the limit, reached at …",
  );
  assert.equal(text(ten, []), "RSS: 190 MB, no limit known; grows by 10 MB a minute in the shown range");
  assert.equal(text(limit(90 * MB), limit(100 * MB)), "RSS: 90 MB, 90.0 % of the limit of 100 MB; not growing in the shown range");
  assert.equal(text(limit(100 * MB), limit(100 * MB)), "RSS: 100 MB, at the limit of 100 MB");
  // Rises at the end of the range only: no line fits, and yet it is not said that nothing grows.
  const late = [...growing(100 * MB, 0, 18), 120 * MB, 180 * MB];
  assert.match(text(late, []), /no limit known; no steady growth in the shown range, but 80 MB more than at its start$/);
  assert.match(text(ten, limit(1e15)), /more than 30 days until the limit$/);
  assert.match(text(ten, limit(400 * MB), [], [0, 3 * minute]), /growth cannot be told from 4 uploads in the shown range$/);
  // A restart in the middle: the slope is that of the new process.
  const restarted = [...growing(300 * MB, 0, 5), ...growing(10 * MB, MB, 5)];
  assert.match(text(restarted, limit(100 * MB), restarted), /grows by 1\.00 MB a minute since the last restart: 1\.43 h until/);
  assert.equal(outlookOf(readMemory([series("memory_rss_bytes", [1])])!, [5, 9]), null);
  // Quiet for long, then 10 MB a minute: 200 MB left are 20 minutes, however long it was quiet.
  const lately = [...growing(100 * MB, 0, 24), ...growing(110 * MB, 10 * MB, 16)];
  assert.match(text(lately, growing(460 * MB, 0, 40)), /grows by (9\.\d+|10) MB a minute since .*: (19|20|21)(\.\d)? min until/);
});

test("in words: the largest parts and what is unexplained, and what is missing", () => {
  const memory = readMemory([
    series("memory_rss_bytes", [100 * MB, 200 * MB]),
    series("memory_go_live_bytes", [50 * MB, 50 * MB]),
    series("memory_malloc_live_bytes", [45 * MB, 146 * MB]),
    series("memory_unexplained_bytes", [5 * MB, 4 * MB]),
    series("memory_incomplete", [1, 0]),
  ])!;
  assert.equal(headline(memory, null), "200 MB resident · C heap: live 73.0 % · Go heap: live 25.0 % · Unexplained 2.0 %");
  assert.equal(headline(memory, [0, 1]), "100 MB resident · Go heap: live 50.0 % · C heap: live 45.0 % · Unexplained 5.0 %");
  assert.equal(headline(memory, [1, 2]), "No figures in the shown range");
  assert.deepEqual(
    gapsOf(memory, null).map((gap) => gap.slice(0, 40)),
    ["The breakdown is incomplete at 1 of 2 mo", "The cgroup's figures are not known"],
  );
  assert.equal(gapsOf(readMemory([series("memory_cgroup_bytes", [1])])!, null).join(), "RSS itself is not known,No part of RSS is known");
});

test("a limit far above everything is not in the chart", () => {
  assert.equal(isInChart([400], [[100], [5]], 0, 1), true);
  assert.equal(isInChart([401], [[100], [5]], 0, 1), false);
  assert.equal(isInChart([401, 401], [[500, 100]], 1, 2), false);
});

test("boxes have the colour of their cause, and of their kind", () => {
  const made = tree([
    { stack: ["Go_heap", "live", "main.main"], value: 5 },
    { stack: ["Go_heap", "free,_not_returned"], value: 4 },
    { stack: ["memory_mapped_by_C", "mapped,_not_seen_by_the_profiler"], value: 3 },
    { stack: ["something_new", "live"], value: 2 },
  ]);
  for (const fn of made.functions) fn.name = fn.name.replaceAll("_", " ");
  const colours = partColours(made);
  const of = new Map(made.functions.map(({ name }, fn) => [name, colours[made.fn.indexOf(fn)]]));
  assert.equal(of.get("Go heap"), "--part-go_live");
  assert.equal(of.get("main.main"), "--part-go_live");
  assert.equal(of.get("free, not returned"), "--part-go_free");
  assert.equal(of.get("mapped, not seen by the profiler"), "--part-mapped");
  assert.equal(of.get("something new"), "--flame-plain");
  assert.equal(partOfFrames("C heap", "live")!.key, "malloc_live");
  assert.equal(partOfFrames("C heap", "other"), undefined);
});

test("neighbours in the chart can be told apart by luminance, in both themes", () => {
  for (const selector of [":root {", ':root[data-theme="dark"] {']) {
    const text = partStyle as unknown as string;
    const body = text.slice(text.indexOf(selector), text.indexOf("}", text.indexOf(selector)));
    const colours = memoryParts.map(({ key }) => new RegExp(`${partColour(key)}: (#[0-9a-f]{6});`).exec(body)?.[1] ?? assert.fail(key));
    for (let at = 1; at < colours.length; at++) {
      const ratio = contrast(colours[at - 1]!, colours[at]!);
      assert.ok(ratio >= 1.5, `${selector} ${memoryParts[at]!.key}: ${ratio.toFixed(2)}`);
    }
  }
});

test("the graph is of the newest uploads at the end of the range", () => {
  const of = (query: string): string => graphSelection(new State("/profile", new URLSearchParams(query))).toString();
  assert.equal(of("ids=7&zoomed=100-200"), "ids=7");
  assert.equal(of("service=shop&processes=sum"), "service=shop&gauges=last&processes=sum");
  assert.equal(of("service=shop&zoomed=100-200&to=150"), "to=150&service=shop&gauges=last");
  assert.equal(of("service=shop&zoomed=100-200&to=900"), "to=200&service=shop&gauges=last");
});

test("findings about memory", () => {
  const of = (kind: string, unit?: string) => isAboutMemory({ kind, severity: "low", title: "", evidence: "", ...(unit ? { unit } : {}) });
  assert.ok(of("c_leak", "bytes") && of("retention", "bytes") && of("memory_verdict") && of("in_use_incomplete"));
  assert.ok(!of("goroutine_growth", "count") && !of("allocation_churn", "bytes/s") && !of("lock_contention"));
});
