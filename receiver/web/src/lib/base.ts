// base.ts: the path below which the receiver is seen ("/profiles", or ""), which it writes into the page (--base-path).

export const base: string = globalThis.document?.documentElement?.dataset?.base ?? "";

// A path of the receiver, as the browser has to ask for it.
export function based(path: string): string {
  return base + path;
}

// The reverse, of a path of the address bar.
export function unbased(path: string, below = base): string {
  if (!below || (path !== below && !path.startsWith(`${below}/`))) return path;
  return path.slice(below.length) || "/";
}
