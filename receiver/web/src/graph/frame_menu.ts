// frame_menu.ts: what can be done with a function and with a frame: the entries of their menus, for all views.
import { copy } from "../lib/dom";
import type { Item } from "../lib/popup";
import { change, current, type Changes } from "../lib/state";
import { stackText } from "./frame_text";
import { functionOfLine, groupings } from "./groups";
import { exactly } from "./pattern";
import { addPattern, choice } from "./profile_toolbar";
import { embedded } from "../lib/embedded";
import { nameOf, pathOf, type Tree } from "./tree";

export function callersAndCallees(fn: string, more: Changes = {}): void {
  change({ view: "sandwich", fn, file: null, callers: null, callees: null, ...more });
}

// more: what the address needs to get to the tab Profiles.
function sandwichItem(name: string, more?: Changes): Item {
  return { id: "sandwich", text: "Callers and callees", run: () => callersAndCallees(name, more) };
}

// A report has no lines, nor has a package or a file.
function sourceItems(name: string, file: string): Item[] {
  const group = choice(current(), "group", groupings);
  if (embedded || group === "package" || group === "file") return [];
  const fn = group === "line" ? functionOfLine(name) : name;
  return [{ id: "source", text: "Source lines", run: () => change({ view: "source", fn, file: file || null }) }];
}

function copyItem(name: string): Item {
  return { id: "copy-name", text: "Copy name", run: () => void copy(name) };
}

function patternItems(name: string, pattern: string): Item[] {
  return [
    { id: "find", text: "Highlight", run: () => change({ find: `=${name}` }) },
    { id: "focus", text: "Focus", run: () => addPattern("focus", pattern) },
    { id: "start", text: "Show from here", run: () => addPattern("start", pattern) },
    { id: "ignore", text: "Ignore", run: () => addPattern("ignore", pattern) },
  ];
}

// Of a function in the tab Profiles.
export function functionItems({ name, file }: { name: string; file: string }): Item[] {
  const pattern = exactly(name, choice(current(), "group", groupings));
  const hide = { id: "hide", text: "Hide", run: () => addPattern("hide", pattern) };
  return [sandwichItem(name), ...sourceItems(name, file), ...patternItems(name, pattern), hide, copyItem(name)];
}

// The value of a label is no function: it has no callees of its own, and without it there is no grouping.
export function labelItems(name: string): Item[] {
  return [...patternItems(name, `=${name}`), copyItem(name)];
}

// Of a tree outside of the tab Profiles: its filters are not there. more: what the address needs to get there.
function itemsElsewhere(name: string, more: Changes): Item[] {
  return [sandwichItem(name, more), copyItem(name)];
}

// zooms: the tree is the one that the address's zoom is of. elsewhere: the tree is not in the tab Profiles; the changes that lead there.
export function frameItems(tree: Tree, node: number, { zooms = true, elsewhere }: { zooms?: boolean; elsewhere?: Changes } = {}): Item[] {
  if (tree.fn[node] < 0) return [{ id: "zoom", text: "Reset zoom", run: () => change({ zoom: null }) }];
  const name = nameOf(tree, node);
  const fn = tree.functions[tree.fn[node]];
  return [
    ...(zooms ? [{ id: "zoom", text: "Zoom", run: () => change({ zoom: pathOf(tree, node) }) }] : []),
    ...(elsewhere ? itemsElsewhere(name, elsewhere) : fn.kind === "label" ? labelItems(name) : functionItems(fn)),
    { id: "copy-stack", text: "Copy stack", run: () => void copy(stackText(tree, node)) },
  ];
}
