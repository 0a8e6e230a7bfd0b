// flame_colours.ts: the colour of each box: by kind (C, Go, Go runtime), by package, by the part of memory that it belongs to, by the age of
// most of it, or by how much it changed against a baseline.
import type { Kind, TreeFunction } from "../lib/api";
import { ageColour } from "../lib/ages";
import { mix, readableOn } from "../lib/contrast";
import { medianAge } from "./ages";
import { packageOf } from "./groups";
import { partColour, partOfFrames } from "../lib/memory_parts";
import { colour } from "../lib/theme";
import { nameOf, type Tree } from "./tree";

export type Colouring = "kind" | "package" | "part" | "age" | "difference" | "certainty";

export const kindNames: readonly (readonly [Kind, string])[] = [
  ["c", "C"],
  ["c_runtime", "libc, std::"],
  ["go", "Go"],
  ["runtime", "Go runtime"],
  ["python", "Python"],
  ["python_runtime", "Python's own"],
  ["node", "JavaScript"],
  ["node_runtime", "Node's own"],
  ["java", "Java"],
  ["java_runtime", "Java's own"],
];
// What a language brings along: beside the colours of packages it stays in the background.
const runtimes: readonly Kind[] = ["runtime", "c_runtime", "python_runtime", "node_runtime", "java_runtime"];

export const packageColours = 10; // --flame-0 ... --flame-9 in flame.css
export const steps = 16; // shades of more and of less

export interface Palette {
  dim: string; // what the search does not find
  match: string;
  cursor: string;
  of: (node: number) => string;
  faded: (fill: string) => string; // of what called the zoomed
  textOn: (fill: string, dimmed: boolean) => string;
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

// From -1 (all of it is gone) over 0 to 1 (all of it is new).
export function changeOf(now: number, base: number): number {
  const most = Math.max(now, base);
  return most > 0 ? (now - base) / most : 0;
}

// How certain it is that a value grows (1) or shrinks (-1): a slope as large as its error is, with 95 %, not 0.
export function certaintyOf(slope: number, error: number): number {
  if (slope === 0) return 0;
  const ratio = error > 0 ? Math.min(Math.abs(slope) / error, 2) : 2;
  return (Math.sign(slope) * ratio) / 2;
}

// The variable of flame.css that a function's boxes have their colour from.
export function colourOf(fn: TreeFunction, colouring: Colouring): string {
  const isPackage = colouring === "package" && fn.kind !== "label" && !runtimes.includes(fn.kind);
  return `--flame-${isPackage ? hash(packageOf(fn)) % packageColours : fn.kind}`;
}

// A function that works something out once for each text.
function once(work: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const value = known.get(text) ?? work(text);
    known.set(text, value);
    return value;
  };
}

// css: the value of a variable of style.css or flame.css.
export function palette(tree: Tree, colouring: Colouring, css: (name: string) => string = colour): Palette {
  const [panel, dimText] = [css("--panel"), css("--flame-dim-text")];
  const readable = once(readableOn);
  const common = {
    dim: css("--flame-dim"),
    match: css("--flame-match"),
    cursor: css("--flame-cursor"),
    faded: once((fill) => mix(panel, fill, 0.55)),
    textOn: (fill: string, dimmed: boolean) => (dimmed ? dimText : readable(fill)),
  };
  if (colouring === "difference" && tree.base) {
    const base = tree.base.total;
    const shade = changeShades(css);
    return { ...common, of: (node) => shade(changeOf(tree.total[node], base[node])) };
  }
  if (colouring === "certainty" && tree.error) {
    const shade = changeShades(css);
    const { error } = tree;
    return { ...common, of: (node) => shade(certaintyOf(tree.total[node], error[node])) };
  }
  const root = css("--flame-root");
  const known = once(css);
  if (colouring === "part" || colouring === "age") {
    const byNode = colouring === "part" ? partColours(tree) : ageColours(tree);
    return { ...common, of: (node) => (node === 0 ? root : known(byNode[node]!)) };
  }
  const byFunction = tree.functions.map((fn) => known(colourOf(fn, colouring)));
  return { ...common, of: (node) => (tree.fn[node] < 0 ? root : byFunction[tree.fn[node]]) };
}

// The variable of each node of memory.pprof: that of its cause, from the second row on that of its kind.
export function partColours(tree: Tree): string[] {
  const colours: string[] = ["--flame-root"];
  for (let node = 1; node < tree.count; node++) {
    const parent = tree.parent[node]!;
    const depth = tree.depth[node]!;
    const part =
      depth === 1 ? partOfFrames(nameOf(tree, node)) : depth === 2 ? partOfFrames(nameOf(tree, parent), nameOf(tree, node)) : undefined;
    colours.push(part ? partColour(part.key) : depth === 1 ? "--flame-plain" : colours[parent]!);
  }
  return colours;
}

// The variable of each node: that of the age of its median byte.
export function ageColours(tree: Tree): string[] {
  return Array.from({ length: tree.count }, (_, node) => {
    const at = medianAge(tree, node);
    return at < 0 ? "--flame-plain" : ageColour(at);
  });
}

// The colour for a change from -1 to 1. What grew and what shrank differ in hue (orange, blue) and in how light they are, so that eyes
// that do not tell red from green tell them apart.
export function changeShades(css: (name: string) => string): (part: number) => string {
  const same = css("--flame-same");
  const shades = (to: string): string[] => Array.from({ length: steps + 1 }, (_, i) => mix(same, to, Math.pow(i / steps, 0.7)));
  const [more, less] = [shades(css("--flame-more")), shades(css("--flame-less"))];
  return (part) => (part < 0 ? less : more)[Math.round(Math.abs(part) * steps)];
}

// Whether kinds tell much: where C and Go meet. In a profile of one language packages tell more.
export function hasKinds(tree: Tree): boolean {
  const kinds = kindsOf(tree);
  return kinds.has("c") && [...kinds].some((kind) => kind !== "c" && kind !== "c_runtime");
}

// Of code.
export function kindsOf(tree: Tree): Set<Kind> {
  return new Set(tree.functions.map((fn) => fn.kind).filter((kind) => kind !== "label"));
}
