// suspects.ts: above the list of uploads, each service with a finding in the last hours: what it is, how fast it grows, how much has come,
// until when there is room, since when, and which version brought it. A click leads to the evidence.
import "./suspects.css";
import * as api from "../lib/api";
import { button, link, make, refill } from "../lib/dom";
import { kindName } from "../lib/findings";
import { bytes, change as changeText, count, duration } from "../lib/format";
import { copyButton, markdownList } from "../lib/markdown";
import { change, state, type State } from "../lib/state";
import { moment } from "../lib/times";
import { AskingPanel } from "./asking_panel";

const few = 5; // that are shown at first
const fresh_ms = 5 * 60_000; // of a limit
const again_ms = 60_000;
const soon_ms = 10_000; // while the receiver looks at stacks

const nothing = { uploads_left_out: 0, processes_not_examined: 0, processes_by_totals: 0, findings_left_out: 0, analysis_failed: false };

// The finding, or where it says so, what grows.
export function evidenceLink(one: api.Suspect, { from_ms, made_ms }: api.Suspects): string {
  return state("/profile", { service: one.service, from: String(from_ms), to: String(made_ms + 1), tab: "analysis" }).href;
}

export function growthLink(one: api.Suspect, { from_ms, made_ms }: api.Suspects): string | null {
  if (!one.attachment || one.slope_bytes_per_minute === null) return null;
  const range = { service: one.service, from: String(from_ms), to: String(made_ms + 1) };
  return state("/profile", { ...range, attachment: one.attachment, type: one.type ?? undefined, gauges: "growth" }).href;
}

// The seconds count from the newest upload: what has passed since then is taken off, and said if it is long ago.
export function limitText({ limit_seconds, limit_from_ms }: api.Suspect, made_ms: number, now_ms = Date.now()): string {
  if (limit_seconds === null) return "–";
  const from_ms = limit_from_ms ?? made_ms;
  const left = limit_seconds - Math.max(0, now_ms - from_ms) / 1000;
  const text = left <= 0 ? "reached" : `in ${duration(left * 1e9)}`;
  return now_ms - from_ms > fresh_ms ? `${text}, as of ${moment(from_ms, now_ms)}` : text;
}

// What suspects may be missing for; empty: all was looked at.
export function gapsText(known: api.Suspects | undefined, failed: boolean): string {
  const { uploads_left_out, processes_not_examined, processes_by_totals, findings_left_out, analysis_failed } = known ?? nothing;
  const parts = [
    failed && "the receiver does not say what it suspects",
    analysis_failed && "the last analysis has failed",
    processes_not_examined > 0 && `${count(processes_not_examined, "process")} could not be looked at`,
    processes_by_totals > 0 && `${count(processes_by_totals, "process")} by totals alone`,
    uploads_left_out > 0 && `${count(uploads_left_out, "older upload")} left out`,
    findings_left_out > 0 && `${count(findings_left_out, "finding")} left out`,
  ];
  return parts.filter(Boolean).join(", ");
}

export function versionText({ version, version_brought_it }: api.Suspect): string {
  return !version ? "–" : version_brought_it ? `${version} brought it` : version;
}

const slopeText = ({ slope_bytes_per_minute: slope }: api.Suspect): string => (slope === null ? "–" : `${changeText(slope, "bytes")}/min`);
const keptText = ({ kept_bytes }: api.Suspect): string => (kept_bytes === null ? "–" : bytes(kept_bytes));
const sinceText = ({ since_ms }: api.Suspect): string => (since_ms ? moment(since_ms) : "–");

// Before and after the version that brought it.
export function versionsLink(one: api.Suspect, { from_ms, made_ms }: api.Suspects): string | null {
  if (!one.version_brought_it || !one.version || !one.version_before) return null;
  const side = (prefix: string, version: string) => ({
    [`${prefix}service`]: one.service,
    [`${prefix}version`]: version,
    [`${prefix}from`]: String(from_ms),
    [`${prefix}to`]: String(made_ms + 1),
  });
  const of = { attachment: one.attachment ?? undefined, type: one.type ?? undefined };
  return state("/compare", { ...side("", one.version), ...side("base.", one.version_before), ...of }).href;
}

