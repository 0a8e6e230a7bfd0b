// analysis.ts: the tab Analysis: what the receiver found in a series of uploads, worst first, with the evidence: numbers, a chart and the
// stack, each of whose functions leads into the flame graph; and what it did not look at.
import "./analysis.css";
import { compareLink, flameLink, functionLink } from "./analysis_links";
import { shortRows, stackRows, type Row } from "./analysis_stack";
import * as api from "../lib/api";
import { Chart } from "../lib/chart";
import { quantity } from "../lib/chart_units";
import { button, link, make, notice, refill } from "../lib/dom";
import { findingMarkdown, kindName, severityOf, whose } from "../lib/findings";
import { count } from "../lib/format";
import { copyButton } from "../lib/markdown";
import { loadScope, scopeChoice, scopeKey, type Scope } from "../lib/metrics_scope";
import { current, type State } from "../lib/state";
import { VersionMarks } from "../lib/versions";
import type { View } from "../lib/view";

// "60 profiles of 12 processes; 360 uploads by their totals".
function lookedAt(answer: api.Analysis): string {
  const into = answer.processes_looked_into.toLocaleString("en"),
    of = answer.processes.toLocaleString("en");
  const processes = answer.processes === 1 ? "1 process" : `${of} processes`;
  const some = answer.processes_looked_into < answer.processes ? `${into} of ${processes}` : processes;
  return `${count(answer.profiles, "profile")} of ${some} read; ${answer.uploads_looked_at.toLocaleString("en")} of ${count(answer.uploads, "upload")} looked at by their totals`;
}

function gapsCard(gaps: readonly string[]): HTMLElement {
  return make(
    "li",
    { id: "not-looked-at", class: "panel not-looked-at" },
    make("h3", {}, "Not looked at"),
    make("ul", {}, ...gaps.map((gap) => make("li", {}, gap))),
  );
}

export class AnalysisTab implements View {
  private readonly head = make("div", { class: "tab-head" });
  private readonly list = make("ol", { id: "findings", class: "findings" });
  private charts: { chart: Chart; service: string | undefined }[] = [];
  private readonly versions = new VersionMarks(() =>
    this.charts.map(({ chart, service }) => ({ mark: (all) => chart.mark(all.filter((one) => one.service === service)) })),
  );
  private asked = new AbortController();
  private key = "";

  mount(root: HTMLElement, state: State): void {
    root.append(this.head, this.list);
    this.update(state);
  }

  update(state: State): void {
    if (scopeKey(state) === this.key) return;
    this.key = scopeKey(state);
    void this.load(state);
  }

  unmount(): void {
    this.asked.abort();
    this.endCharts();
  }

  private endCharts(): void {
    for (const { chart } of this.charts) chart.destroy();
    this.charts = [];
  }

