// compare.ts: two selections compared: as one flame graph coloured by what changed, side by side, and as a table of functions by change.
//
// Parameters of the address: the selection of "now", the baseline's with the prefix "base.", attachment, type, memory, mode (total; per second
// without it), gauges, processes, view (sides, table), find, zoom, sort.
import "./compare.css";
import { compare, type Comparison } from "./compare_data";
import { moved, SidePanel, swapped, withSide, type Side } from "./compare_sides";
import { button, make, notice, refill, segments, select } from "../lib/dom";
import { ofValuesAboveZero } from "../lib/api";
import { embedded } from "../lib/embedded";
import { exportButton } from "../graph/export_menu";
import { sumMatches } from "../graph/filter";
import { FlameGraph } from "../graph/flame_graph";
import { change as changeText, count, share, value } from "../lib/format";
import { frameText } from "../graph/frame_text";
import { FunctionTable } from "../graph/function_table";
import { copyButton } from "../lib/markdown";
import { typeText, unreadNote, Warnings } from "../lib/notes";
import { recordingPlace, recordingWarnings, recordingWord } from "../lib/recording_words";
import { flags } from "../graph/pattern";
import { gaugeControls } from "../graph/profile_toolbar";
import { hasSelection } from "../lib/time_range";
import { change, current, navigate, type State } from "../lib/state";
import { TextBox } from "../lib/text_box";
import { findPath, pathOf, sumFunctions, type Tree } from "../graph/tree";
import type { View } from "../lib/view";

const views = [
  ["", "Difference"],
  ["sides", "Side by side"],
  ["table", "Table"],
] as const;

function legend(ofBase: boolean): HTMLElement {
  const one = (kind: string, text: string) => make("span", {}, make("i", { class: `swatch ${kind}` }), text);
  return make(
    "span",
    { class: "compare-legend" },
    ...(ofBase
      ? [one("more", "has grown since"), one("less", "has shrunk"), one("same", "is the same")]
      : [one("more", "more than in the baseline"), one("less", "less"), one("same", "the same")]),
  );
}

// Types of a Java recording by words, in their order.
function typeChoices({ types, file, files }: Comparison): (readonly [string, string])[] {
  if (!files.some((one) => one.name === file && one.recording)) return types.map(({ type }) => [type, type] as const);
  const sorted = [...types].sort((a, b) => recordingPlace(a.type) - recordingPlace(b.type));
  return sorted.map(({ type }) => [type, recordingWord(type) ?? type] as const);
}

export class ComparePage implements View {
  private readonly base = new SidePanel(
    "base.",
    (selection) => this.choose("base.", selection),
    (by) => this.earlier(by),
  );
  private readonly now = new SidePanel(
    "",
    (selection) => this.choose("", selection),
    () => {},
  );
  private readonly toolbar = make("div", { class: "compare-toolbar" });
  private readonly search = new TextBox("find", {
    id: "search",
    label: "Search functions and files",
    read: (pattern) => pattern.replace(/^=/, ""),
  });
  private readonly matches = make("span", { id: "matches", role: "status", class: "soft" });
  private readonly graphs = { both: this.graph("Difference", "both"), base: this.graph("Baseline", "base"), now: this.graph("Now", "now") };
  private readonly table = new FunctionTable(
    "Functions",
    {
      onPick: (row) => change({ find: current().get("find") === `=${row.name}` ? null : `=${row.name}` }),
      onSort: (sort) => change({ sort: sort === "self-change" ? null : sort }),
    },
    { compared: true },
  );
  private readonly warnings = new Warnings();
  private readonly frame = make("p", { id: "frame", role: "status" });
  private readonly actions = make("div", { class: "toolbar-group" });
  private readonly panels = make("div", { class: "compare-view" });
  private readonly other = make("div", { id: "compare-notice" });
  private readonly body = make("div", { class: "compare-body", hidden: true });
  private shown: Comparison | undefined;
  private asked = new AbortController();
  private key = "";

  private graph(label: string, which: "both" | "base" | "now"): FlameGraph {
    const graph = new FlameGraph(label, {
      onSelect: (node) => this.tell(node < 0 ? undefined : graph.tree, node),
      onZoom: (node) => graph.tree && change({ zoom: pathOf(graph.tree, node) }),
    });
    graph.canvas.id = `flamegraph-${which}`;
    return graph;
  }

