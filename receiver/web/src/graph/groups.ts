// groups.ts: what a function belongs to: its package or library, its source file.
import type { TreeFunction } from "../lib/api";

export const groupings = [
  ["function", "Function"],
  ["package", "Package"],
  ["file", "File"],
  ["line", "Line"],
] as const;
export type Grouping = (typeof groupings)[number][0];

// The receiver names it (docs/receiver.md); where it cannot, the source file stands for it.
export function packageOf(fn: TreeFunction): string {
  if (fn.kind === "label") return "";
  return fn.library || fn.file.slice(fn.file.lastIndexOf("/") + 1) || "unknown";
}

// "main.work:12" of a tree by line is the function main.work.
export function functionOfLine(name: string): string {
  return name.replace(/:\d+$/, "");
}

export function groupOf(fn: TreeFunction, grouping: Grouping): string {
  if (fn.kind === "label") return fn.name;
  return grouping === "package" ? packageOf(fn) : grouping === "file" ? fn.file || packageOf(fn) : fn.name;
}

// The function that stands for a whole group.
export function groupFunction(fn: TreeFunction, grouping: Grouping): TreeFunction {
  if (fn.kind === "label") return fn;
  return { name: groupOf(fn, grouping), file: grouping === "file" ? fn.file : "", kind: fn.kind, library: packageOf(fn) };
}
