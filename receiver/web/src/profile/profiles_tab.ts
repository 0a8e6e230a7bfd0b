// profiles_tab.ts: the tab Profiles: every sample type of every attachment as a flame graph, a table, or callers and callees of a function.
//
// Parameters of the address: attachment, type, memory (C, Go), owner (program), label (KEY:VALUE, several), group_by (KEY), view, shape (flame), group, colour, find, focus,
// heat (row: of Over time), lanes (1: the same), time (FROM-TO),  ignore, hide, start, without (kinds), tree (shapes), fn (of the sandwich, the call graph and source), file (its, of source), callers, callees (of the sandwich), zoom, sort, gauges (last, max, growth), processes (sum).
import "./profiles.css";
import type * as api from "../lib/api";
import { button, actAsMenu, link, make, notice, refill } from "../lib/dom";
import { attachmentPath, disassembly, exportPath, ofValuesAboveZero } from "../lib/api";
import type { CallGraph } from "../graph/call_graph";
import { placeOf, type CodeQuestion } from "../graph/code_place";
import { exportButton } from "../graph/export_menu";
import { filterTree, sumMatches } from "../graph/filter";
import { FlameGraph } from "../graph/flame_graph";
import { withAges } from "../graph/ages";
import { hasKinds, kindsOf, type Colouring } from "../graph/flame_colours";
import { count, share, value } from "../lib/format";
import { callersAndCallees, frameItems, functionItems, labelItems } from "../graph/frame_menu";
import { frameText } from "../graph/frame_text";
import { FunctionTable } from "../graph/function_table";
import { functionOfLine, groupings } from "../graph/groups";
import { flags } from "../graph/pattern";
import { closeMenu, openMenu, type Item } from "../lib/popup";
import { copyButton } from "../lib/markdown";
import { memoryFile } from "../lib/memory_parts";
import { growthText, mergedText, typeText, unreadNote, Warnings } from "../lib/notes";
import { recordingWarnings, stateTypes } from "../lib/recording_words";
import {
  agesLeftOutText,
  eventsType,
  hasProfiles,
  pickAttachment,
  pickType,
  ProfileData,
  typeId,
  withGauges,
  type File,
  type LoadedTree,
} from "../graph/profile_data";
import { choice, ProfileToolbar, views, type ViewName } from "../graph/profile_toolbar";
import { Minimap } from "../graph/minimap";
import type { HeatMap } from "./heat_map";
import { askAhead, groupOf, questionOf } from "./profiles_question";
import { ProfilesRail } from "./profiles_rail";
import { RecordingView } from "./recording";
import { Sandwich } from "../graph/sandwich";
import { shapeTree } from "../graph/shapes";
import { SourceView } from "../graph/source_view";
import { change, current, State } from "../lib/state";
import { groupKeys, tagKey } from "../lib/tags";
import { childrenOf, findPath, nameOf, pathOf, sumFunctions, type FunctionSum, type Tree } from "../graph/tree";
import { notLoadedText, type View } from "../lib/view";

interface Chosen {
  file: File;
  request: api.TreeRequest;
  types: api.Types;
  type: api.SampleType;
  loaded: LoadedTree;
  aged: boolean; // the tree is grouped by age, for colours
  timeline: api.Timeline | undefined; // of the view that shows it
}

function colouringsOf(tree: Tree, file: string, now: State): [Colouring, string][] {
  if (tree.error)
    return [
      ["certainty", "Colour: certainty"],
      ["package", "Colour: package"],
    ];
  const ofMemory = file === memoryFile && !now.get("group_by");
  return [
    ...(kindsOf(tree).size > 1 ? ([["kind", "Colour: kind"]] as [Colouring, string][]) : []),
    ["package", "Colour: package"],
    ...(ofMemory
      ? ([
          ["part", "Colour: cause"],
          ["age", "Colour: age"],
        ] as [Colouring, string][])
      : []),
  ];
}

function itemsOf(row: FunctionSum): Item[] {
  return row.kind === "label" ? labelItems(row.name) : functionItems(row);
}

// The node of a value in the first level.
function groupNode(tree: Tree, row: FunctionSum): number {
  return childrenOf(tree, 0).find((node) => tree.fn[node] === row.fn) ?? 0;
}

// The node of the value that a node is below; 0: it is the root.
function groupOfNode(tree: Tree, node: number): number {
  while (tree.depth[node] > 1) node = tree.parent[node];
  return node;
}

