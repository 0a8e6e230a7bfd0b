// source_view.ts: the lines of one function with what each has of its own and in all, beside their text where the receiver may read it, with
// links to the code host and to an editor.
import * as api from "../lib/api";
import { codeLink, type CodeLink } from "../lib/code_host";
import { actAsMenu, button, make, refill, segments } from "../lib/dom";
import { editorChoice, editorLink, editorMenu } from "../lib/editor";
import { share, value } from "../lib/format";
import { VirtualTable, type Column } from "../lib/virtual_table";
import { change } from "../lib/state";
import type { CodeQuestion } from "./code_place";
import type { CodeView } from "./code_view";
import { notLoadedText } from "../lib/view";
import { functionOfLine } from "./groups";
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

export interface SourceFunction {
  name: string;
  file: string;
  lines: FunctionSum[]; // in their order
  others: string[]; // files that have a function of this name, too: static functions of C
}

const most = (sums: readonly FunctionSum[], of: "self" | "total"): FunctionSum | undefined =>
  sums.reduce<FunctionSum | undefined>((best, one) => (!best || one[of] > best[of] ? one : best), undefined);

// A function in a tree by line. name "": the one that has most of its own. file "", or none of this name: the one whose line has most in all.
export function sourceFunction(tree: Tree, name: string, file: string): SourceFunction {
  const all = sumFunctions(tree).flatMap((one) => {
    const { line } = tree.functions[one.fn];
    return line === undefined ? [] : [{ ...one, name: functionOfLine(one.name), line }];
  });
  const first = name ? undefined : most(all, "self");
  const named = all.filter((one) => one.name === (first?.name ?? name));
  const wanted = first?.file ?? file;
  const chosen = named.some((one) => one.file === wanted) ? wanted : (most(named, "total")?.file ?? "");
  return {
    name: first?.name ?? name,
    file: chosen,
    lines: named.filter((one) => one.file === chosen).sort((a, b) => a.line - b.line),
    others: [...new Set(named.map((one) => one.file))].filter((one) => one !== chosen).sort(),
  };
}

// What to ask the receiver for: the first line and how many; null: no line has a number.
export function linesToAsk(lines: readonly FunctionSum[]): { from: number; count: number } | null {
  const numbers = lines.map(({ line }) => line).filter((line) => line > 0);
  if (numbers.length === 0) return null;
  const from = Math.max(numbers[0] - around, 1);
  return { from, count: Math.min(numbers.at(-1)! + around - from + 1, mostLines) };
}

const ofNow = "The text is what the receiver's file has now; what was profiled may have been built from another version.";

export class SourceView {
  readonly element: HTMLElement;
  private readonly title = make("h2", { id: "source-title" });
  private readonly links = make("span", { id: "source-links" });
  private readonly note = make("p", { id: "source-note", class: "soft", role: "status" });
  private readonly editor = editorMenu(() => this.fill());
  private readonly table: VirtualTable<Line>;
  private readonly switch = make("span");
  private asksCode: CodeQuestion | null = null; // the last one
  private code: CodeView | undefined; // once it was asked for
  private tree: Tree | undefined;
  private name = "";
  private file = "";
  private library = "";
  private tags: readonly string[] = [];
  private rows: FunctionSum[] = [];
  private others: readonly string[] = [];
  private uploads = "";
  private shown = ""; // what the texts and the tags are of
  private texts = new Map<number, string>();
  private asked = new AbortController();

  // later: the code that the page does not begin with.
  constructor(
    signal: AbortSignal,
    private readonly later: () => Promise<{ CodeView: typeof CodeView }>,
  ) {
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
      make("div", { class: "source-head" }, this.title, this.links, this.switch, this.editor),
      this.note,
      this.table.element,
    );
    actAsMenu(this.editor, signal);
  }

  destroy(): void {
    this.asked.abort();
    this.table.destroy();
    this.code?.destroy();
  }

  markdown(about: string): string {
    return this.code && !this.code.element.hidden ? this.code.markdown(about) : this.table.markdown(about);
  }

  // tree: by line. uploads: which it is of. tags: of the newest of them, when they are known. code: the question for the instructions of
  // that function, if they are to be shown in place of the lines.
  show(
    tree: Tree,
    wanted: { name: string; file: string },
    uploads: string,
    tags: () => Promise<readonly string[]>,
    code: ((name: string, file: string) => CodeQuestion) | null,
  ): void {
    const { name, file, lines, others } = sourceFunction(tree, wanted.name, wanted.file);
    const shown = JSON.stringify([uploads, name, file, linesToAsk(lines)]);
    const changed = shown !== this.shown;
    if (uploads !== this.uploads) this.tags = [];
    if (uploads !== this.uploads || file !== this.file) this.texts.clear();
    const library = lines[0] ? (tree.functions[lines[0].fn].library ?? "") : "";
    Object.assign(this, { tree, rows: lines, name, file, others, uploads, shown, library });
    if (changed) void this.load(tags);
    this.fill();
    void this.showCode(code && code(name, file));
  }

  private async showCode(question: CodeQuestion | null): Promise<void> {
    refill(
      this.switch,
      segments(
        "Of the function",
        [
          ["", "Lines"],
          ["1", "Instructions"],
        ],
        question ? "1" : "",
        (code) => change({ code: code || null }),
        { id: "code" },
      ),
    );
    for (const part of [this.note, this.table.element, this.editor, this.links]) part.hidden = !!question;
    this.asksCode = question;
    if (question && !this.code) {
      const loaded = await this.later().catch(() => null);
      if (!loaded) {
        this.note.hidden = false;
        this.note.textContent = notLoadedText;
        return;
      }
      this.code ??= new loaded.CodeView();
      this.element.append(this.code.element);
    }
    if (!this.code || this.asksCode !== question) return;
    this.code.element.hidden = !question;
    if (question) this.code.show(question);
  }

  private async load(tags: () => Promise<readonly string[]>): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    this.note.textContent = "";
    const known = await tags().catch(() => []);
    if (signal.aborted) return;
    this.tags = known;
    this.fill();
    const ask = linesToAsk(this.rows);
    if (!this.file || !ask) return;
    try {
      const { lines, reason } = await api.source(this.file, ask.from, ask.count, signal);
      this.texts = new Map(lines.map((text, i) => [ask.from + i, text]));
      const last = Math.min(this.rows.at(-1)!.line, ask.from + ask.count - 1);
      const ends = ask.from + lines.length <= last;
      this.note.textContent = reason ?? (ends ? `The receiver's file ends before line ${last}: it is of another version.` : ofNow);
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
      ...this.others.map((other) =>
        other
          ? button(`Also in ${other}`, () => change({ fn: name, file: other }), { data: { action: "other-file" } })
          : make("span", { class: "soft" }, "Also in an unknown file"),
      ),
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
