// memory_table.ts: the figures of the tab Memory as tables: the parts with their colours, which is the chart's legend; what stands beside RSS;
// and the values of the shown range, moment by moment.
import { quantity } from "../lib/chart_units";
import { make } from "../lib/dom";
import { bytes, change, share } from "../lib/format";
import { partColour } from "../lib/memory_parts";
import { moment } from "../lib/times";
import { firstOf, lastOf, type Memory, type Values } from "./memory_data";

export interface Line {
  title: string;
  colour: string; // a variable
  values: Values;
  dashed?: boolean;
}

const beside: readonly (readonly [figure: string, title: string, unit: string])[] = [
  ["peak_rss_bytes", "Highest RSS so far (VmHWM)", "bytes"],
  ["swap_bytes", "Swapped out", "bytes"],
  ["lazy_free_bytes", "In RSS, free for the kernel to take", "bytes"],
  ["huge_bytes", "In huge pages", "bytes"],
  ["malloc_trim_bytes", "C heap: whole free pages at least, which malloc_trim gives back", "bytes"],
  ["malloc_free_blocks", "C heap: free blocks", "count"],
  ["threads", "Threads", "count"],
  ["cgroup_bytes", "Cgroup: memory", "bytes"],
  ["cgroup_limit_bytes", "Cgroup: limit", "bytes"],
  ["limit_bytes", "Limit of which least is left", "bytes"],
  ["limit_used_bytes", "Counts against the limit", "bytes"],
  ["cgroup_anon_bytes", "Cgroup: anonymous", "bytes"],
  ["cgroup_file_bytes", "Cgroup: page cache", "bytes"],
  ["cgroup_inactive_file_bytes", "Cgroup: page cache, inactive", "bytes"],
  ["cgroup_shmem_bytes", "Cgroup: shared memory", "bytes"],
  ["cgroup_kernel_bytes", "Cgroup: kernel", "bytes"],
  ["cgroup_high_events", "Cgroup: above memory.high", "count"],
  ["cgroup_max_events", "Cgroup: at the limit", "count"],
  ["cgroup_oom_kills", "Cgroup: OOM kills", "count"],
];

// The swatch's colour is a custom property, so that it follows the theme.
function swatch(colour: string, line: "" | "line" | "dashed"): HTMLElement {
  const made = make("i", { class: `swatch ${line}` });
  made.style.setProperty("--swatch", `var(${colour})`);
  return made;
}

interface Row {
  values: Values;
  isPart: boolean;
  cells: HTMLElement[]; // value, share, change
}

const unknown = "–";

// The rows stay while the cursor moves; only their values change.
export class PartsTable {
  readonly element = make("table", { id: "memory-parts" });
  private readonly when = make("caption", {});
  private rows: Row[] = [];
  private rss: Values | undefined;
  private times: readonly number[] = [];
  private range: [from: number, to: number] = [0, 0];

  show(memory: Memory, parts: Memory["parts"], lines: readonly Line[], range: [from: number, to: number]): void {
    this.rss = memory.of("rss_bytes");
    this.times = memory.times_ms;
    this.range = range;
    this.rows = [];
    const head = ["Part", "Size", "of RSS", "Change"].map((text, at) => make("th", { scope: "col", class: at > 0 ? "number" : "" }, text));
    this.element.replaceChildren(
      this.when,
      make("thead", {}, make("tr", {}, ...head)),
      make(
        "tbody",
        {},
        ...lines.map(({ title, colour, values, dashed }) =>
          this.row(title, title, swatch(colour, dashed ? "dashed" : "line"), values, false),
        ),
      ),
      make("tbody", {}, ...parts.map(({ part, values }) => this.row(part.key, part.title, swatch(partColour(part.key), ""), values, true))),
    );
    this.read(null);
  }

  // at: index of a time; null: the last value of the range.
  read(at: number | null): void {
    const [from, to] = this.range;
    const time = this.times[at ?? to - 1];
    this.when.textContent = time === undefined ? "No upload in the range" : at === null ? `Last upload, ${moment(time)}` : moment(time);
    const valueOf = (values: Values | undefined): number | null => (at === null ? lastOf(values, from, to) : (values?.[at] ?? null));
    const rss = valueOf(this.rss);
    for (const { values, isPart, cells } of this.rows) {
      const now = valueOf(values);
      const first = firstOf(values, from, to);
      const texts =
        now === null
          ? [unknown, unknown, unknown]
          : [bytes(now), rss && isPart ? share(now, rss) : "", first === null ? unknown : change(now - first, "bytes")];
      cells.forEach((cell, index) => (cell.textContent = texts[index]!));
    }
  }

  private row(key: string, title: string, mark: HTMLElement, values: Values, isPart: boolean): HTMLElement {
    const cells = [0, 1, 2].map(() => make("td", { class: "number" }));
    this.rows.push({ values, isPart, cells });
    return make("tr", { data: { part: key } }, make("th", { scope: "row", title }, mark, title), ...cells);
  }
}

// What is known of the process beside the parts of RSS, at the end of the range.
export function besideTable(memory: Memory, [from, to]: [from: number, to: number]): HTMLElement | null {
  const rows = beside.flatMap(([figure, title, unit]) => {
    const value = lastOf(memory.of(figure), from, to);
    if (value === null) return [];
    return [make("tr", { data: { figure } }, make("th", { scope: "row" }, title), make("td", { class: "number" }, quantity(value, unit)))];
  });
  if (rows.length === 0) return null;
  return make("table", { id: "memory-beside" }, make("caption", {}, "Beside RSS, last upload"), make("tbody", {}, ...rows));
}

const mostRows = 60;

// Filled when it is opened: a row a moment, a column a part.
export function valuesDetails(memory: Memory, parts: Memory["parts"], lines: readonly Line[], [from, to]: [number, number]): HTMLElement {
  const details = make("details", { id: "memory-values" }, make("summary", {}, "Values as a table"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const columns = [
      ...lines.map(({ title, values }) => ({ title, values })),
      ...parts.map(({ part, values }) => ({ title: part.title, values })),
    ];
    const step = Math.max(1, Math.ceil((to - from) / mostRows));
    const rows: HTMLElement[] = [];
    for (let at = to - 1; at >= from; at -= step) {
      const cells = columns.map(({ values }) => make("td", { class: "number" }, values[at] === null ? unknown : bytes(values[at]!)));
      rows.push(make("tr", {}, make("th", { scope: "row" }, moment(memory.times_ms[at]!)), ...cells));
    }
    const heads = ["Time", ...columns.map(({ title }) => title)].map((text) => make("th", { scope: "col" }, text));
    const caption = make("caption", {}, step > 1 ? `Each ${step}th of ${to - from} moments, newest first` : "Newest first");
    const table = make("table", {}, caption, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
    details.append(make("div", { class: "memory-values panel", tabIndex: 0, role: "region", "aria-label": "Values" }, table));
  });
  return details;
}
