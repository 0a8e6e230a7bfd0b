// markdown.ts: what is shown as a small Markdown table, for a ticket or a chat. Its texts are foreign: names of functions, labels, services.
import { button, copy } from "./dom";
import { embedded } from "./embedded";

export interface MarkdownColumn<T> {
  title: string;
  number?: boolean;
  code?: boolean; // names, paths
  text: (row: T) => string;
}

const mostRows = 20;

// Text that is no markup. A table's row ends at its line, a cell at |, also within code.
function plain(text: string): string {
  return text.replace(/[\\`*_[\]<>|~&$#!]/g, "\\$&");
}

// What sites make a link or a mention of, without markup: https://host, www.host, a@host, @person. A zero-width space parts it where it is
// no code.
const linked = /(:(?=\/\/)|www(?=\.)|@)/gi;

function cell(text: string, code: boolean): string {
  // Characters that are not seen and may turn the direction of others become one that is seen.
  const line = text
    .replace(/[\s\p{Cc}\u2028\u2029]+/gu, " ")
    .replace(/\p{Cf}/gu, "\ufffd")
    .trim();
  if ((code || line.search(linked) >= 0) && line && !/[`|\\]/.test(line)) return `\`${line}\``;
  return plain(line.replace(linked, "$1\u200b"));
}

// A line of its own, that begins no list.
const paragraph = (text: string): string =>
  cell(text, false).replace(/^([-+=]|\d+(?=[.)]))/, (mark) => (/\d/.test(mark) ? `${mark}\\` : `\\${mark}`));

const lineOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;

// One thing: a line for each of its facts that is known, [name, text, whether the text is code].
export function markdownFacts(
  head: readonly [string, string],
  facts: readonly (readonly [string, string | null | undefined, boolean?])[],
): string {
  const lines = facts.map(([name, text, code = false]) => (text ? lineOf([name, cell(text, code)]) : ""));
  return lineOf([head[0], cell(head[1], false)]) + lineOf(["---", "---"]) + lines.join("");
}

// The first rows of a list, with a line above that says what it is of; a link to it unless it is in a file.
export function markdownList<T>(about: string, columns: readonly MarkdownColumn<T>[], rows: readonly T[]): string {
  const shown = rows.slice(0, mostRows).map((row) => lineOf(columns.map(({ text, code = false }) => cell(text(row), code))));
  const head = lineOf(columns.map(({ title }) => title)) + lineOf(columns.map(({ number }) => (number ? "---:" : "---")));
  const more = rows.length > mostRows ? `\n${(rows.length - mostRows).toLocaleString("en")} more\n` : "";
  const link = embedded ? "" : ` <${location.href.replace(/[<>\s]/g, encodeURIComponent)}>`;
  return `${paragraph(about)}${link}\n\n${head}${shown.join("")}${more}`;
}

export function copyButton(text: () => string): HTMLElement {
  const made = button("Copy as Markdown", () => void copied(), { data: { action: "markdown" } });
  async function copied(): Promise<void> {
    const said = await copy(text()).then(
      () => "Copied",
      () => "The browser does not let it be copied",
    );
    made.textContent = said;
    setTimeout(() => (made.textContent = "Copy as Markdown"), 2000);
  }
  return made;
}
