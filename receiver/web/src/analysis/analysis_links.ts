// analysis_links.ts: the addresses behind a finding: its site in the flame graph, a function's callers, its first and last upload compared.
import type { Finding } from "../lib/api";
import { state } from "../lib/state";

// Of the uploads that the page is about those of the process that has it worst.
function profile(selection: URLSearchParams, finding: Finding): Record<string, string | string[] | undefined> {
  const chosen: Record<string, string[]> = {};
  for (const name of selection.keys()) chosen[name] = selection.getAll(name);
  for (const name of ["service", "host"] as const) if (finding[name] && !chosen["ids"]) chosen[name] ??= [finding[name]];
  return { ...chosen, attachment: finding.attachment ?? undefined, type: finding.type ?? undefined };
}

// The whole graph, in which the site is highlighted.
export function flameLink(selection: URLSearchParams, finding: Finding): string {
  const site = finding.site || finding.stack?.[0];
  return state("/profile", { ...profile(selection, finding), find: site ? `=${site}` : undefined }).href;
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
    type: finding.type ?? undefined,
    mode: finding.unit === "bytes" || finding.unit === "count" ? "total" : undefined, // rates are compared by the second
  }).href;
}
