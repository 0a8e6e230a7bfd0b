// storage.ts: below the list, a line with what is stored and how many uploads come; which limit of this machine is near; and, opened, all
// of the figures.
import "./storage.css";
import * as api from "../lib/api";
import { make, refill } from "../lib/dom";
import { bytes, count, duration } from "../lib/format";
import type { State } from "../lib/state";
import { exact, moment } from "../lib/times";
import { AskingPanel } from "./asking_panel";

const again_ms = 30_000;

const percent = (share: number) => `${Math.round(share * 100)} %`;

const day_ms = 24 * 3600_000;
const age = (ms: number) => (ms < 2 * day_ms ? duration(ms * 1e6) : count(Math.round(ms / day_ms), "day"));

// A few digits of uploads a second.
export function rate(perSecond: number): string {
  return `${perSecond.toLocaleString("en", { maximumSignificantDigits: perSecond < 100 ? 2 : 3 })}/s`;
}

export function summaryText(known: api.Storage, now_ms = Date.now()): string {
  const of = known.limit_bytes === null ? "" : ` of ${bytes(known.limit_bytes)}`;
  const parts = [
    `${count(known.uploads, "upload")} stored`,
    `${bytes(known.bytes)}${of}`,
    known.oldest_ms !== null && `since ${moment(known.oldest_ms, now_ms)}`,
    known.uploads_per_second !== null && `${rate(known.uploads_per_second)} now`,
  ];
  return parts.filter(Boolean).join(" · ");
}

// What is near, a sentence each, with what can be done.
export function warnings(known: api.Storage, now_ms = Date.now()): string[] {
  const oldest = known.oldest_ms === null ? "" : age(now_ms - known.oldest_ms);
  const texts: Record<api.Storage["near"][number], () => string> = {
    retention: () =>
      `Uploads take ${percent(known.bytes / known.limit_bytes!)} of the ${bytes(known.limit_bytes!)} that --retention allows` +
      (known.retention_ms === null
        ? ": the oldest are removed when it is full."
        : `, and the oldest is ${oldest} old: they are removed before they are ${age(known.retention_ms)} old.`),
    disk: () => `The disk has ${bytes(known.disk_free_bytes)} left for uploads, which take ${bytes(known.bytes)}.`,
    index_memory: () =>
      `The index takes ${percent(known.index_memory_bytes! / known.index_memory_limit_bytes!)} of --index-memory: beyond it, the oldest uploads are removed.`,
    pins: () =>
      `Pinned uploads take ${bytes(known.pinned_bytes)} of the ${bytes(known.limit_bytes! / 2)} that they may` +
      (known.pinned_bytes > known.limit_bytes!
        ? ", which is more than --retention allows in all: of others only the newest is kept."
        : ": the more they take, the sooner others are removed."),
    uploads_per_second: () =>
      `Storing uploads takes ${percent(known.storing_share!)} of the time: at ${rate(known.uploads_per_second!)} this machine is near its end.`,
  };
  return known.near.map((one) => texts[one]());
}

// Until the next start, which says it as well.
export const damaged =
  "notebook.sqlite was damaged: pins, notes, annotations and saved views may be missing. " +
  "No upload is removed for its age until the receiver is started again, so that what was pinned can be pinned again.";

// Where one machine ends.
export const engines = "Beyond one machine, --forward sends uploads on to an engine: docs/engines.md tells which and how.";

export class StoragePanel extends AskingPanel<api.Storage> {
  constructor() {
    super(
      "storage",
      (isOpen) => (isOpen ? null : "open"),
      api.storage,
      () => again_ms,
    );
  }

  show(now: State): void {
    this.now = now;
    const known = this.known;
    this.element.hidden = !known && !this.failed;
    if (!known) {
      refill(this.title, make("span", { class: "soft" }, "The receiver does not say what is stored"));
      return;
    }
    const near = warnings(known);
    this.element.open = now.get("storage") === "open";
    const isDamaged = known.notebook_was_damaged;
    this.element.dataset.near = String(near.length > 0 || isDamaged);
    refill(
      this.title,
      make("span", { class: "soft" }, summaryText(known)),
      near.length > 0 &&
        make("b", { class: "storage-near" }, near.length === 1 ? " · a limit is near" : ` · ${near.length} limits are near`),
      isDamaged && make("b", { class: "storage-near" }, " · pins and notes may be missing"),
      this.failed && make("span", { class: "soft" }, " · as of before: the receiver does not answer"),
    );
    refill(
      this.body,
      (near.length > 0 || isDamaged) &&
        make("ul", {}, ...[isDamaged && damaged, ...near, near.length > 0 && engines].map((text) => text && make("li", {}, text))),
      make("dl", {}, ...figures(known).flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])),
    );
  }
}

function figures(known: api.Storage): [string, string][] {
  const limit = known.limit_bytes === null ? "no limit" : `of ${bytes(known.limit_bytes)}`;
  const kept = known.retention_ms === null ? "no limit of age" : `kept for ${age(known.retention_ms)}`;
  const possible = known.uploads_per_second_possible;
  const all: [string, string | null][] = [
    ["Uploads", `${known.uploads.toLocaleString("en")}, ${known.uploads_packed.toLocaleString("en")} of them packed`],
    ["Size", `${bytes(known.bytes)}, ${limit}`],
    ["Oldest", known.oldest_ms === null ? null : `${exact(known.oldest_ms)}; ${kept}`],
    ["Pinned", known.pinned === 0 ? null : `${count(known.pinned, "upload")}, ${bytes(known.pinned_bytes)}`],
    ["Free on the disk", bytes(known.disk_free_bytes)],
    ["Databases", known.databases_bytes === null ? null : bytes(known.databases_bytes)],
    [
      "Index in memory",
      known.index_memory_bytes === null
        ? null
        : `${bytes(known.index_memory_bytes)}${known.index_memory_limit_bytes === null ? "" : ` of ${bytes(known.index_memory_limit_bytes)}`}`,
    ],
    ["Uploads in the last minute", known.uploads_per_second === null ? null : rate(known.uploads_per_second)],
    ["This machine can store", possible === null ? null : `${rate(possible)} and more, as measured`],
  ];
  return all.filter((one): one is [string, string] => one[1] !== null);
}
