// pattern.ts: which functions a text means. "/…/" is a regular expression, "=…" a whole name, "package:…" and "file:…" a whole package or
// library and source file, all else a part of the name or of the source file, in any case. In a tree by line, whose names end with it, what
// means a function means all its lines.
import type { TreeFunction } from "../lib/api";
import { functionOfLine, packageOf, type Grouping } from "./groups";

// The pattern that means just this name in a tree of that grouping.
export function exactly(name: string, grouping: Grouping): string {
  return grouping === "package" ? `package:${name}` : grouping === "file" ? `file:${name}` : `=${name}`;
}

export function isRegex(text: string): boolean {
  return text.length > 1 && text.startsWith("/") && text.endsWith("/");
}

// Throws, with a text for people, on a regular expression that is none.
export function matcher(text: string): (fn: TreeFunction) => boolean {
  if (text.startsWith("="))
    return ({ name, line }) => name === text.slice(1) || (line !== undefined && name === `${text.slice(1)}:${line}`);
  if (text.startsWith("package:")) return (fn) => packageOf(fn) === text.slice(8);
  if (text.startsWith("file:")) return (fn) => (fn.file || packageOf(fn)) === text.slice(5);
  if (isRegex(text)) {
    const expression = new RegExp(text.slice(1, -1), "i");
    return ({ name, file, line }) =>
      expression.test(name) || expression.test(file) || (line !== undefined && expression.test(functionOfLine(name)));
  }
  const wanted = text.toLowerCase();
  return ({ name, file }) => name.toLowerCase().includes(wanted) || file.toLowerCase().includes(wanted);
}

// One flag a function; null for an empty text.
export function flags(functions: TreeFunction[], text: string): Uint8Array | null {
  const wanted = text.trim();
  if (!wanted || wanted === "//") return null;
  const matches = matcher(wanted);
  return Uint8Array.from(functions, (fn) => (matches(fn) ? 1 : 0));
}

// Any of several.
export function anyFlags(functions: TreeFunction[], texts: readonly string[]): Uint8Array | null {
  let any: Uint8Array | null = null;
  for (const text of texts) {
    const some = flags(functions, text);
    if (some && any) for (let i = 0; i < some.length; i++) any[i] |= some[i];
    else any = some ?? any;
  }
  return any;
}
