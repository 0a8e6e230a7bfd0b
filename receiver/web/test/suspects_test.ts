import assert from "node:assert/strict";
import { test } from "node:test";
import type { Suspect, Suspects } from "../src/lib/api";
import { evidenceLink, gapsText, growthLink, limitText, versionsLink, versionText, wanted } from "../src/search/suspects";

const one: Suspect = {
  ...{ service: "shop", host: "db-1", kind: "c_leak", severity: "high", title: "", evidence: null, site: "main.a" },
  ...{
    slope_bytes_per_minute: 2e6,
    kept_bytes: 4e7,
    limit_seconds: null,
    limit_from_ms: null,
    since_ms: 1767322800000,
    version: "1.1",
    version_before: "1.0",
    version_brought_it: true,
  },
  ...{ processes: 1, others: 0, attachment: "delta-heap.pprof", type: "inuse_space" },
};
const all: Suspects = {
  ...{ from_ms: 1000, made_ms: 5000, by_measures_alone: false, processes: 1, uploads_left_out: 0, processes_not_examined: 0 },
  ...{ processes_by_totals: 0, findings_left_out: 0, analysis_failed: false, suspects: [one] },
};

test("links lead to the evidence and to what grows", () => {
  assert.equal(evidenceLink(one, all), "/profile?service=shop&from=1000&to=5001&tab=analysis");
  assert.equal(growthLink(one, all), "/profile?service=shop&from=1000&to=5001&attachment=delta-heap.pprof&type=inuse_space&gauges=growth");
  assert.equal(growthLink({ ...one, attachment: null }, all), null);
  assert.equal(
    versionsLink(one, all),
    "/compare?service=shop&version=1.1&from=1000&to=5001&base.service=shop&base.version=1.0&base.from=1000&base.to=5001" +
      "&attachment=delta-heap.pprof&type=inuse_space",
  );
  assert.equal(versionsLink({ ...one, version_brought_it: false }, all), null);
});

test("figures as text", () => {
  const limit = (limit_seconds: number | null, now_ms: number, limit_from_ms: number | null = 1767322800000) =>
    limitText({ ...one, limit_seconds, limit_from_ms }, 1767322800000, now_ms);
  const now = 1767322800000;
  assert.deepEqual([limit(null, now), limit(0, now), limit(5400, now), limit(5400, now - 1e6)], ["–", "reached", "in 1.50 h", "in 1.50 h"]);
  assert.equal(limit(7200, now + 60_000), "in 1.98 h");
  assert.match(limit(7200, now + 1_800_000), /^in 1\.50 h, as of \d\d:\d\d:00$/);
  assert.match(limit(7200, now + 1_800_000, null), /^in 1\.50 h, as of /);
  assert.match(limit(600, now + 900_000), /^reached, as of /);
  assert.deepEqual(
    [versionText(one), versionText({ ...one, version_brought_it: false }), versionText({ ...one, version: null })],
    ["1.1 brought it", "1.1", "–"],
  );
  assert.deepEqual(wanted([one], []), [one]);
  assert.deepEqual(wanted([one], ["other"]), []);
});

test("what was not looked at", () => {
  assert.equal(gapsText(all, false), "");
  assert.equal(gapsText(undefined, false), "");
  assert.equal(gapsText(undefined, true), "the receiver does not say what it suspects");
  assert.equal(
    gapsText({ ...all, processes_not_examined: 1, processes_by_totals: 3, uploads_left_out: 2000, findings_left_out: 1 }, false),
    "1 process could not be looked at, 3 processes by totals alone, 2,000 older uploads left out, 1 finding left out",
  );
  assert.equal(gapsText({ ...all, analysis_failed: true }, false), "the last analysis has failed");
});
