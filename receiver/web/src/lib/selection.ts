// selection.ts: what a selection's parameters mean.

// The number of the only upload that a selection can mean, else "".
export function singleUpload(selection: URLSearchParams): string {
  const names = [...selection.keys()];
  const ids = selection.get("ids") ?? "";
  return names.length === 1 && /^\d+$/.test(ids) ? ids : "";
}
