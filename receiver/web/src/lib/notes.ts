// notes.ts: what is to be known of an answer: which uploads it is of, what could not be read and why, what the profiler warns of.
import "./notes.css";
import type { Gauges, GrowthTree, Merged } from "./api";
import { make, refill } from "./dom";
import { count, duration } from "./format";

// Of what is merged as a mean, the mean names them (mergedText).
function namesTheFew(gauges: Gauges | undefined, gauge: boolean): boolean {
  return gauge && (gauges?.value ?? "mean") === "mean" && !gauges?.summed;
}

const isFew = ({ uploads, uploads_with_type: few }: Merged): boolean => few !== undefined && few < uploads;

// "216 profiles merged, 3 processes"; of a gauge "mean of 216 uploads, 3 processes": what was there at 216 moments does not add up.
export function mergedText(merged: Merged, gauge: boolean): string {
  const { uploads, processes, gauges } = merged;
  const of = processes > 0 ? `, ${count(processes, "process")}` : "";
  const added = gauges?.summed ? ", added up" : "";
  if (!gauge) return `${count(uploads, "profile")} merged${of}`;
  if (gauges?.value === "last")
    return uploads === 1 ? "the last upload" : `${added ? "sum" : "mean"} of the last uploads of ${count(processes, "process")}`;
  if (gauges?.value === "max") return `the largest of ${count(gauges.uploads, "upload")}${added && of + added}`;
  const atOnce = gauges?.processes_at_once ?? 1;
  const times = added && atOnce > 1 ? `${added} (${Number(atOnce.toFixed(1))} at a time)` : "";
  const few = !added && isFew(merged) ? `${merged.uploads_with_type!.toLocaleString("en")} of ` : "";
  return `mean of ${few}${count(uploads, "upload")}${of}${times}`;
}

// "growth of 4,320 uploads, 12 processes, in 6 h"
export function growthText(merged: Merged, growth: GrowthTree["growth"]): string {
  const { minutes, processes, processes_too_short: short, uploads_skipped: skipped } = growth;
  return [
    `growth of ${count(merged.uploads, "upload")}, ${count(processes, "process")}, in ${duration(minutes * 6e10)}`,
    short > 0 && `${count(short, "process")} too short`,
    skipped > 0 && `${count(skipped, "upload")} between them skipped`,
  ]
    .filter(Boolean)
    .join(" · ");
}

// "2 of 4 have this type"; "" where all have, or the mean says so.
export function typeText(merged: Merged, gauge: boolean): string {
  if (!isFew(merged) || namesTheFew(merged.gauges, gauge)) return "";
  return `${merged.uploads_with_type!.toLocaleString("en")} of ${merged.uploads.toLocaleString("en")} have this type`;
}

// Each reason once, the most frequent first, and how many have others than those that are named: "12 × not a readable profile: ...".
export function failureReasons(sides: readonly Merged[]): string[] {
  const times = new Map<string, number>();
  let others = 0;
  for (const { failed, failed_count } of sides) {
    for (const { reason, uploads } of failed) times.set(reason, (times.get(reason) ?? 0) + uploads);
    others += failed_count - failed.reduce((sum, one) => sum + one.uploads, 0);
  }
  const reasons = [...times].sort((a, b) => b[1] - a[1]);
  return [...reasons, ...(others > 0 ? [["other reasons", others] as const] : [])].map(
    ([reason, n]) => `${n.toLocaleString("en")} × ${reason}`,
  );
}

// How many could not be read; opened, the reasons.
export function unreadNote(...sides: readonly Merged[]): HTMLElement | false {
  const failed = sides.reduce((sum, one) => sum + one.failed_count, 0);
  if (failed === 0) return false;
  const reasons = failureReasons(sides).map((reason) => make("li", {}, reason));
  return make(
    "details",
    { id: "unread" },
    make("summary", {}, `${failed.toLocaleString("en")} could not be read`),
    make("ul", {}, ...reasons),
  );
}

// A place for warnings, above what they are about.
export class Warnings {
  readonly element = make("ul", { id: "warnings", hidden: true, "aria-label": "Warnings" });

  show(texts: readonly string[]): void {
    this.element.hidden = texts.length === 0;
    refill(this.element, ...texts.map((text) => make("li", {}, text)));
  }
}