// Those that the page's filter of services lets through.
export function wanted(all: readonly api.Suspect[], services: readonly string[]): api.Suspect[] {
  return all.filter((one) => services.length === 0 || services.includes(one.service));
}

export class SuspectsPanel extends AskingPanel<api.Suspects> {
  constructor() {
    super(
      "suspects",
      (isOpen) => (isOpen ? "closed" : null),
      api.suspects,
      (known) => (known?.by_measures_alone ? soon_ms : again_ms),
    );
  }

  show(now: State): void {
    this.now = now;
    const shown = this.known ? wanted(this.known.suspects, now.all("service")) : [];
    const gaps = gapsText(this.known, this.failed);
    this.element.hidden = shown.length === 0 && !gaps;
    const missing = gaps && make("span", { class: "soft", id: "suspects-gaps" }, ` · ${gaps}`);
    if (shown.length === 0) {
      this.element.open = false;
      refill(this.title, make("span", { class: "soft" }, this.known ? "No suspects in 6 hours" : "Suspects"), missing);
      refill(this.body);
      return;
    }
    const wish = now.get("suspects");
    this.element.open = wish !== "closed";
    const worst = shown.filter((one) => one.severity === "high").length;
    refill(
      this.title,
      make("b", {}, count(shown.length, "suspect")),
      make("span", { class: "soft" }, ` in 6 hours${worst > 0 ? `, ${worst.toLocaleString("en")} of them high` : ""}`),
      this.known!.by_measures_alone && make("span", { class: "soft" }, " · by figures alone, stacks are being looked at"),
      missing,
    );
    const rows = wish === "all" ? shown : shown.slice(0, few);
    refill(
      this.body,
      make(
        "div",
        { class: "suspects-table", tabIndex: 0, role: "region", "aria-label": "Suspects" },
        make(
          "table",
          {},
          make(
            "thead",
            {},
            make(
              "tr",
              {},
              ...["Service", "What", "Growth", "Kept", "Limit", "Since", "Version"].map((text) => make("th", { scope: "col" }, text)),
            ),
          ),
          make("tbody", {}, ...rows.map((one) => this.row(one))),
        ),
      ),
      copyButton(() => this.markdown(rows)),
      shown.length > few &&
        button(
          wish === "all" ? `Show ${few}` : `Show all ${shown.length.toLocaleString("en")}`,
          () => change({ suspects: wish === "all" ? null : "all" }),
          {
            id: "suspects-all",
          },
        ),
    );
  }

  private markdown(rows: readonly api.Suspect[]): string {
    const { made_ms } = this.known!;
    const about = [this.title.textContent, `as of ${moment(made_ms)}`].join(", ");
    return markdownList(
      about,
      [
        { title: "Service", code: true, text: (one) => one.service },
        { title: "What", text: (one) => one.title },
        { title: "Growth", number: true, text: slopeText },
        { title: "Kept", number: true, text: keptText },
        { title: "Limit", number: true, text: (one) => limitText(one, made_ms) },
        { title: "Since", text: sinceText },
        { title: "Version", text: versionText },
      ],
      rows,
    );
  }

  private row(one: api.Suspect): HTMLElement {
    const known = this.known!;
    const grows = growthLink(one, known);
    const versions = versionsLink(one, known);
    const slope = slopeText(one);
    const others = one.others > 0 && make("span", { class: "soft" }, ` +${one.others.toLocaleString("en")}`);
    return make(
      "tr",
      { data: { severity: one.severity } },
      make("th", { scope: "row" }, link(evidenceLink(one, known), one.service || "(no service)", { title: one.evidence ?? "" }), others),
      make("td", { class: "what", title: one.title }, make("b", {}, kindName(one.kind)), one.site ? ` in ${one.site}` : ""),
      make("td", { class: "number" }, grows ? link(grows, slope, { title: "What grows" }) : slope),
      make("td", { class: "number" }, keptText(one)),
      make("td", { class: "number" }, limitText(one, known.made_ms)),
      make("td", {}, sinceText(one)),
      make("td", {}, versions ? link(versions, versionText(one), { title: `Compare with ${one.version_before}` }) : versionText(one)),
    );
  }
}
