// memory_tab.ts: the tab Memory: where each megabyte of resident memory (RSS) is, over time and with stacks; what Analysis makes of it; and
// how long until the limit.
//
// Parameters of the address: scope, zoomed (as in Metrics), owner (program), processes (sum), zoom (of the graph).
import "./memory.css";
import * as api from "../lib/api";
import { hideProfilerButton, sumButton } from "../graph/choice_buttons";
import { Chart, type ChartSeries } from "../lib/chart";
import { button, link, make, notice, refill } from "../lib/dom";
import { findingMarkdown, isAboutMemory, kindName, severityOf } from "../lib/findings";
import { count } from "../lib/format";
import { copyButton } from "../lib/markdown";
import { partColour } from "../lib/memory_parts";
import { loadScope, scopeChoice, scopeKey, type Scope } from "../lib/metrics_scope";
import { Warnings } from "../lib/notes";
import { parseZoom } from "../lib/series";
import { change, current, type State } from "../lib/state";
import { VersionMarks } from "../lib/versions";
import type { View } from "../lib/view";
import { indicesIn, isInChart, limited, limitOf, outlookOf, readMemory, type Memory } from "./memory_data";
import { MemoryGraph } from "./memory_graph";
import { besideTable, PartsTable, valuesDetails, type Line } from "./memory_table";
import { gapsOf, headline, outlookText } from "./memory_text";

const chartHeight_px = 360;
const noBreakdown =
  "These uploads have no breakdown of memory. goshim/profiler of cmemprof sends it from v0.1.0 on, with DD_PROFILING_CMEMPROF_MEMORY not false; other clients send none.";

export class MemoryTab implements View {
  private readonly head = make("div", { class: "tab-head" });
  private readonly headline = make("h2", { id: "memory-headline" });
  private readonly outlook = make("p", { id: "memory-outlook" });
  private readonly warnings = new Warnings();
  private readonly verdict = make("section", { id: "memory-verdict", class: "panel memory-verdict", tabIndex: 0, "aria-label": "Verdict" });
  private readonly parts = new PartsTable();
  private readonly beside = make("div", { class: "memory-beside" });
  private readonly values = make("div", {});
  private readonly chart = new Chart({
    name: "Resident memory by cause over time: arrow keys move, Shift chooses a time range, Enter shows it",
    height: chartHeight_px,
    choose: (from, to) => change({ zoomed: `${from}-${to}`, zoom: null }),
    reset: () => change({ zoomed: null, zoom: null }),
    hover: (at) => this.parts.read(at),
  });
  private readonly graph = new MemoryGraph();
  private readonly content = make(
    "div",
    { id: "memory-content", class: "memory-content" },
    make("div", { class: "memory-sentences" }, this.headline, this.outlook),
    this.warnings.element,
    make(
      "div",
      { class: "memory-picture panel" },
      this.chart.element,
      make("div", { class: "memory-parts", tabIndex: 0, role: "region", "aria-label": "Parts" }, this.parts.element),
    ),
    this.verdict,
    this.graph.element,
    this.beside,
    this.values,
  );
  private readonly missing = make("div", { hidden: true });
  private readonly versions = new VersionMarks(() => [this.chart]);
  private scope: Scope | undefined;
  private verdictOf: Scope | undefined;
  private answer: api.Metrics | undefined;
  private memory: Memory | null = null;
  private asked = new AbortController(); // for the scope and its verdict
  private figures = new AbortController();
  private key = "";
  private processes = "";

  mount(root: HTMLElement, state: State): void {
    this.content.classList.add("waits");
    root.append(
      make("div", { id: "memory-tab", class: "memory", role: "region", "aria-label": "Memory" }, this.head, this.missing, this.content),
    );
    this.update(state);
  }

  update(state: State): void {
    const key = scopeKey(state);
    if (key !== this.key) {
      this.key = key;
      void this.load(state);
    } else if (this.scope && (!this.answer || state.get("processes") !== this.processes)) {
      void this.loadFigures(state, this.scope);
    } else {
      this.show(state);
    }
  }

  unmount(): void {
    this.asked.abort();
    this.figures.abort();
    this.chart.destroy();
    this.graph.destroy();
  }

  private async load(state: State): Promise<void> {
    this.asked.abort();
    this.figures.abort();
    this.scope = undefined;
    this.answer = undefined;
    const { signal } = (this.asked = new AbortController());
    try {
      const scope = await loadScope(state, signal);
      if (signal.aborted) return;
      this.scope = scope;
      await Promise.all([this.loadFigures(current(), scope), this.versions.load(scope.selection, signal)]);
    } catch (error) {
      if (!signal.aborted) this.miss((error as Error).message);
    }
  }