  mount(root: HTMLElement, state: State): void {
    document.title = "Compare · cmemprof";
    this.table.element.id = "functions";
    const side = (graph: FlameGraph, name: string) =>
      make(
        "section",
        { class: "panel compare-graph", "aria-label": `Flame graph: ${name}` },
        make("h2", {}, name, legend(graph === this.graphs.base)),
        graph.element,
      );
    this.panels.append(
      side(this.graphs.both, "Difference"),
      side(this.graphs.base, "Baseline"),
      side(this.graphs.now, "Now"),
      make("section", { class: "panel compare-table", "aria-label": "Functions" }, this.table.element),
    );
    this.body.append(this.toolbar, this.warnings.element, this.panels, make("div", { class: "status" }, this.frame, this.actions));
    const swap = button("⇄", () => navigate(swapped(current())), {
      id: "swap",
      title: "Swap the two sides",
      "aria-label": "Swap the two sides",
    });
    root.append(
      make(
        "div",
        { class: "compare" },
        make("h1", { class: "visually-hidden" }, "Compare"),
        make("div", { class: "sides" }, this.base.element, swap, this.now.element),
        this.other,
        this.body,
      ),
    );
    this.update(state);
  }

  update(state: State): void {
    this.base.show(state.selection("base."));
    this.now.show(state.selection());
    this.base.canMove = moved(state.selection(), null) !== null;
    const key =
      ["attachment", "type", "memory", "mode", "gauges", "processes"].map((name) => state.get(name)).join("\n") +
      `\n${state.selection()}\n${state.selection("base.")}`;
    if (key !== this.key) {
      this.key = key;
      void this.load(state);
    } else if (this.shown) {
      this.present(state, this.shown);
    }
  }

  unmount(): void {
    this.asked.abort();
    for (const part of [...Object.values(this.graphs), this.table, this.base, this.now]) part.destroy();
  }

  private choose(side: Side, selection: URLSearchParams): void {
    navigate(withSide(current(), side, selection.size > 0 ? selection : new URLSearchParams({ from: "0" })));
  }

  private earlier(by_ms: number | null): void {
    const selection = moved(current().selection(), by_ms);
    if (selection) this.choose("base.", selection);
  }

  // ---- Loading ----

