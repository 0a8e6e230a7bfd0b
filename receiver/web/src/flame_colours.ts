// flame_colours.ts: the colour of each box: by kind (C, Go, Go runtime), by package, or by how much it changed against a baseline.
import type { Kind, TreeFunction } from "./api";
import { packageOf } from "./groups";
import { colour } from "./theme";
import type { Tree } from "./tree";

export type Colouring = "kind" | "package" | "difference";

export const kindNames: readonly (readonly [Kind, string])[] = [
  ["c", "C"],
  ["c_runtime", "libc, std::"],
  ["go", "Go"],
  ["runtime", "Go runtime"],
  ["python", "Python"],
  ["python_runtime", "Python's own"],
  ["node", "JavaScript"],
  ["node_runtime", "Node's own"],
];
// What a language brings along: beside the colours of packages it stays in the background.
const runtimes: readonly Kind[] = ["runtime", "c_runtime", "python_runtime", "node_runtime"];

const packageColours = 10; // --flame-0 ... --flame-9 in flame.css
const steps = 16; // shades of more and of less

export interface Palette {
  text: string;
  dim: string;
  dimText: string;
  match: string;
  matchText: string;
  cursor: string;
  of: (node: number) => string;
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function mix(from: string, to: string, part: number): string {
  const channel = (hex: string, at: number): number => parseInt(hex.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) => Math.round(channel(from, at) + (channel(to, at) - channel(from, at)) * part));
  return `rgb(${mixed.join(",")})`;
}

// From -1 (all of it is gone) over 0 to 1 (all of it is new).
export function changeOf(now: number, base: number): number {
  const most = Math.max(now, base);
  return most > 0 ? (now - base) / most : 0;
}

// The variable of flame.css that a function's boxes have their colour from.
export function colourOf(fn: TreeFunction, colouring: Colouring): string {
  return `--flame-${colouring === "package" && !runtimes.includes(fn.kind) ? hash(packageOf(fn)) % packageColours : fn.kind}`;
}

export function palette(tree: Tree, colouring: Colouring): Palette {
  const root = colour("--flame-root");
  const common = {
    text: colour("--flame-text"),
    dim: colour("--flame-dim"),
    dimText: colour("--flame-dim-text"),
    match: colour("--flame-match"),
    matchText: colour("--flame-match-text"),
    cursor: colour("--flame-cursor"),
  };
  if (colouring === "difference" && tree.base) {
    const same = colour("--flame-same");
    const shades = (to: string): string[] => Array.from({ length: steps + 1 }, (_, i) => mix(same, to, Math.pow(i / steps, 0.7)));
    const more = shades(colour("--flame-more"));
    const less = shades(colour("--flame-less"));
    const base = tree.base.total;
    return {
      ...common,
      of: (node) => {
        const part = changeOf(tree.total[node], base[node]);
        return (part < 0 ? less : more)[Math.round(Math.abs(part) * steps)];
      },
    };
  }
  const known = new Map<string, string>();
  const byFunction = tree.functions.map((fn) => {
    const name = colourOf(fn, colouring);
    const value = known.get(name) ?? colour(name);
    known.set(name, value);
    return value;
  });
  return { ...common, of: (node) => (tree.fn[node] < 0 ? root : byFunction[tree.fn[node]]) };
}

// Whether kinds tell much: where C and Go meet. In a profile of one language packages tell more.
export function hasKinds(tree: Tree): boolean {
  const kinds = kindsOf(tree);
  return kinds.has("c") && [...kinds].some((kind) => kind !== "c" && kind !== "c_runtime");
}

export function kindsOf(tree: Tree): Set<Kind> {
  return new Set(tree.functions.map((fn) => fn.kind));
}