  // The verdict is about each process, however they are added up: it stays.
  private async loadFigures(state: State, scope: Scope): Promise<void> {
    this.figures.abort();
    const { signal } = (this.figures = new AbortController());
    this.processes = state.get("processes");
    try {
      const answer = await api.metrics(scope.selection, signal, this.processes);
      if (signal.aborted) return;
      this.answer = answer;
      this.memory = readMemory(answer.series);
      this.content.classList.remove("waits");
      this.show(current());
      if (this.memory && this.verdictOf !== scope) {
        this.verdictOf = scope;
        void this.loadVerdict(scope, this.asked.signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      // Old figures are not shown again; the next change of the address asks once more.
      this.answer = undefined;
      this.memory = null;
      this.miss((error as Error).message);
    }
  }

  private miss(text: string): void {
    this.content.hidden = true;
    this.missing.hidden = false;
    this.missing.replaceChildren(notice(text));
  }

  // ---- Figures ----

  private show(state: State): void {
    const { scope, answer, memory } = this;
    if (!scope || !answer) return;
    const range = parseZoom(state.get("zoomed"));
    this.showHead(state, scope, answer);
    if (!memory) return this.miss(noBreakdown);
    this.content.hidden = false;
    this.missing.hidden = true;
    const indices = indicesIn(memory.times_ms, range);
    const outlook = outlookOf(memory, range);
    this.headline.textContent = headline(memory, range);
    this.outlook.textContent = outlook ? outlookText(outlook, memory.times_ms, memory.times_ms[indices[1] - 1]!) : "";
    this.warnings.show(gapsOf(memory, range));
    const parts = memory.parts.filter(({ part }) => part.key !== "profiler" || state.get("owner") !== "program");
    const lines = linesOf(memory);
    const [from, to] = indices;
    const areas = parts.map(({ part, values }): ChartSeries => ({
      label: part.title,
      unit: "bytes",
      values,
      colour: partColour(part.key),
      area: true,
    }));
    const drawn = lines.filter(
      ({ values, dashed }) =>
        !dashed ||
        isInChart(
          values,
          [...parts, ...lines.filter((line) => !line.dashed)].map((one) => one.values),
          from,
          to,
        ),
    );
    const series = drawn.map(({ title, colour, values, dashed }): ChartSeries => ({ label: title, unit: "bytes", values, colour, dashed }));
    this.chart.show({ times_ms: memory.times_ms, series: [...areas, ...series] }, { range, mark: markOf(scope) });
    const hidden = lines.filter((line) => !drawn.includes(line));
    this.parts.show(memory, parts, [...drawn, ...hidden.map((line) => ({ ...line, title: `${line.title}, above the chart` }))], indices);
    refill(this.beside, besideTable(memory, indices));
    refill(this.values, valuesDetails(memory, parts, lines, indices));
    void this.graph.show(state);
  }

  private showHead(state: State, scope: Scope, answer: api.Metrics): void {
    const summed = state.get("processes") === "sum";
    const several = answer.processes > 1;
    const range = state.get("zoomed") !== "";
    refill(
      this.head,
      scopeChoice(scope),
      several &&
        make("span", { class: "soft", id: "memory-processes" }, `${summed ? "sum" : "mean"} of ${count(answer.processes, "process")}`),
      (several || summed) && sumButton(state),
      this.memory &&
        hideProfilerButton(state, "Leave out the memory of the profiler itself (part=profiler, owner=cmemprof); RSS stays as it is"),
      make("span", { class: "space" }),
      range && button("Show all time", () => change({ zoomed: null, zoom: null }), { id: "memory-reset" }),
      this.versions.element,
    );
  }

  // ---- Verdict ----

  private async loadVerdict(scope: Scope, signal: AbortSignal): Promise<void> {
    this.verdict.setAttribute("aria-busy", "true");
    refill(this.verdict, make("h2", {}, "Verdict"), make("p", { class: "soft" }, "Analysis reads the uploads."));
    try {
      const answer = await api.analysis(scope.selection, signal);
      this.showVerdict(answer);
    } catch (error) {
      if (signal.aborted) return;
      refill(this.verdict, make("h2", {}, "Verdict"), make("p", {}, `Analysis did not answer: ${(error as Error).message}`));
    } finally {
      if (!signal.aborted) this.verdict.removeAttribute("aria-busy");
    }
  }

  private showVerdict(answer: api.Analysis): void {
    const findings = answer.findings.filter(isAboutMemory);
    const gaps = answer.not_looked_at.length;
    refill(
      this.verdict,
      make(
        "div",
        { class: "memory-verdict-head" },
        make("h2", {}, "Verdict"),
        make("span", { class: "space" }),
        link(current().with({ tab: "analysis" }).href, "All of Analysis", { class: "button", id: "memory-analysis" }),
      ),
      findings.length === 0 &&
        make(
          "p",
          { id: "memory-nothing" },
          `No finding about memory in ${count(answer.uploads_looked_at, "upload")} of ${count(answer.processes, "process")}.`,
        ),
      findings.length > 0 && make("ol", { id: "memory-findings" }, ...findings.map(findingItem)),
      gaps > 0 && make("p", { id: "memory-gaps", class: "soft" }, `Not looked at: ${answer.not_looked_at.join("; ")}.`),
      answer.findings_left_out > 0 && make("p", { class: "soft" }, `${count(answer.findings_left_out, "finding")} not shown.`),
    );
  }
}

function findingItem(finding: api.Finding): HTMLElement {
  const severity = severityOf(finding);
  return make(
    "li",
    { data: { kind: finding.kind, severity } },
    make(
      "p",
      { class: "finding-kind" },
      make("span", { class: `severity ${severity}` }, severity),
      make("span", { class: "soft" }, kindName(finding.kind)),
    ),
    make("h3", {}, finding.title),
    make("p", { class: "soft evidence" }, finding.evidence),
    finding.advice ? make("p", { class: "advice" }, finding.advice) : null,
    copyButton(() => findingMarkdown(finding)),
  );
}

// RSS, what counts against the limit, and the limit.
function linesOf(memory: Memory): Line[] {
  const lines: Line[] = [];
  const rss = memory.of("rss_bytes");
  const used = limited(memory);
  const limit = limitOf(memory);
  if (rss) lines.push({ title: "RSS", colour: "--text", values: rss });
  if (used && used.values !== rss) lines.push({ title: used.name, colour: "--series-4", values: used.values });
  if (limit) lines.push({ title: "Cgroup limit", colour: "--bad", values: limit, dashed: true });
  return lines;
}

function markOf({ single }: Scope): readonly [number, number] | null {
  return single?.start && single.end ? [Date.parse(single.start), Date.parse(single.end)] : null;
}
