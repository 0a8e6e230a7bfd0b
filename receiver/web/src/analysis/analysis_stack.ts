// analysis_stack.ts: which frames of a finding's stack are shown: those of the program itself, its site among them; runs of others are folded.
// Pure.

export type Row = { name: string; own: boolean; site: boolean } | { folded: string[] };

const mostRows = 9;
const firstRows = 4;

// stack: leaf first. own: indices in it. Without any, all frames are the program's.
export function stackRows(stack: readonly string[], own: readonly number[], site: string): Row[] {
  const owned = new Set(own.length > 0 ? own : stack.keys());
  const rows: Row[] = [];
  for (let at = 0; at < stack.length;) {
    let end = at;
    while (end < stack.length && !owned.has(end)) end++;
    // One frame alone takes the room of the line that would stand for it.
    if (end - at > 1) rows.push({ folded: stack.slice(at, end) });
    else rows.push({ name: stack[at]!, own: owned.has(at), site: stack[at] === site });
    at = Math.max(end, at + 1);
  }
  return rows;
}

// Of many rows the first ones and that of the site; what is between them and behind them is folded.
export function shortRows(rows: readonly Row[]): Row[] {
  if (rows.length <= mostRows) return [...rows];
  const names = (from: number, to: number): Row[] => {
    const folded = rows.slice(from, to).flatMap((row) => ("folded" in row ? row.folded : [row.name]));
    return folded.length > 0 ? [{ folded }] : [];
  };
  const site = rows.findIndex((row) => "site" in row && row.site);
  if (site < firstRows) return [...rows.slice(0, firstRows), ...names(firstRows, rows.length)];
  return [...rows.slice(0, firstRows), ...names(firstRows, site), rows[site]!, ...names(site + 1, rows.length)];
}