export class ProfilesTab implements View {
  private readonly rail = new ProfilesRail((attachment, type) =>
    change({
      attachment,
      type,
      label: attachment === this.now?.get("attachment") ? this.now.all("label") : null,
      ...{ zoom: null, fn: null, file: null, callers: null, callees: null, event: null },
    }),
  );
  private readonly toolbar = new ProfileToolbar();
  private readonly graph: FlameGraph = new FlameGraph("Flame graph", {
    onSelect: (node) => this.tell(this.graph.tree, node),
    onZoom: (node) => change({ zoom: pathOf(this.graph.tree!, node) }),
    onMenu: (node, x, y) => this.frameMenu(this.graph.tree!, node, x, y),
    onView: () => this.minimap.update(),
  });
  private readonly minimap = new Minimap(this.graph, (node) => change({ zoom: pathOf(this.graph.tree!, node) }));
  private readonly drawing = make("div", { class: "flame-drawing" }, this.graph.element, this.minimap.element);
  private readonly table = new FunctionTable("Functions", {
    onPick: (row) => this.pickFunction(row),
    onMenu: (row, x, y) => openMenu(row.name, functionItems(row), x, y),
    onSort: (sort) => change({ sort: sort === "self" ? null : sort }),
  });
  private readonly short = new FunctionTable(
    "Functions",
    {
      onPick: (row) => this.pickFunction(row),
      onMenu: (row, x, y) => openMenu(row.name, functionItems(row), x, y),
      onSort: (sort) => change({ sort: sort === "self" ? null : sort }),
    },
    { short: true },
  );
  private readonly slopes = new FunctionTable(
    "Growth of functions",
    {
      onPick: (row) => this.pickFunction(row),
      onMenu: (row, x, y) => openMenu(row.name, functionItems(row), x, y),
      onSort: (sort) => change({ sort: sort === "self" ? null : sort }),
    },
    { grows: true },
  );
  private readonly groups = new FunctionTable(
    "Values",
    {
      onPick: (row) => this.tree && change({ zoom: pathOf(this.tree, groupNode(this.tree, row)) }),
      onSort: (sort) => change({ sort: sort === "self" ? null : sort }),
    },
    { values: true },
  );
  private readonly sandwich = new Sandwich(
    (tree, node, zoomed) => this.tell(tree, node, zoomed),
    (tree, node, x, y) => this.frameMenu(tree, node, x, y),
    (side, path) => change({ [side]: path }),
  );
  private readonly source: SourceView;
  private calls: CallGraph | undefined; // once it was asked for
  private times: HeatMap | undefined; // the same
  private readonly recording = new RecordingView();
  private readonly warnings = new Warnings();
  private readonly frame = make("p", { id: "frame", role: "status" });
  private readonly actions = make("div", { class: "toolbar-group" });
  private readonly panel = make("div", { id: "graph", class: "profile-view panel" });
  private readonly other = make("div", { id: "other", hidden: true });
  private readonly shown = make("div", { id: "profile", class: "profile-main" });
  private readonly abort = new AbortController();
  private data: ProfileData | undefined;
  private now: State | undefined;
  private shaped: { of: Tree; key: string; tree: Tree } | undefined; // what the graph shows
  private filtered: { of: Tree; key: string; tree: Tree; sums: Map<number, FunctionSum[]> } | undefined; // sums: by node
  private labelsOf = "";
  private turn = 0;

  // later: the code that the page does not begin with.
  constructor(private readonly later: () => Promise<typeof import("../later")>) {
    this.source = new SourceView(this.abort.signal, later);
    this.graph.canvas.id = "flamegraph";
    this.graph.canvas.setAttribute("aria-describedby", "frame");
    this.table.element.id = "functions";
    this.short.element.id = "functions-short";
    this.slopes.element.id = "functions-growth";
    this.groups.element.id = "groups";
  }

  private get tree(): Tree | undefined {
    return this.filtered?.tree;
  }

