import assert from "node:assert/strict";
import { test } from "node:test";
import { compareLink, flameLink, functionLink } from "../src/analysis/analysis_links";
import { shortRows, stackRows, type Row } from "../src/analysis/analysis_stack";
import { commonTimes, parseZoom, valuesAt } from "../src/lib/series";
import { severityOf, whose } from "../src/lib/findings";
import { alone, bridged, quantity, short, tick, title } from "../src/lib/chart_units";
import { facts, moved, swapped, withSide } from "../src/compare/compare_sides";
import { arranged } from "../src/profile/metrics";
import { aroundUpload } from "../src/lib/metrics_scope";
import { flatten, matches, merge } from "../src/profile/runtime_flatten";
import { State } from "../src/lib/state";

test("numbers of charts", () => {
  assert.deepEqual([0, 7, 4821, 99_999, 123_456, 2.5e6, 3e9].map(short), ["0", "7", "4,821", "99,999", "123 k", "2.50 M", "3.00 G"]);
  assert.deepEqual([0.5, 12.34, 456.7, 0.0004, 1234.5].map(short), ["0.50", "12.3", "457", "4.0e-4", "1,235"]);
  assert.equal(quantity(1.5e6, "bytes/s"), "1.50 MB/s");
  assert.equal(quantity(0.0021, "s/s"), "2.10 ms/s");
  assert.equal(quantity(0.0328, "ratio"), "3.28 %");
  assert.equal(quantity(20_616_897, "nanoseconds"), "20.6 ms");
  assert.equal(tick(1.5e6, "bytes"), "1.5 MB");
  assert.equal(tick(2e6, "bytes"), "2 MB");
  assert.equal(tick(100, "count"), "100");
  assert.equal(title("go_num_goroutine"), "Go: goroutines");
  assert.equal(title("my_gc_max"), "My GC longest");
});

test("short gaps are bridged, long ones stay, what stands alone is marked", () => {
  assert.deepEqual(bridged([null, 1, null, 2, null, null, null, 3, null], 2), [null, 1, undefined, 2, null, null, null, 3, null]);
  assert.deepEqual(alone([null, 1, undefined, 2, null, null, null, 3, null]), [7]);
  assert.deepEqual(alone([5, null, 6]), [0, 2]);
});

test("series", () => {
  const series = [
    {
      name: "go_gcs_per_sec",
      unit: "1/s",
      points: [
        [10, 1],
        [30, 3],
      ] as [number, number][],
    },
    { name: "c_live_bytes", unit: "bytes", points: [[20, 5]] as [number, number][] },
  ];
  assert.deepEqual(
    arranged(series).map((one) => one.name),
    ["c_live_bytes", "go_gcs_per_sec"],
  );
  assert.deepEqual(commonTimes(series), [10, 20, 30]);
  assert.deepEqual(valuesAt([10, 20, 30], series[0]!), [1, null, 3]);
  assert.deepEqual(parseZoom("100-200"), [100, 200]);
  for (const text of ["", "200-100", "a-b", "5"]) assert.equal(parseZoom(text), null);
});

test("one upload's surroundings", () => {
  const upload = { start: "2026-01-02T01:00:00Z", received: "", service: "shop", env: null, host: "db-1" } as Parameters<
    typeof aroundUpload
  >[0];
  const at = Date.UTC(2026, 0, 2, 1);
  assert.equal(aroundUpload(upload).toString(), `from=${at - 3_600_000}&to=${at + 3_600_001}&service=shop&host=db-1`);
});

test("a finding leads to its site, in the whole graph of the process that has it worst", () => {
  const finding = {
    kind: "c_leak",
    severity: "high",
    title: "",
    evidence: "",
    unit: "bytes",
    service: "shop",
    host: "db-1",
    processes: 3,
    site: "main.report",
    stack: ["malloc", "work", "main.report"],
    attachment: "heap.pprof",
    type: "inuse_space",
    uploads: [3, 9] as [number, number],
  };
  const graph = "attachment=heap.pprof&type=inuse_space&find=%3Dmain.report";
  assert.equal(flameLink(new URLSearchParams("service=shop"), finding), `/profile?service=shop&host=db-1&${graph}`);
  assert.equal(flameLink(new URLSearchParams("ids=9"), finding), `/profile?ids=9&${graph}`);
  assert.equal(flameLink(new URLSearchParams("host=a&host=db-1"), { ...finding, site: "" }).includes("find=%3Dmalloc"), true);
  assert.match(functionLink(new URLSearchParams(), finding, "work"), /^\/profile\?service=shop&host=db-1&.*view=sandwich&fn=work$/);
  assert.equal(compareLink(finding), "/compare?ids=9&base.ids=3&attachment=heap.pprof&type=inuse_space&mode=total");
  assert.equal(compareLink({ ...finding, unit: "cores" }), "/compare?ids=9&base.ids=3&attachment=heap.pprof&type=inuse_space");
  assert.equal(compareLink({ ...finding, uploads: [3, 3] }), null);
  assert.equal(severityOf({ ...finding, severity: "<b>" }), "low");
  assert.equal(whose(finding), "shop on db-1 and 2 other processes");
  assert.equal(whose({ ...finding, processes: 1, host: "" }), "shop");
});