  private async load(state: State): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    this.base.showTotals(null);
    this.now.showTotals(null);
    if (!hasSelection(state.params, "base.") || !hasSelection(state.params)) {
      return this.tellInstead(
        "Choose what to compare: a baseline and what is now. On the search page, uploads or all that the filters let through can be set as the baseline.",
      );
    }
    this.body.setAttribute("aria-busy", "true");
    try {
      const wanted = {
        attachment: state.get("attachment"),
        type: state.get("type"),
        memory: state.get("memory"),
        mode: state.get("mode") === "total" ? "total" : "per_second",
        gauges: state.get("gauges"),
        processes: state.get("processes"),
      };
      const found = await compare(state.selection(), state.selection("base."), wanted, signal);
      if (signal.aborted) return;
      if (typeof found === "string") return this.tellInstead(found);
      this.shown = found;
      this.other.replaceChildren();
      this.body.hidden = false;
      this.present(current(), found);
    } catch (error) {
      if (!signal.aborted) this.tellInstead((error as Error).message);
    } finally {
      if (!signal.aborted) this.body.removeAttribute("aria-busy");
    }
  }

  private tellInstead(text: string): void {
    this.shown = undefined;
    this.body.hidden = true;
    this.other.replaceChildren(notice(text));
  }

  // ---- Showing ----

  private present(state: State, shown: Comparison): void {
    const view = views.find(([id]) => id === state.get("view"))?.[0] ?? "";
    this.panels.dataset.view = view || "difference";
    this.showToolbar(state, shown, view);
    this.showTotals(shown);
    const find = this.find(state, shown.both);
    const zoom = state.get("zoom");
    if (view === "") this.graphs.both.show(shown.both, { matches: find, zoomed: findPath(shown.both, zoom) });
    if (view === "sides") {
      this.graphs.base.show(shown.base, { matches: find, zoomed: findPath(shown.base, zoom) });
      this.graphs.now.show(shown.now, { matches: find, zoomed: findPath(shown.now, zoom) });
    }
    const rows = sumFunctions(shown.both);
    this.table.show(shown.both, find ? rows.filter((row) => find[row.fn]) : rows, state.get("sort", "self-change"), {
      chosen: (row) => `=${row.name}` === state.get("find"),
    });
    this.tell(undefined, 0);
    const { answer } = shown;
    this.warnings.show(recordingWarnings(answer.type, answer.warnings));
    const older = answer.uploads_left_out + answer.base.uploads_left_out;
    const notes = [
      shown.both.leftOut > 0 && `${shown.both.leftOut.toLocaleString("en")} smallest frames not drawn`,
      older > 0 && `${count(older, "older upload")} left out`,
      typeText(answer, answer.gauge),
      typeText(answer.base, answer.gauge) && `of the baseline ${typeText(answer.base, answer.gauge)}`,
    ].filter(Boolean);
    refill(
      this.actions,
      make("span", { class: "soft", id: "notes" }, [...notes, count(rows.length, "function")].join(" · ")),
      unreadNote(answer, answer.base),
      button("Reset zoom", () => change({ zoom: null }), { id: "reset", disabled: !zoom }),
      copyButton(() => this.table.markdown([shown.file, shown.type, this.frame.textContent].join(" · "))),
      exportButton({ href: shown.href, but: ofValuesAboveZero, picture: view === "" ? this.graphs.both.canvas : null }),
    );
  }

  private showToolbar(state: State, shown: Comparison, view: string): void {
    this.search.show(state);
    const { unit, gauge } = shown.answer;
    const perSecond = state.get("mode") !== "total";
    refill(
      this.toolbar,
      segments("View", views, view as "", (id) => change({ view: id || null }), { id: "view" }),
      select(
        "Profile",
        shown.files.map(({ name }) => [name, name] as const),
        shown.file,
        (attachment) => change({ attachment, type: null, memory: null, zoom: null }),
      ),
      select("Type", typeChoices(shown), shown.type, (type) => change({ type })),
      shown.cSamples > 0 &&
        segments(
          "Memory",
          [
            ["", "All"],
            ["C", "C"],
            ["Go", "Go"],
          ],
          state.get("memory") as "",
          (memory) => change({ memory: memory || null }),
          { id: "memory" },
        ),
      gauge
        ? !embedded && gaugeControls(state, shown.answer)
        : segments(
            "Scale",
            [
              ["", "Per second"],
              ["total", "Total"],
            ],
            perSecond ? "" : "total",
            (mode) => change({ mode: mode || null }),
            { id: "mode" },
          ),
      make("span", { class: "space" }),
      this.summary(shown, unit),
      this.matches,
      this.search.element,
    );
  }

  private summary(shown: Comparison, unit: string): HTMLElement {
    const now = shown.answer.total;
    const base = shown.answer.base_total;
    const part = base > 0 ? ` (${now >= base ? "+" : "−"}${((100 * Math.abs(now - base)) / base).toFixed(1)} %)` : "";
    return make(
      "b",
      { id: "change", class: now > base ? "more number" : now < base ? "less number" : "number" },
      `${changeText(now - base, unit)}${part}`,
    );
  }

  private showTotals({ answer }: Comparison): void {
    this.now.showTotals({ uploads: answer.uploads, seconds: answer.seconds ?? 0, total: value(answer.total, answer.unit) });
    this.base.showTotals({
      uploads: answer.base.uploads,
      seconds: answer.base.seconds ?? 0,
      total: value(answer.base_total, answer.unit),
    });
  }

  private find(state: State, tree: Tree): Uint8Array | null {
    this.matches.textContent = "";
    try {
      const found = flags(tree.functions, state.get("find"));
      if (found) {
        const { frames, total } = sumMatches(tree, found);
        this.matches.textContent = `${count(frames, "frame")} · ${value(total, tree.unit)} · ${share(total, tree.total[0]!)}`;
      }
      return found;
    } catch (error) {
      this.matches.textContent = (error as Error).message;
      return null;
    }
  }

  private tell(tree: Tree | undefined, node: number): void {
    const of = tree ?? this.shown?.both;
    if (of) {
      const zoomed = findPath(of, current().get("zoom"));
      this.frame.textContent = frameText(of, tree ? node : zoomed, zoomed);
    }
  }
}