  mount(root: HTMLElement, now: State): void {
    this.panel.append(
      this.short.element,
      this.drawing,
      this.table.element,
      this.slopes.element,
      this.groups.element,
      this.sandwich.element,
      this.source.element,
    );
    // Until there is a tree, an empty panel says that it is loading.
    for (const part of [this.toolbar, this.short, this.table, this.slopes, this.groups, this.sandwich, this.source])
      part.element.hidden = true;
    this.drawing.hidden = true;
    this.shown.append(this.toolbar.element, this.warnings.element, this.panel, make("div", { class: "status" }, this.frame, this.actions));
    root.append(make("div", { class: "profiles" }, this.rail.element, make("div", { class: "profile-place" }, this.shown, this.other)));
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.abort.signal });
    for (const menu of [this.toolbar.labels, this.toolbar.shape]) actAsMenu(menu.element, this.abort.signal);
    this.update(now);
  }

  update(now: State): void {
    this.now = now;
    const selection = withGauges(now);
    if (this.data?.selection.toString() !== selection.toString()) {
      this.data?.close();
      this.data = new ProfileData(selection);
      this.labelsOf = "";
      this.rail.element.replaceChildren();
    }
    void this.load(now, this.data!);
  }

  unmount(): void {
    this.turn++;
    this.abort.abort();
    this.data?.close();
    closeMenu();
    for (const part of [this.graph, this.minimap, this.table, this.short, this.slopes, this.groups, this.sandwich, this.source])
      part.destroy();
    this.calls?.destroy();
    this.times?.destroy();
  }

  // ---- Loading ----

  private async load(now: State, data: ProfileData): Promise<void> {
    const turn = ++this.turn;
    const slow = setTimeout(() => turn === this.turn && this.panel.setAttribute("aria-busy", "true"), 150);
    try {
      const files = await data.attachments();
      if (turn !== this.turn) return;
      const file = pickAttachment(files, now.get("attachment"));
      if (!file) return this.showOther(notice("This upload has no attachments."));
      if (!this.rail.element.firstChild) void this.rail.show(data, files, file.name);
      this.rail.mark(file.name, now.get("type"));
      if (file.recording && data.id && now.get("type") === eventsType) {
        this.showOther(this.recording.element);
        return await this.recording.show(now, data, file.name, () => turn !== this.turn);
      }
      if (!hasProfiles(file)) return this.showFile(data, file);
      const ahead = askAhead(now, data, file);
      const types = await data.types(file.name);
      if (turn !== this.turn) return;
      const type = pickType(types, now.get("type"));
      if (!type) return this.showOther(notice("The profile has no sample types."));
      this.rail.mark(file.name, typeId(types, type));
      const view = choice(now, "view", views);
      const { of, request, path, byAge } = questionOf(now, data, file, { types, type });
      if (ahead) await data.takeAhead(request, ahead);
      let loaded = await (byAge ? data.treeByAge(request, path) : data.treeBelow(request, path));
      if (loaded.objectsLeftOut && (view === "table" || view === "source"))
        loaded = await data.treeBelow({ ...request, objects: "1" }, path);
      if (view === "calls" || view === "times") await this.loadLater(view);
      const timeline = view === "times" ? await data.timeline({ ...of, lanes: now.get("lanes") === "1" && !of.groupBy }) : undefined;
      if (turn === this.turn) this.present(now, { file, request, types, type, loaded, aged: byAge && !loaded.agesLeftOut, timeline });
    } catch (error) {
      if (turn === this.turn) this.showOther(notice((error as Error).message));
    } finally {
      clearTimeout(slow);
      if (turn === this.turn) this.panel.removeAttribute("aria-busy");
    }
  }

  private async loadLater(view: "calls" | "times"): Promise<void> {
    if (this[view]) return;
    const { CallGraph, HeatMap } = await this.later().catch(() => {
      throw new Error(notLoadedText);
    });
    if (this[view] || this.abort.signal.aborted) return;
    if (view === "times") return this.panel.append((this.times = new HeatMap()).element);
    this.calls = new CallGraph({
      onSelect: (text) => (this.frame.textContent = text || this.calls!.text || frameText(this.tree!, 0)),
      onMenu: (row, x, y) => openMenu(row.name, itemsOf(row), x, y),
    });
    this.panel.append(this.calls.element);
  }

  private showOther(...nodes: Node[]): void {
    this.other.replaceChildren(...nodes);
    this.other.hidden = false;
    this.shown.hidden = true;
  }

  private showFile(data: ProfileData, file: File): void {
    const download = data.id ? link(attachmentPath(data.id, file.name), "Download", { download: file.name, class: "button" }) : null;
    const text = `${file.name} is not a pprof profile; it is stored as it came and can be downloaded.`;
    this.showOther(notice(text, download));
  }

  // ---- Showing ----

  private filter(now: State, of: Tree, aged: boolean): Tree {
    const filters = {
      focus: now.all("focus"),
      ignore: now.all("ignore"),
      hide: now.all("hide"),
      without: now.all("without") as api.Kind[],
      start: now.all("start"),
      group: choice(now, "view", views) === "source" ? ("function" as const) : choice(now, "group", groupings),
    };
    const key = JSON.stringify([filters, aged]);
    if (this.filtered?.of !== of || this.filtered.key !== key) {
      const tree = filterTree(of, filters);
      this.filtered = { of, key, tree: aged ? withAges(tree) : tree, sums: new Map() };
    }
    return this.filtered.tree;
  }

  private shape(now: State, of: Tree): Tree {
    const key = now.all("tree").join();
    if (!key) return of;
    if (this.shaped?.of !== of || this.shaped.key !== key) this.shaped = { of, key, tree: shapeTree(of, now.all("tree")) };
    return this.shaped.tree;
  }

  // Of the functions below a node; 0: of all.
  private sums(within = 0): FunctionSum[] {
    const { tree, sums } = this.filtered!;
    let known = sums.get(within);
    if (!known) sums.set(within, (known = sumFunctions(tree, within)));
    return known;
  }

  private present(now: State, chosen: Chosen): void {
    const raw = chosen.loaded.tree;
    const kinds = kindsOf(raw);
    const plain = kinds.size < 2;
    const colourings = colouringsOf(raw, chosen.file.name, now);
    const usual = raw.error ? "certainty" : hasKinds(raw) ? "kind" : "package";
    const wanted = chosen.loaded.agesLeftOut ? "part" : now.get("colour", usual);
    const colouring: Colouring = colourings.find(([id]) => id === wanted)?.[0] ?? (raw.error ? "certainty" : "package");
    const tree = this.filter(now, raw, chosen.aged);
    this.other.hidden = true;
    this.shown.hidden = false;
    this.toolbar.element.hidden = false;
    this.toolbar.show(now, {
      types: chosen.types,
      type: chosen.type,
      colourings,
      colouring,
      kinds,
      merged: chosen.timeline ? undefined : chosen.loaded.merged,
    });
    const { data } = this;
    const type = typeId(chosen.types, chosen.type);
    const labelsOf = `${chosen.file.name} ${type}`;
    const tags = (): Promise<string[]> => (data!.id ? Promise.resolve([]) : groupKeys(now.selection()));
    const changed = labelsOf !== this.labelsOf;
    this.toolbar.labels.show(() => data!.labels(chosen.file.name, type), tags, now.all("label"), groupOf(now), changed);
    this.labelsOf = labelsOf;
    const matches = this.search(now, tree);
    const view = choice(now, "view", views);
    const ofGraph = view === "graph" || view === "both";
    const drawn = ofGraph ? this.shape(now, tree) : tree;
    const zoomed = findPath(drawn, now.get("zoom"));
    // As a table, the values come first; below one of them are its functions.
    const within = view === "table" && groupOf(now) ? groupOfNode(tree, zoomed) : 0;
    const grouped = view === "table" && groupOf(now) !== "" && within === 0;
    this.showView(view, grouped, !!raw.error);
    if (ofGraph) {
      const byPlace = drawn !== tree && (colouring === "part" || colouring === "age"); // in the tree as it was
      this.graph.show(drawn, { colouring: byPlace ? "package" : colouring, upright: now.get("shape") === "flame", matches, zoomed });
    }
    const squares = { plain, byPackage: colouring === "package" };
    if (grouped) this.showGroups(now, tree, matches);
    else if (view === "calls") {
      const byPlace = colouring === "part" || colouring === "age"; // which a function has no one of
      this.calls!.show(now, { tree, sums: this.sums(), matches, colouring: byPlace ? "package" : colouring });
    } else if (view === "times") {
      this.showTimes(now, chosen.timeline!);
    } else if (view === "source") {
      const wanted = { name: functionOfLine(now.get("fn")), file: now.get("file") };
      const code = now.get("code") ? this.codeQuestion(now, chosen.request) : null;
      this.source.show(tree, wanted, data!.selection.toString(), () => data!.tags(), code);
    } else if (view !== "graph") this.showTables(now, view, tree, matches, squares, within);
    if (view === "sandwich") {
      const sides = { callers: now.get("callers"), callees: now.get("callees") };
      // Callers and callees are other trees: without causes and ages.
      const ofTree = colouring === "part" || colouring === "age";
      this.sandwich.show(tree, now.get("fn") || this.heaviest(), sides, { colouring: ofTree ? "package" : colouring });
    }
    this.showStatus(view, drawn, chosen, within, grouped);
  }

  private showView(view: ViewName, grouped: boolean, grows: boolean): void {
    this.panel.dataset.view = view;
    this.drawing.hidden = view !== "graph" && view !== "both";
    this.table.element.hidden = view !== "table" || grouped || grows;
    this.slopes.element.hidden = view !== "table" || grouped || !grows;
    this.groups.element.hidden = !grouped;
    this.short.element.hidden = view !== "both" && view !== "sandwich";
    this.sandwich.element.hidden = view !== "sandwich";
    this.source.element.hidden = view !== "source";
    if (this.calls) this.calls.element.hidden = view !== "calls";
    if (this.times) this.times.element.hidden = view !== "times";
  }

  private codeQuestion(now: State, request: api.TreeRequest): (name: string, file: string) => CodeQuestion {
    const data = this.data!;
    return (name, file) => ({
      key: JSON.stringify([data.selection.toString(), request, name, file, now.get("code")]),
      ask: (signal) => disassembly(data.selection, request, { function: name, file, ...placeOf(now.get("code")) }, signal),
      whole: now.get("whole") === "1",
      filtered: ["focus", "ignore", "hide", "start", "without"].some((filter) => now.all(filter).length > 0),
    });
  }

  private showTables(
    now: State,
    view: ViewName,
    tree: Tree,
    matches: Uint8Array | null,
    squares: { plain: boolean; byPackage: boolean },
    within: number,
  ): void {
    const sums = this.sums(within);
    const rows = matches ? sums.filter((row) => matches[row.fn]) : sums;
    const name = view === "sandwich" ? now.get("fn") || this.heaviest() : "";
    const table = view !== "table" ? this.short : tree.error ? this.slopes : this.table;
    table.show(tree, rows, now.get("sort", "self"), { ...squares, chosen: (row) => row.name === name });
  }

  // A stretch of time is a selection of uploads: of those that can reach into it.
  private showTimes(now: State, timeline: api.Timeline): void {
    this.times!.show(now, timeline, {
      onText: (text) => (this.frame.textContent = text || frameText(this.tree!, 0)),
      onRow: ({ name, kind, label }) => {
        const key = groupOf(now);
        if (label) change({ label: [...now.all("label"), label], lanes: null });
        else if (kind !== "label") callersAndCallees(name);
        else if (key && !tagKey(key) && name !== "(no label)") change({ label: [...now.all("label"), `${key}:${name}`], group_by: null });
      },
      // Within one upload, samples have times of their own, or there is nothing to choose.
      onRange: this.data!.id
        ? timeline.samples_with_time > 0 && !timeline.gauge
          ? (from, to) => change({ time: `${from}-${to}`, zoom: null })
          : null
        : (from, to) => change({ from: String(from - timeline.longest_upload_ms + 1), to: String(to), zoom: null }),
    });
  }

  private showGroups(now: State, tree: Tree, matches: Uint8Array | null): void {
    const rows = this.sums().filter((row) => row.kind === "label" && (!matches || matches[row.fn]));
    this.groups.show(tree, rows, now.get("sort", "total"));
  }

  private heaviest(): string {
    return this.sums().reduce<FunctionSum | undefined>((best, one) => (!best || one.self > best.self ? one : best), undefined)?.name ?? "";
  }

  // The flags of what the search finds; null without a search. Says in the toolbar what was found.
  private search(now: State, tree: Tree): Uint8Array | null {
    const { matches } = this.toolbar;
    matches.textContent = "";
    try {
      const found = flags(tree.functions, now.get("find"));
      if (found) {
        const { frames, total } = sumMatches(tree, found);
        matches.textContent = `${count(frames, "frame")} · ${value(total, tree.unit)} · ${share(total, tree.whole ?? tree.total[0])}`;
      }
      return found;
    } catch (error) {
      matches.textContent = (error as Error).message;
      return null;
    }
  }

  // within: the value of the label whose functions are listed; 0: of all.
  private showStatus(view: ViewName, tree: Tree, { loaded, request, timeline }: Chosen, within: number, grouped: boolean): void {
    const zoomed = view === "calls" || view === "times" ? 0 : view === "table" || view === "source" ? within : this.graph.zoomed;
    const merged = loaded.merged && (timeline ?? loaded.merged); // of many uploads, which may be others over time
    this.tell(tree, -1, zoomed);
    if (view === "calls" && this.calls!.text) this.frame.textContent = this.calls!.text;
    const states = timeline?.rows.some((row) => row.states);
    this.warnings.show(recordingWarnings(tree.type, (timeline ?? loaded).warnings, states ? stateTypes : []));
    const listed = view === "table" || view === "sandwich" || view === "source";
    const notes = [
      tree.leftOut > 0 && `${tree.leftOut.toLocaleString("en")} smallest frames not drawn`,
      merged && (loaded.growth ? growthText(merged, loaded.growth) : mergedText(merged, loaded.gauge ?? false)),
      merged && typeText(merged, loaded.gauge ?? false),
      merged && merged.uploads_left_out > 0 && `${merged.uploads_left_out.toLocaleString("en")} older ones left out`,
      timeline &&
        timeline.uploads_at_impossible_times > 0 &&
        `${count(timeline.uploads_at_impossible_times, "upload")} at impossible times left out`,
      grouped ? count(childrenOf(tree, 0).length, "value") : listed && count(this.sums(within).length, "function"),
      loaded.agesLeftOut && agesLeftOutText,
    ].filter(Boolean);
    const noted = [make("span", { class: "soft", id: "notes" }, notes.join(" · ")), merged ? unreadNote(merged) : false];
    const all = button("All values", () => change({ zoom: null }), { id: "all-groups" });
    const toFile = exportButton({
      href: (format) => exportPath(this.data!.selection, request, format),
      but: loaded.growth ? ofValuesAboveZero : [],
      request,
      picture: view === "graph" || view === "both" ? this.graph.canvas : null,
      drawing: view === "calls" ? () => this.calls!.file() : null,
    });
    const table =
      view === "source" ? this.source : grouped ? this.groups : view === "sandwich" ? this.short : tree.error ? this.slopes : this.table;
    const about = [document.title.split(" · ")[0], request.attachment, frameText(tree, zoomed, zoomed), ...notes]
      .filter(Boolean)
      .join(" · ");
    if (listed)
      return refill(
        this.actions,
        ...noted,
        within > 0 && all,
        copyButton(() => table.markdown(about)),
        toFile,
      );
    const row = view === "calls" ? this.calls!.row : undefined;
    const items = row ? itemsOf(row) : zoomed > 0 ? frameItems(tree, zoomed).filter((item) => item.id !== "zoom") : [];
    refill(
      this.actions,
      ...noted,
      ...items
        .filter((item) => ["sandwich", "focus", "ignore", "hide", "copy-stack"].includes(item.id))
        .map((item) => button(item.text, item.run, { data: { action: item.id } })),
      view === "calls"
        ? button("Choose none", () => change({ fn: null }), { id: "choose-none", disabled: !row })
        : view !== "times" && button("Reset zoom", () => change({ zoom: null }), { id: "reset", disabled: zoomed === 0 }),
      toFile,
    );
  }

  // What is under the mouse or the keyboard's cursor, else what is zoomed.
  private tell(tree: Tree | undefined, node: number, zoomed = this.graph.zoomed): void {
    if (tree) this.frame.textContent = frameText(tree, node >= 0 ? node : zoomed, zoomed);
  }

  // ---- Acting on frames and functions ----

  private pickFunction(row: FunctionSum): void {
    const now = current();
    if (choice(now, "view", views) !== "both") return callersAndCallees(row.name);
    const pattern = `=${row.name}`;
    change({ find: now.get("find") === pattern ? null : pattern });
  }

  private frameMenu(tree: Tree, node: number, x: number, y: number): void {
    openMenu(nameOf(tree, node), frameItems(tree, node, { zooms: tree === this.graph.tree }), x, y);
  }

  private key(event: KeyboardEvent): void {
    const search = this.toolbar.search.element;
    const typing = (event.target as Element).closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      search.focus();
      search.select();
      event.preventDefault();
    } else if (event.target === search && (event.key === "Enter" || (event.key === "Escape" && !search.value))) {
      (this.drawing.hidden ? this.table.element : this.graph.canvas).focus();
      event.preventDefault();
    }
  }
}
