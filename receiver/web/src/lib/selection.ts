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