test("of a stack the program's own frames are shown, and its site in any case", () => {
  const text = (rows: Row[]) =>
    rows.map((row) => ("folded" in row ? `(${row.folded.length})` : row.site ? `*${row.name}` : row.name)).join(" ");
  const stack = ["malloc", "mem", "cgocall", "sql.a", "sql.b", "main.report", "main.main", "runtime.main", "runtime.goexit"];
  assert.equal(text(stackRows(stack, [1, 5, 6], "main.report")), "malloc mem (3) *main.report main.main (2)");
  assert.equal(text(stackRows(["a", "b"], [], "b")), "a *b");
  assert.equal(text(stackRows([], [], "")), "");
  const deep = Array.from({ length: 30 }, (_, i) => `f${i}`);
  const rows = stackRows(deep, [...deep.keys()], "f20");
  assert.equal(text(shortRows(rows)), "f0 f1 f2 f3 (16) *f20 (9)");
  assert.equal(text(shortRows(stackRows(deep, [...deep.keys()], "f1"))), "f0 *f1 f2 f3 (26)");
  assert.equal(text(shortRows(stackRows(deep, [...deep.keys()], "f29"))), "f0 f1 f2 f3 (25) *f29");
  assert.equal(text(shortRows(stackRows(deep.slice(0, 9), [], "f2"))), "f0 f1 *f2 f3 f4 f5 f6 f7 f8");
});

test("an event as rows", () => {
  const event = {
    start: "s",
    attachments: ["a", "b"],
    tags_profiler: "service:shop,with:comma,loose",
    process_tags: "entrypoint.name:app",
    info: {
      profiler: { version: "1", ssi: { mechanism: "none" }, settings: { rate: 5, list: [1, 2], deep: { x: null } } },
      platform: { kernel: "Linux" },
    },
    endpoint_counts: { "GET /": 3 },
    odd: [{ a: 1 }],
  };
  const rows = flatten(event).map(({ section, key, value }) => `${section}|${key}|${value}`);
  assert.deepEqual(rows, [
    "Event|start|s",
    "Event|attachments|a, b",
    "Tags|service|shop",
    "Tags|with|comma",
    "Tags|loose|",
    "Process tags|entrypoint.name|app",
    "Profiler|version|1",
    "Profiler|ssi.mechanism|none",
    "Profiler settings|rate|5",
    "Profiler settings|list|1, 2",
    "Profiler settings|deep.x|null",
    "Platform|kernel|Linux",
    "Endpoint counts|GET /|3",
    "Event|odd[0].a|1",
  ]);
  assert.deepEqual(flatten(null), []);
  assert.deepEqual(flatten([1]).length, 1);
});

test("events side by side", () => {
  const rows = merge([
    flatten({ version: "4", tags_profiler: "v:1" }),
    flatten({ version: "4", tags_profiler: "v:2" }),
    flatten({ version: "4", tags_profiler: "v:2" }),
  ]);
  assert.deepEqual(rows, [
    { section: "Event", key: "version", values: [{ value: "4", count: 3 }] },
    {
      section: "Tags",
      key: "v",
      values: [
        { value: "2", count: 2 },
        { value: "1", count: 1 },
      ],
    },
  ]);
  assert.ok(matches(rows[1]!, "TAGS v") && matches(rows[1]!, "2") && !matches(rows[0]!, "tags"));
});

test("two sides", () => {
  const now = new State("/compare", new URLSearchParams("service=a&base.service=b&type=cpu&zoom=1f"));
  assert.equal(withSide(now, "base.", new URLSearchParams("ids=7")).params.toString(), "service=a&type=cpu&base.ids=7");
  assert.deepEqual([...swapped(now).params].sort().join(), "base.service,a,service,b,type,cpu");
  assert.equal(moved(new URLSearchParams("service=a&from=100&to=150"), null)!.toString(), "service=a&from=50&to=100");
  assert.equal(moved(new URLSearchParams("from=100&to=150"), 90)!.toString(), "from=10&to=60");
  assert.equal(moved(new URLSearchParams("from=100"), null), null);
  assert.equal(moved(new URLSearchParams("ids=1&from=1&to=2"), null), null);
  assert.deepEqual(facts(new URLSearchParams("ids=7")), [["upload", "7"]]);
  assert.deepEqual(facts(new URLSearchParams("ids=7,8&q=x")), [
    ["uploads", "2 chosen"],
    ["text", "x"],
  ]);
  assert.deepEqual(facts(new URLSearchParams("from=0")), [["uploads", "all"]]);
  assert.deepEqual(facts(new URLSearchParams("env=a&env=")), [
    ["env", "a"],
    ["env", "none"],
  ]);
});
