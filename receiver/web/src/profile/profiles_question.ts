// profiles_question.ts: what the tab Profiles asks the receiver for: the tree of a sample type, as the address says.
//
// Types are needed to know which of them is shown, and whether choices of C memory apply. Since these are as the address says nearly always,
// the tree is asked for at the same time; it is asked for again if they are not.
import type * as api from "../lib/api";
import { embedded } from "../lib/embedded";
import { memoryFile } from "../lib/memory_parts";
import { singleUpload } from "../lib/selection";
import type { State } from "../lib/state";
import { tagKey } from "../lib/tags";
import { groupings } from "../graph/groups";
import { typeId, type File, type ProfileData } from "../graph/profile_data";
import { asksGrowth, choice, timeLabels, views } from "../graph/profile_toolbar";

export interface Question {
  of: { attachment: string; type: string; memory: string; owner: string; labels: string[]; groupBy: string }; // of whatever view
  request: api.TreeRequest; // of a tree
  path: string; // of the node that it is zoomed to
  byAge: boolean; // the tree is grouped by age, for colours
}

// What samples are grouped by. One upload has one value of each tag.
export function groupOf(now: State): string {
  const by = now.get("group_by");
  return tagKey(by) && singleUpload(now.selection()) ? "" : by;
}

function isAged(now: State, file: string): boolean {
  return file === memoryFile && now.get("colour") === "age" && !now.get("group_by");
}

// known: the types, and which is shown; undefined: those that the address says.
export function questionOf(now: State, data: ProfileData, file: File, known?: { types: api.Types; type: api.SampleType }): Question {
  const ofC = !known || known.types.c_samples > 0;
  const view = choice(now, "view", views);
  const growth = asksGrowth(now) && !!known?.type.gauge && !data.id && view !== "source" && view !== "times";
  const lines = view === "source" || choice(now, "group", groupings) === "line";
  const of = {
    attachment: file.name,
    type: known ? typeId(known.types, known.type) : now.get("type"), // "": the one that the receiver shows
    memory: ofC ? now.get("memory") : "",
    owner: ofC ? now.get("owner") : "",
    labels: [...now.all("label"), ...(growth ? [] : timeLabels(now))],
    groupBy: groupOf(now),
  };
  // Of a shape, and of a view without a zoomed node, it is of another tree.
  const zooms = view !== "source" && view !== "calls" && view !== "times" && now.all("tree").every((shape) => shape === "names");
  return {
    of,
    request: growth ? { ...of, growth } : { ...of, lines, objects: "small" },
    path: zooms ? now.get("zoom") : "",
    byAge: isAged(now, file.name) && !growth,
  };
}

// Asks for the tree that is shown if the types, which are not known yet, are as the address says. A recording is read once, and not for both
// at the same time.
export function askAhead(now: State, data: ProfileData, file: File): api.TreeRequest | undefined {
  const { request, byAge } = questionOf(now, data, file);
  if (embedded || data.knows(file.name) || file.recording || byAge || asksGrowth(now)) return undefined;
  data.tree(request).catch(() => {}); // what is wrong with it is said once it is asked for properly
  return request;
}
