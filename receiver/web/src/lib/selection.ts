// selection.ts: the parameters of a selection, and what they mean.

// Names the uploads. "tag" holds KEY:VALUE. Each may come several times.
export const selectionNames = [
  "from",
  "to",
  "env",
  "service",
  "version",
  "host",
  "runtime",
  "language",
  "tag",
  "q",
  "ids",
  "pinned",
] as const;

// The number of the only upload that a selection can mean, else "".
export function singleUpload(selection: URLSearchParams): string {
  const names = [...selection.keys()];
  const ids = selection.get("ids") ?? "";
  return names.length === 1 && /^\d+$/.test(ids) ? ids : "";
}

const facetNames = ["service", "env", "version", "host", "runtime", "language"];

// What values over time are asked for. They read single uploads, which have no label tag:KEY:VALUE: it becomes the tag KEY:VALUE of the
// selection, instead of others of that key; what is no single tag (several of a key, or none) stays a label. And a gauge's are means.
export function ofTimeline(selection: URLSearchParams, given: readonly string[]): { selection: URLSearchParams; labels: string[] } {
  const chosen = new URLSearchParams(selection);
  const labels: string[] = [];
  const taken = new Set<string>();
  chosen.delete("gauges");
  for (const label of given) {
    const [, key, value] = /^tag:([^:]+):([^(,][^,]*)$/.exec(label) ?? [];
    if (key === undefined || taken.has(key)) {
      labels.push(label);
      continue;
    }
    taken.add(key);
    const others = chosen.getAll("tag").filter((tag) => !tag.startsWith(`${key}:`));
    chosen.delete("tag");
    for (const tag of [...others, `${key}:${value}`]) chosen.append("tag", tag);
    if (facetNames.includes(key)) chosen.delete(key);
  }
  return { selection: chosen, labels };
}