  private async load(state: State): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    this.list.setAttribute("aria-busy", "true");
    try {
      const scope = await loadScope(state, signal);
      const answer = await api.analysis(scope.selection, signal);
      this.show(scope, answer);
      await this.versions.load(scope.selection, signal);
    } catch (error) {
      if (!signal.aborted) this.list.replaceChildren(make("li", {}, notice((error as Error).message)));
    } finally {
      if (!signal.aborted) this.list.removeAttribute("aria-busy");
    }
  }

  private show(scope: Scope, answer: api.Analysis): void {
    this.endCharts();
    refill(
      this.head,
      scopeChoice(scope),
      make("h2", { id: "finding-count" }, answer.headline),
      make("span", { class: "soft" }, lookedAt(answer)),
      this.versions.element,
    );
    const gaps = answer.not_looked_at;
    this.list.replaceChildren(
      ...(gaps.length > 0 ? [gapsCard(gaps)] : []),
      ...answer.findings.map((finding) => this.card(scope, finding, answer.processes > 1)),
    );
    if (answer.findings_left_out > 0) {
      this.list.append(
        make(
          "li",
          {},
          notice(
            `${count(answer.findings_left_out, "finding")} of less weight ${answer.findings_left_out === 1 ? "is" : "are"} not shown.`,
          ),
        ),
      );
    }
    if (answer.findings.length === 0 && gaps.length === 0 && answer.processes > 0) {
      this.list.append(make("li", {}, notice("No sign of a leak, growth, churn, contention, pile-up or regression.")));
    }
  }

  private card(scope: Scope, finding: api.Finding, many: boolean): HTMLElement {
    // A leak is best seen in the last upload; with one upload on the page, in that one.
    const selection = scope.single ? current().selection() : scope.selection;
    const severity = severityOf(finding);
    const compare = compareLink(finding);
    const chart = this.chart(finding);
    return make(
      "li",
      { class: "panel finding", data: { kind: finding.kind, severity } },
      make(
        "div",
        { class: "finding-text" },
        make(
          "p",
          { class: "finding-kind" },
          make("span", { class: `severity ${severity}` }, severity),
          make("span", { class: "soft" }, kindName(finding.kind)),
          many && make("span", { class: "soft finding-whose" }, whose(finding)),
        ),
        make("h3", {}, finding.title),
        make("p", { class: "evidence" }, finding.evidence),
        finding.advice ? make("p", { class: "advice" }, finding.advice) : null,
        this.stack(selection, finding),
        make(
          "div",
          { class: "finding-actions" },
          finding.attachment
            ? link(flameLink(selection, finding), "Show in the flame graph", { class: "button", data: { action: "flame" } })
            : null,
          compare ? link(compare, "Compare first and last upload", { class: "button", data: { action: "compare" } }) : null,
          copyButton(() => findingMarkdown(finding)),
        ),
      ),
      chart,
    );
  }

  private chart(finding: api.Finding): HTMLElement | null {
    const points = finding.series ?? [];
    if (points.length < 2) return null;
    const unit = finding.unit ?? "";
    const last = make("b", { class: "number" }, quantity(points[points.length - 1]![1], unit));
    const chart = new Chart({
      name: `${finding.title}, over time: arrow keys move`,
      height: 132,
      hover: (at) => (last.textContent = quantity((points[at ?? points.length - 1] ?? points[points.length - 1]!)[1], unit)),
    });
    chart.show({
      times_ms: points.map(([time]) => time),
      series: [
        {
          label: "Value",
          unit,
          values: points.map(([, value]) => value),
          colour: severityOf(finding) === "high" ? "--series-5" : "--series-1",
        },
      ],
    });
    this.charts.push({ chart, service: finding.service });
    const slope = finding.slope_bytes_per_minute;
    const growth = slope ? make("span", { class: "soft" }, `${slope > 0 ? "+" : ""}${quantity(slope, "bytes")} a minute`) : null;
    return make(
      "div",
      { class: "finding-chart" },
      make("div", { class: "finding-value" }, growth, make("span", { class: "space" }), last),
      chart.element,
    );
  }

  private stack(selection: URLSearchParams, finding: api.Finding): HTMLElement | null {
    const frames = finding.stack ?? [];
    if (frames.length === 0) return null;
    const name = (text: string) =>
      finding.attachment ? link(functionLink(selection, finding, text), text, { title: "Callers and callees" }) : text;
    const item = (row: Row): HTMLElement => {
      if (!("folded" in row)) return make("li", { class: row.site ? "site" : row.own ? "" : "soft" }, name(row.name));
      const folded = make("li", {});
      folded.append(
        button(
          `${row.folded.length} more frames`,
          () => folded.replaceWith(...row.folded.map((text) => make("li", { class: "soft" }, name(text)))),
          {
            class: "button plain",
          },
        ),
      );
      return folded;
    };
    const rows = shortRows(stackRows(frames, finding.own_frames ?? [], finding.site ?? ""));
    return make("ol", { class: "stack mono", "aria-label": "Stack, innermost first" }, ...rows.map(item));
  }
}
