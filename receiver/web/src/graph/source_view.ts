// source_view.ts: the lines of one function with what each has of its own and in all, beside their text where the receiver may read it, with
// links to the code host and to an editor.
import * as api from "../lib/api";
import { codeLink, type CodeLink } from "../lib/code_host";
import { actAsMenu, make, refill } from "../lib/dom";
import { editorChoice, editorLink, editorMenu } from "../lib/editor";
import { share, value } from "../lib/format";
import { VirtualTable, type Column } from "../lib/virtual_table";
import { sumFunctions, type FunctionSum, type Tree } from "./tree";
import "./source.css";

interface Line {
  line: number;
  self: number;
  total: number;
  spread: number;
  weighs: boolean; // else it is shown for what stands around it
  text: string;
}

const around = 5; // lines before and behind each that has a value
const mostLines = 2000;

// "main.work:12" of a tree by line is the function main.work.
export function functionOfLine(name: string): string {
  return name.replace(/:\d+$/, "");
}

// The lines of a function in a tree by line, in their order.
export function linesOf(tree: Tree, name: string): FunctionSum[] {
  const lines = sumFunctions(tree).filter(
    ({ fn }) => functionOfLine(tree.functions[fn].name) === name && tree.functions[fn].line !== undefined,
  );
  return lines.map((one) => ({ ...one, line: tree.functions[one.fn].line! })).sort((a, b) => a.line - b.line);
}

export function heaviestFunction(tree: Tree): string {
  const best = sumFunctions(tree).reduce<FunctionSum | undefined>((most, one) => (!most || one.self > most.self ? one : most), undefined);
  return best ? functionOfLine(best.name) : "";
}

export class SourceView {
  readonly element: HTMLElement;
  private readonly title = make("h2", { id: "source-title" });
  private readonly links = make("span", { id: "source-links" });
  private readonly note = make("p", { id: "source-note", class: "soft", role: "status" });
  private readonly editor = editorMenu(() => this.fill());
  private readonly table: VirtualTable<Line>;
  private tree: Tree | undefined;
  private name = "";
  private file = "";
  private library = "";
  private tags: readonly string[] = [];
  private rows: FunctionSum[] = [];
  private texts = new Map<number, string>();
  private asked = new AbortController();

  constructor(signal: AbortSignal) {
    const amount = (number: number): string => (number ? value(number, this.tree?.unit ?? "count") : "");
    const columns: Column<Line>[] = [
      { id: "line", title: "Line", class: "number", width: "72px", cell: ({ line }) => this.lineCell(line) },
      { id: "self", title: "Self", class: "number", width: "92px", cell: ({ self }) => amount(self) },
      { id: "total", title: "Total", class: "number", width: "92px", cell: ({ total }) => amount(total) },
      {
        id: "spread",
        title: "±",
        class: "number",
        width: "80px",
        shown: () => (this.tree?.spread?.[0] ?? 0) > 0,
        cell: ({ spread }) => (spread > 0 ? `±${amount(spread)}` : ""),
      },
      {
        id: "share",
        title: "Total %",
        class: "number",
        width: "76px",
        cell: ({ total, weighs }) => (weighs && this.tree ? share(total, this.tree.whole ?? this.tree.total[0]) : ""),
      },
      { id: "text", title: "Source", class: "name source-text", cell: ({ text }) => text },
    ];
    this.table = new VirtualTable("Lines", columns, {}, "No line of this function has a value");
    this.table.element.id = "source-lines";
    this.element = make(
      "section",
      { class: "source", "aria-label": "Source lines" },
      make("div", { class: "source-head" }, this.title, this.links, this.editor),
      this.note,
      this.table.element,
    );
    actAsMenu(this.editor, signal);
  }

  destroy(): void {
    this.asked.abort();
    this.table.destroy();
  }

  markdown(about: string): string {
    return this.table.markdown(about);
  }

  // tree: by line. tags: of the newest upload, when they are known.
  show(tree: Tree, name: string, tags: () => Promise<readonly string[]>): void {
    this.tree = tree;
    this.rows = linesOf(tree, name);
    const fn = this.rows[0] && tree.functions[this.rows[0].fn];
    const changed = name !== this.name || fn?.file !== this.file;
    Object.assign(this, { name, file: fn?.file ?? "", library: fn?.library ?? "" });
    if (changed) {
      this.texts.clear();
      void this.load(tags);
    }
    this.fill();
  }

  private async load(tags: () => Promise<readonly string[]>): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    this.note.textContent = "";
    this.tags = await tags().catch(() => []);
    if (signal.aborted) return;
    this.fill();
    const numbers = this.rows.map(({ line }) => line).filter((line) => line > 0);
    if (!this.file || numbers.length === 0) return;
    const from = Math.max(numbers[0] - around, 1);
    try {
      const { lines, reason } = await api.source(this.file, from, Math.min(numbers.at(-1)! + around - from + 1, mostLines), signal);
      lines.forEach((text, i) => this.texts.set(from + i, text));
      this.note.textContent = reason ?? "";
    } catch (error) {
      if (!signal.aborted) this.note.textContent = (error as Error).message;
    }
    if (!signal.aborted) this.fill();
  }

  private fill(): void {
    const { rows, name, file, texts } = this;
    const lines = new Map<number, Line>();
    for (const [line, text] of texts) {
      const near = rows.some((one) => Math.abs(one.line - line) <= around);
      if (near) lines.set(line, { line, self: 0, total: 0, spread: 0, weighs: false, text });
    }
    for (const { line, self, total, spread } of rows)
      lines.set(line, { line, self, total, spread, weighs: true, text: texts.get(line) ?? "" });
    refill(this.title, make("b", {}, name), " ", make("span", { class: "soft" }, file));
    const heaviest = rows.reduce((best, one) => (one.total > (best?.total ?? -1) ? one : best), rows[0]);
    const link = heaviest && this.host(heaviest.line);
    const opens = heaviest && editorLink(editorChoice(), file, heaviest.line);
    refill(
      this.links,
      link && outside(link.href, `${link.host} at ${link.at}`),
      opens && make("a", { href: opens, class: "button", id: "open-editor" }, "Open in editor"),
    );
    this.table.show(
      [...lines.values()].sort((a, b) => a.line - b.line),
      "",
      ({ line }) => line === heaviest?.line,
    );
  }

  private host(line: number): CodeLink | null {
    return codeLink({ name: this.name, file: this.file, library: this.library, line }, this.tags);
  }

  private lineCell(line: number): Node | string {
    const link = this.host(line);
    return link ? outside(link.href, String(line)) : line > 0 ? String(line) : "–";
  }
}

// The page that is left tells nothing of itself.
function outside(href: string, text: string): HTMLElement {
  return make("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}
