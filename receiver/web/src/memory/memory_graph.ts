// memory_graph.ts: the icicle of memory.pprof: of one upload, or of the newest ones of a selection; causes at the top, stacks below them. Boxes
// have the colour of their cause or of the age of what is live, and chosen ages are shown alone.
import { hasAges } from "../graph/ages";
import { FlameGraph } from "../graph/flame_graph";
import { frameItems } from "../graph/frame_menu";
import { frameText } from "../graph/frame_text";
import { agesLeftOutText, ProfileData, type LoadedTree } from "../graph/profile_data";
import { findPath, nameOf, pathOf, type Tree } from "../graph/tree";
import { ageColour, ageFilter, ages } from "../lib/ages";
import { button, link, make, notice, refill, segments } from "../lib/dom";
import { memoryFile } from "../lib/memory_parts";
import { mergedText, unreadNote } from "../lib/notes";
import { closeMenu, openMenu } from "../lib/popup";
import { singleUpload } from "../lib/selection";
import { change, type State } from "../lib/state";
import { parseZoom } from "../lib/series";
import { parseTime } from "../lib/time_range";

// The uploads that the graph is of: with a range in the address, the newest ones at its end.
export function graphSelection(now: State): URLSearchParams {
  const selection = now.selection();
  if (singleUpload(selection)) return selection;
  const range = parseZoom(now.get("zoomed"));
  const to = parseTime(selection.get("to") ?? "");
  if (range && (to === null || range[1] < to)) selection.set("to", String(Math.ceil(range[1])));
  selection.set("gauges", "last");
  if (now.get("processes")) selection.set("processes", now.get("processes"));
  return selection;
}

// The filters by age in the address.
function agesOf(now: State): string[] {
  const known = ages.map(ageFilter);
  return now.all("label").filter((label) => known.includes(label));
}

export class MemoryGraph {
  readonly element: HTMLElement;
  private readonly graph = new FlameGraph("Causes of memory and their stacks", {
    onSelect: (node) => this.tell(node),
    onZoom: (node) => this.tree && change({ zoom: pathOf(this.tree, node) }),
    onMenu: (node, x, y) => this.menu(node, x, y),
  });
  private readonly heading = make("div", { class: "memory-graph-head" });
  private readonly controls = make("div", { class: "memory-graph-head", id: "memory-ages" });
  private readonly frame = make("p", { id: "frame", role: "status" });
  private readonly notes = make("div", { class: "soft" });
  private readonly warnings = make("ul", { class: "memory-warnings" }); // of the profiler
  private readonly panel = make("div", { class: "memory-graph panel" });
  private data: ProfileData | undefined;
  private tree: Tree | undefined;
  private turn = 0;

  constructor() {
    this.graph.canvas.id = "flamegraph";
    this.graph.canvas.setAttribute("aria-describedby", "frame");
    this.element = make(
      "section",
      { id: "memory-graph", "aria-label": "Causes and stacks" },
      this.heading,
      this.controls,
      this.panel,
      make("div", { class: "status" }, this.frame, this.notes),
      this.warnings,
    );
  }

  destroy(): void {
    this.turn++;
    this.data?.close();
    closeMenu();
    this.graph.destroy();
  }

  async show(now: State): Promise<void> {
    const turn = ++this.turn;
    const selection = graphSelection(now);
    if (this.data?.selection.toString() !== selection.toString()) {
      this.data?.close();
      this.data = new ProfileData(selection);
    }
    const { data } = this;
    refill(
      this.heading,
      make("h2", {}, "Causes and stacks"),
      make("span", { class: "space" }),
      link(
        now.with({ tab: null, attachment: memoryFile, type: null, view: null, find: null, group_by: null }).href,
        "All views of memory.pprof",
        {
          class: "button",
          id: "memory-profiles",
        },
      ),
    );
    this.panel.setAttribute("aria-busy", "true");
    try {
      const files = await data.attachments();
      if (turn !== this.turn) return;
      if (!files.some(({ name }) => name === memoryFile)) return this.miss("These uploads have no memory.pprof.");
      const loaded = await data.treeWithAges({ attachment: memoryFile, owner: now.get("owner"), labels: agesOf(now) }, now.get("zoom"));
      if (turn === this.turn) this.draw(now, loaded);
    } catch (error) {
      if (turn === this.turn) this.miss((error as Error).message);
    } finally {
      if (turn === this.turn) this.panel.removeAttribute("aria-busy");
    }
  }

