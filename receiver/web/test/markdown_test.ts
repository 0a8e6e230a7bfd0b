import assert from "node:assert/strict";
import { test } from "node:test";
import { findingMarkdown } from "../src/lib/findings";
import { markdownFacts, markdownList } from "../src/lib/markdown";

(globalThis as { location?: unknown }).location = { href: "http://127.0.0.1:8126/profile?ids=1&find=%3Cb%3E" };

const columns = [
  { title: "Self", number: true, text: (row: string[]) => row[0] },
  { title: "Function", code: true, text: (row: string[]) => row[1] },
];
const table = (...rows: string[][]): string[] => markdownList("what", columns, rows).split("\n");

// The cells of a row, as GitHub's parser cuts it: at each | that no \ stands before, where \ escapes any punctuation, \ included.
function cells(line: string): string[] {
  return [...line.matchAll(/(?:\\[!-/:-@[-`{-~]|[^|])+/g)].map(([one]) => one.trim());
}

test("a table says what it is of, and aligns numbers", () => {
  assert.deepEqual(table(["3 MB", "main.leak"]), [
    "what <http://127.0.0.1:8126/profile?ids=1&find=%3Cb%3E>",
    "",
    "| Self | Function |",
    "| ---: | --- |",
    "| 3 MB | `main.leak` |",
    "",
  ]);
});

test("of many rows the first are there, and the others counted", () => {
  const lines = table(...Array.from({ length: 1025 }, (_, at) => [`${at} B`, `f${at}`]));
  assert.equal(lines.filter((line) => line.startsWith("| ")).length, 22);
  assert.equal(lines.at(-2), "1,005 more");
});

test("no name breaks the table or is markup", () => {
  const names = [
    "a|b",
    "a\\|b",
    "a\\\\|b",
    "`a|b`",
    "``",
    "a\nb|c\r\nd",
    "|",
    "\\",
    "a\\",
    "a\u2028| x |",
    "</td><script>alert(1)</script>",
    "[x](javascript:alert(1))|",
  ];
  for (const name of names) {
    const lines = table(["1 B", name]);
    assert.equal(lines.length, 6, name);
    assert.equal(cells(lines[4]).length, 2, `${name}: ${lines[4]}`);
    const cell = cells(lines[4])[1];
    if (/^`[^`]*`$/.test(cell)) continue; // code, as it is
    assert.doesNotMatch(cell.replace(/\\[!-/:-@[-`{-~]/g, ""), /[`<>[\]|*]/, `${name}: ${cell}`);
  }
});

test("nothing becomes a link, a mention or a list", () => {
  const shown = (name: string): string => cells(table(["1 B", name])[4])[1];
  for (const name of ["@team", "a@b.example", "https://x.example/", "www.x.example", "f @team https://x.example"]) {
    assert.equal(markdownFacts(["a", name], []).split("\n")[0], `| a | \`${name}\` |`);
    assert.equal(shown(name), `\`${name}\``);
    const broken = shown(`\\${name}`); // no code
    assert.doesNotMatch(broken, /@[a-z]|:\/\/|www\./, broken);
  }
  for (const [about, line] of [
    ["- a", "\\- a"],
    ["+ a", "\\+ a"],
    ["1. a", "1\\. a"],
    ["23) a", "23\\) a"],
    ["=", "\\="],
    ["1 a", "1 a"],
  ])
    assert.equal(markdownList(about, columns, []).split(" <")[0], line);
});

test("what turns the direction of text is seen", () => {
  assert.equal(cells(table(["1 B", "a\u202eb\u2066c\u200bd"])[4])[1], "`a\ufffdb\ufffdc\ufffdd`");
});

test("what a cell says can be read back", () => {
  for (const name of ["a|b", "a\\|b", "`x`", "operator|(A, B)", "f<int>|g"]) {
    const cell = cells(table(["1 B", name])[4])[1];
    assert.equal(cell.replace(/\\([!-/:-@[-`{-~])/g, "$1"), name);
  }
  assert.equal(cells(table(["1 B", "std::map<int, char*>::operator[]"])[4])[1], "`std::map<int, char*>::operator[]`");
});

test("a finding is a table of its facts", () => {
  const finding = {
    kind: "c_leak",
    severity: "high",
    title: "C leak in f|g",
    evidence: "3 MB\na minute",
    advice: null,
    service: "shop",
    stack: ["malloc", "main.f"],
  };
  assert.equal(
    findingMarkdown(finding),
    "| Finding | C leak in f\\|g |\n| --- | --- |\n| Severity | high |\n| Kind | C leak |\n| Where | shop |\n| Evidence | 3 MB a minute |\n| Stack | `malloc` |\n|  | `main.f` |\n",
  );
  assert.equal(markdownFacts(["a", "b"], [["c", ""]]), "| a | b |\n| --- | --- |\n");
});
