import assert from "node:assert/strict";
import { test } from "node:test";
import type { Facet, Upload } from "../src/lib/api";
import { arrange, facetKey, toggled } from "../src/search/facets";
import { languageOf, measureText, nextOrder, parseOrder } from "../src/lib/columns";
import { shownRange } from "../src/search/search_chart";
import { chosenIds, compareLink, describe, picked, withBaseline } from "../src/search/search_picks";
import { notLookedAtText, once, Rows } from "../src/search/search_rows";
import { fixedSelection, parseTime, selectionAt, timeBounds } from "../src/lib/time_range";
import { state, State } from "../src/lib/state";

const at = (query: string) => new State("/", new URLSearchParams(query));

function upload(id: number, more: Partial<Upload> = {}): Upload {
  return {
    id,
    received: `2026-01-02T00:00:${String(id).padStart(2, "0")}Z`,
    service: "shop",
    env: null,
    version: null,
    host: null,
    runtime: null,
    language: null,
    family: null,
    start: null,
    end: null,
    tags: [],
    attachments: [],
    ...more,
  };
}

const measured = (id: number, cores: number | null) =>
  upload(id, {
    measures: {
      cpu_cores: cores,
      alloc_bytes_per_s: null,
      heap_live_bytes: 8e6,
      c_live_bytes: null,
      goroutines: null,
      lock_seconds_per_s: 0.002,
    },
  });

test("times", () => {
  assert.equal(parseTime("1700000000000"), 1700000000000);
  assert.equal(parseTime("2026-01-02T03:04:05Z"), Date.UTC(2026, 0, 2, 3, 4, 5));
  assert.equal(parseTime("yesterday"), null);
  assert.equal(parseTime(""), null);
});

test("a range up to now moves, and is fixed in links", () => {
  const now = 1_700_000_000_000;
  assert.deepEqual(timeBounds(at("range=1h"), now), { from: now - 3_600_000, to: null });
  assert.deepEqual(timeBounds(at("from=5&to=9"), now), { from: 5, to: 9 });
  assert.deepEqual(timeBounds(at("range=nonsense"), now), { from: null, to: null });
  assert.equal(selectionAt(at("service=a&range=15m&sort=cpu"), now).toString(), `service=a&from=${now - 900_000}`);
  assert.equal(fixedSelection(at("service=a&range=15m"), now).toString(), `service=a&from=${now - 900_000}&to=${now}`);
  assert.equal(fixedSelection(at("service=a"), now).toString(), "service=a");
});

test("order", () => {
  assert.deepEqual(parseOrder(""), { key: "start", ascending: false });
  assert.deepEqual(parseOrder("-cpu_cores"), { key: "cpu_cores", ascending: true });
  assert.deepEqual(parseOrder("constructor"), { key: "start", ascending: false });
  assert.equal(nextOrder(parseOrder(""), "cpu_cores"), "cpu_cores");
  assert.equal(nextOrder(parseOrder("cpu_cores"), "cpu_cores"), "-cpu_cores");
  assert.equal(nextOrder(parseOrder("-cpu_cores"), "cpu_cores"), "cpu_cores");
  assert.equal(nextOrder(parseOrder("cpu_cores"), "start"), "");
  assert.equal(nextOrder(parseOrder(""), "start"), "-start");
  assert.equal(nextOrder(parseOrder(""), "service"), "-service");
  assert.equal(nextOrder(parseOrder("-service"), "service"), "service");
});

test("cells", () => {
  assert.equal(measureText(measured(1, 0.25), "cpu_cores"), "0.25");
  assert.equal(measureText(measured(1, null), "cpu_cores"), "–");
  assert.equal(measureText(upload(1), "cpu_cores"), "–");
  assert.equal(measureText(measured(1, 0), "lock_seconds_per_s"), "2 ms/s");
  assert.equal(languageOf(upload(1, { family: "java" })), "java");
});

// A receiver of that many uploads, the newest first; asked notes what it was asked for.
function receiverOf(stored: { ids: number[]; notLookedAt?: number }, asked: string[]): void {
  globalThis.fetch = (async (path: string) => {
    const params = new URL(path, "http://x").searchParams;
    asked.push(`${params.get("sort")} ${params.get("order")} ${params.get("limit")} ${params.get("after")}`);
    const ids = stored.ids.filter((id) => !params.has("after") || id < Number(params.get("after")!.split(":")[0]));
    const uploads = ids.slice(0, Number(params.get("limit"))).map((id) => upload(id));
    const next = ids.length > uploads.length ? `${uploads.at(-1)!.id}:x` : null;
    return Response.json({ uploads, total: stored.ids.length, next, uploads_not_looked_at: stored.notLookedAt });
  }) as unknown as typeof fetch;
}

