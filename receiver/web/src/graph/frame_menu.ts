// frame_menu.ts: what can be done with a function and with a frame: the entries of their menus, for all views.
import { copy } from "../lib/dom";
import type { Item } from "../lib/popup";
import { change, current, type Changes } from "../lib/state";
import { stackText } from "./frame_text";
import { groupings } from "./groups";
import { exactly } from "./pattern";
import { addPattern, choice } from "./profile_toolbar";
import { nameOf, pathOf, type Tree } from "./tree";

export function callersAndCallees(fn: string, more: Changes = {}): void {
  change({ view: "sandwich", fn, callers: null, callees: null, ...more });
}

// Of a function in the tab Profiles.
export function functionItems(name: string): Item[] {
  const pattern = exactly(name, choice(current(), "group", groupings));
  return [
    { id: "sandwich", text: "Callers and callees", run: () => callersAndCallees(name) },
    { id: "find", text: "Highlight", run: () => change({ find: `=${name}` }) },
    { id: "focus", text: "Focus", run: () => addPattern("focus", pattern) },
    { id: "ignore", text: "Ignore", run: () => addPattern("ignore", pattern) },
    { id: "hide", text: "Hide", run: () => addPattern("hide", pattern) },
    { id: "copy-name", text: "Copy name", run: () => void copy(name) },
  ];
}

// The value of a label is no function: it has no callees of its own, and without it there is no grouping.
function labelItems(name: string): Item[] {
  return functionItems(name)
    .filter(({ id }) => id !== "sandwich" && id !== "hide")
    .map((item) =>
      item.id === "focus" || item.id === "ignore" ? { ...item, run: () => addPattern(item.id as "focus", `=${name}`) } : item,
    );
}

// Of a tree outside of the tab Profiles: its filters are not there. more: what the address needs to get there.
function itemsElsewhere(name: string, more: Changes): Item[] {
  return [
    { id: "sandwich", text: "Callers and callees", run: () => callersAndCallees(name, more) },
    { id: "copy-name", text: "Copy name", run: () => void copy(name) },
  ];
}

// zooms: the tree is the one that the address's zoom is of. elsewhere: the tree is not in the tab Profiles; the changes that lead there.
export function frameItems(tree: Tree, node: number, { zooms = true, elsewhere }: { zooms?: boolean; elsewhere?: Changes } = {}): Item[] {
  if (tree.fn[node] < 0) return [{ id: "zoom", text: "Reset zoom", run: () => change({ zoom: null }) }];
  const name = nameOf(tree, node);
  const isLabel = tree.functions[tree.fn[node]].kind === "label";
  return [
    ...(zooms ? [{ id: "zoom", text: "Zoom", run: () => change({ zoom: pathOf(tree, node) }) }] : []),
    ...(elsewhere ? itemsElsewhere(name, elsewhere) : isLabel ? labelItems(name) : functionItems(name)),
    { id: "copy-stack", text: "Copy stack", run: () => void copy(stackText(tree, node)) },
  ];
}
