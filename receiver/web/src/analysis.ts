// analysis.ts: the tab Analysis: what the receiver found in a series of uploads, worst first, with the evidence: numbers, a chart and the
// stack, each of whose functions leads into the flame graph.
import "./analysis.css";
import { compareLink, flameLink, functionLink } from "./analysis_links";
import * as api from "./api";
import { Chart } from "./chart";
import { quantity } from "./chart_units";
import { button, link, make, notice, refill } from "./dom";
import { count } from "./format";
import { loadScope, scopeChoice, scopeKey, type Scope } from "./metrics_scope";
import { current, type State } from "./state";
import type { View } from "./view";

const shownFrames = 5;

const kinds: Record<string, string> = {
  c_leak: "C leak",
  go_heap_growth: "Go heap growth",
  goroutine_growth: "Goroutine growth",
  goroutine_pile_up: "Goroutine pile-up",
  allocation_churn: "Allocation churn",
  lock_contention: "Lock contention",
  fragmentation: "Fragmentation",
  in_use_incomplete: "In-use incomplete",
  samples_dropped: "Samples dropped",
};

const units: Record<string, string> = {
  c_leak: "bytes",
  go_heap_growth: "bytes",
  goroutine_growth: "count",
  goroutine_pile_up: "count",
  allocation_churn: "bytes/s",
  lock_contention: "s/s",
  fragmentation: "bytes",
  in_use_incomplete: "samples",
  samples_dropped: "samples",
};

export function kindName(kind: string): string {
  return kinds[kind] ?? kind.replace(/_/g, " ");
}

// "high", "medium" and "low" are marked; anything else counts as low.
export function severityOf(finding: api.Finding): "high" | "medium" | "low" {
  return finding.severity === "high" || finding.severity === "medium" ? finding.severity : "low";
}

interface Answer {
  findings: api.Finding[];
  processes?: number;
  profiles?: number;
}

export class AnalysisTab implements View {
  private readonly head = make("div", { class: "tab-head" });
  private readonly list = make("ol", { id: "findings", class: "findings" });
  private charts: Chart[] = [];
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
    for (const chart of this.charts) chart.destroy();
    this.charts = [];
  }

  private async load(state: State): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    this.list.setAttribute("aria-busy", "true");
    try {
      const scope = await loadScope(state, signal);
      const answer: Answer = await api.analysis(scope.selection, signal);
      this.show(scope, answer);
    } catch (error) {
      if (!signal.aborted) this.list.replaceChildren(make("li", {}, notice((error as Error).message)));
    } finally {
      if (!signal.aborted) this.list.removeAttribute("aria-busy");
    }
  }

  private show(scope: Scope, answer: Answer): void {
    this.endCharts();
    const looked = [
      answer.profiles !== undefined && `${count(answer.profiles, "profile")}`,
      answer.processes !== undefined && `${answer.processes.toLocaleString("en")} ${answer.processes === 1 ? "process" : "processes"}`,
    ].filter(Boolean);
    refill(
      this.head,
      scopeChoice(scope),
      make("h2", { id: "finding-count" }, answer.findings.length === 0 ? "Nothing found" : count(answer.findings.length, "finding")),
      looked.length > 0 && make("span", { class: "soft" }, `in ${looked.join(" of ")}`),
    );
    this.list.replaceChildren(...answer.findings.map((finding) => this.card(scope, finding)));
    if (answer.findings.length > 0) return;
    const few = (answer.profiles ?? 0) < 3 ? " Growth shows over several uploads of a process: there are too few here to tell." : "";
    this.list.append(make("li", {}, notice(`No sign of a leak, growth, churn, contention or pile-up.${few}`)));
  }

  private card(scope: Scope, finding: api.Finding): HTMLElement {
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
        ),
        make("h3", {}, finding.title),
        make("p", { class: "evidence" }, finding.evidence),
        this.stack(selection, finding),
        make(
          "div",
          { class: "finding-actions" },
          finding.attachment
            ? link(flameLink(selection, finding), "Show in the flame graph", { class: "button", data: { action: "flame" } })
            : null,
          compare ? link(compare, "Compare first and last upload", { class: "button", data: { action: "compare" } }) : null,
        ),
      ),
      chart,
    );
  }

  private chart(finding: api.Finding): HTMLElement | null {
    const points = finding.series ?? [];
    if (points.length < 2) return null;
    const unit = units[finding.kind] ?? "";
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
    this.charts.push(chart);
    const slope = finding.slope_bytes_per_s;
    const growth = slope ? make("span", { class: "soft" }, `${slope > 0 ? "+" : ""}${quantity(slope * 60, "bytes")} a minute`) : null;
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
    const item = (name: string) =>
      make("li", {}, finding.attachment ? link(functionLink(selection, finding, name), name, { title: "Callers and callees" }) : name);
    const few = frames.length <= shownFrames + 2 ? frames : frames.slice(0, shownFrames);
    const list = make("ol", { class: "stack mono", "aria-label": "Stack, innermost first" }, ...few.map(item));
    if (few.length < frames.length) {
      const more = button(`${frames.length - few.length} more frames`, () => list.replaceChildren(...frames.map(item)), {
        class: "button plain",
      });
      list.append(make("li", {}, more));
    }
    return list;
  }
}