test("rows come as they are asked for, and again when uploads came", async () => {
  const stored = { ids: Array.from({ length: 2500 }, (_, index) => 2500 - index) };
  const asked: string[] = [];
  const selection = new URLSearchParams();
  const { signal } = new AbortController();
  receiverOf(stored, asked);
  const rows = new Rows({ key: "cpu_cores", ascending: true });
  await rows.first(selection, signal);
  await rows.following(selection, signal);
  assert.deepEqual([rows.all.length, rows.total, rows.more], [200, 2500, true]);
  stored.ids.unshift(2501);
  await rows.again(30, selection, signal);
  assert.deepEqual([rows.all.length, rows.all[0]!.id, rows.total], [200, 2501, 2501]);
  await rows.again(1500, selection, signal);
  assert.deepEqual([rows.all.length, rows.all.at(-1)!.id], [1600, 902]);
  stored.ids = stored.ids.filter((id) => id > 2450);
  await rows.again(30, selection, signal); // what retention removed goes
  assert.deepEqual([rows.all.length, rows.more], [51, false]);
  const before = asked.length;
  await rows.again(6000, selection, signal); // far down nothing is asked for
  assert.equal(asked.length, before);
  assert.deepEqual(asked.slice(0, 5), [
    "cpu_cores asc 100 null",
    "cpu_cores asc 100 2401:x",
    "cpu_cores asc 200 null",
    "cpu_cores asc 1000 null",
    "cpu_cores asc 600 1502:x",
  ]);
});

test("uploads that were not looked at are told", async () => {
  const stored = { ids: [3, 2, 1], notLookedAt: 1200 };
  const rows = new Rows({ key: "start", ascending: false });
  const { signal } = new AbortController();
  receiverOf(stored, []);
  await rows.first(new URLSearchParams(), signal);
  assert.match(notLookedAtText(rows.notLookedAt), /^1,200 older uploads not looked at/);
  receiverOf({ ids: stored.ids }, []);
  await rows.first(new URLSearchParams(), signal);
  assert.equal(notLookedAtText(rows.notLookedAt), "");
});

test("each upload stands in the list once", () => {
  const all = once([upload(5), upload(4), upload(5, { service: "new" })]);
  assert.deepEqual(
    all.map((one) => [one.id, one.service]),
    [
      [5, "new"],
      [4, upload(4).service],
    ],
  );
});

test("a few buckets have room around them", () => {
  const range = (from_ms: number, to_ms: number, bucket_ms: number) => shownRange({ from_ms, to_ms, bucket_ms, counts: [] });
  assert.deepEqual(range(60_000, 61_000, 1000), [53_000, 68_000]);
  assert.deepEqual(range(0, 1_200_000, 60_000), [0, 1_200_000]);
  assert.equal(range(0, 0, 1000), null);
});

const facets: Facet[] = [
  {
    name: "service",
    values: [
      { value: "shop", count: 9 },
      { value: "cart", count: 2 },
    ],
    more: 0,
  },
  { name: "region", values: [{ value: "eu", count: 4 }], more: 3 },
  { name: "env", values: [{ value: "prod", count: 11 }], more: 0 },
];

test("facets: the six first, chosen values on top, also those that nothing has", () => {
  const shown = arrange(facets, at("service=cart&service=gone&tag=team:perf"), "");
  assert.deepEqual(
    shown.map((facet) => facet.key),
    ["env", "service", "region", "team"],
  );
  assert.deepEqual(shown[1]!.values, [
    { value: "cart", count: 2, chosen: true },
    { value: "gone", count: 0, chosen: true },
    { value: "shop", count: 9, chosen: false },
  ]);
  assert.deepEqual(
    arrange(facets, at(""), "EU").map((facet) => facet.key),
    ["region"],
  );
  assert.deepEqual(arrange(facets, at(""), "serv")[0]!.values.length, 2);
  assert.equal(facetKey("tag:team"), "team");
});

test("a facet's value goes in and out", () => {
  assert.deepEqual(toggled(at("service=a"), { facet: "service", value: "b" }), { service: ["a", "b"] });
  assert.deepEqual(toggled(at("service=a&service=b"), { facet: "service", value: "a" }), { service: ["b"] });
  assert.deepEqual(toggled(at("tag=x:1"), { facet: "team", value: "a:b" }), { tag: ["x:1", "team:a:b"] });
});

test("what is chosen, the baseline, the comparison", () => {
  const one = state("/", { service: "shop", sel: "9,7,x,-1" });
  assert.deepEqual([...chosenIds(one)], [9, 7]);
  assert.equal(picked(one, 0).toString(), "ids=7%2C9");
  assert.equal(picked(at("service=shop&sort=cpu_cores"), 0).toString(), "service=shop");
  const based = withBaseline(one, picked(one, 0));
  assert.equal(based.params.toString(), "service=shop&base.ids=7%2C9");
  assert.equal(compareLink(based, 0), "/compare?service=shop&base.ids=7%2C9");
  assert.equal(withBaseline(based, null).href, "/?service=shop");
  assert.equal(withBaseline(at(""), new URLSearchParams()).params.toString(), "base.from=0");
  assert.equal(describe(new URLSearchParams("ids=1,2")), "2 uploads");
  assert.equal(describe(new URLSearchParams("service=shop&from=1&to=2")), "service:shop, a time range");
  assert.equal(describe(new URLSearchParams("from=0")), "all uploads");
});