  private miss(text: string): void {
    this.tree = undefined;
    refill(this.controls);
    this.panel.replaceChildren(notice(text));
    this.frame.textContent = "";
    refill(this.warnings);
    refill(this.notes);
  }

  private draw(now: State, { tree, merged, warnings, agesLeftOut }: LoadedTree): void {
    this.tree = tree;
    if (this.graph.element.parentElement !== this.panel) this.panel.replaceChildren(this.graph.element);
    const byAge = now.get("colour") === "age" && hasAges(tree);
    this.showControls(now, byAge, hasAges(tree));
    this.graph.show(tree, { colouring: byAge ? "age" : "part", zoomed: findPath(tree, now.get("zoom")) });
    refill(this.warnings, ...warnings.map((text) => make("li", {}, text)));
    this.tell(-1);
    refill(
      this.notes,
      [
        merged && mergedText(merged, true),
        tree.leftOut > 0 && `${tree.leftOut.toLocaleString("en")} smallest frames not drawn`,
        agesLeftOut && agesLeftOutText,
      ]
        .filter(Boolean)
        .join(" · "),
      merged ? unreadNote(merged) : false,
      button("Reset zoom", () => change({ zoom: null }), { id: "reset", disabled: this.graph.zoomed === 0 }),
    );
  }

  // The ages are the legend of the colours, too.
  private showControls(now: State, byAge: boolean, known: boolean): void {
    const chosen = agesOf(now);
    if (!known && chosen.length === 0) return refill(this.controls);
    const others = now.all("label").filter((label) => !chosen.includes(label)); // of the tab Profiles
    const choose = (labels: readonly string[]): void => change({ label: [...others, ...labels], zoom: null });
    const toggle = (label: string): void => choose(chosen.includes(label) ? chosen.filter((one) => one !== label) : [...chosen, label]);
    refill(
      this.controls,
      segments(
        "Colour",
        [
          ["", "Colour: cause"],
          ["age", "Colour: age"],
        ],
        byAge ? "age" : "",
        (colour) => change({ colour: colour || null }),
        { id: "memory-colour" },
      ),
      make("span", { class: "soft" }, "C memory that is live for"),
      make(
        "div",
        { class: "age-filter", role: "group", "aria-label": "Age of live C memory" },
        ...ages.map((age, at) => {
          const swatch = make("i", { class: "swatch" });
          swatch.style.setProperty("--swatch", `var(${ageColour(at)})`);
          const label = ageFilter(age);
          return button([byAge && swatch, age.title], () => toggle(label), {
            class: "",
            "aria-pressed": String(chosen.includes(label)),
            title: `Show only memory of this age, with its stacks (label ${label})`,
            data: { age: age.value },
          });
        }),
      ),
      chosen.length > 0 && button("All ages", () => choose([]), { id: "memory-all-ages" }),
    );
  }

  private tell(node: number): void {
    const { tree, graph } = this;
    if (tree) this.frame.textContent = frameText(tree, node >= 0 ? node : graph.zoomed, graph.zoomed);
  }

  private menu(node: number, x: number, y: number): void {
    const { tree } = this;
    if (!tree) return;
    openMenu(
      nameOf(tree, node),
      frameItems(tree, node, { elsewhere: { tab: null, attachment: memoryFile, type: null, zoom: null } }),
      x,
      y,
    );
  }
}
