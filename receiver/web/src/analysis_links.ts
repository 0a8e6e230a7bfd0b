// analysis_links.ts: the addresses behind a finding: its stack in the flame graph, a function's callers, its first and last upload compared.
import type { Finding } from "./api";
import { state } from "./state";
import { assemble, pathOf } from "./tree";

// The flame graph's name for the node at the end of a stack (tree.ts), which comes leaf first.
export function stackPath(stack: readonly string[]): string {
  const names = [...stack].reverse();
  const count = names.length + 1;
  const chain = Int32Array.from({ length: count }, (_, node) => Math.max(node - 1, 0));
  const raw = {
    count,
    parent: chain,
    fn: Int32Array.from({ length: count }, (_, node) => node - 1),
    line: new Int32Array(count),
    self: new Float64Array(count),
    total: new Float64Array(count).fill(1),
  };
  return pathOf(
    assemble(
      raw,
      names.map((name) => ({ name, file: "", kind: "c" as const })),
      { type: "", unit: "", leftOut: 0 },
    ),
    count - 1,
  );
}

function profile(selection: URLSearchParams, finding: Finding): Record<string, string | string[] | undefined> {
  const chosen: Record<string, string[]> = {};
  for (const name of selection.keys()) chosen[name] = selection.getAll(name);
  return { ...chosen, attachment: finding.attachment, type: finding.type };
}

export function flameLink(selection: URLSearchParams, finding: Finding): string {
  const stack = finding.stack ?? [];
  return state("/profile", { ...profile(selection, finding), zoom: stack.length > 0 ? stackPath(stack) : undefined }).href;
}

export function functionLink(selection: URLSearchParams, finding: Finding, name: string): string {
  return state("/profile", { ...profile(selection, finding), view: "sandwich", fn: name }).href;
}

// null when the finding rests on one upload.
export function compareLink(finding: Finding): string | null {
  const [first, last] = finding.uploads ?? [0, 0];
  if (!first || !last || first === last || !finding.attachment) return null;
  return state("/compare", {
    ids: String(last),
    "base.ids": String(first),
    attachment: finding.attachment,
    type: finding.type,
    mode: "total",
  }).href;
}
