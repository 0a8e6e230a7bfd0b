// profile_data.ts: what the tab Profiles shows of a selection, asked for once and kept while the selection stays.
import * as api from "../lib/api";
import { ageLabel } from "../lib/ages";
import { singleUpload } from "../lib/selection";
import type { State } from "../lib/state";
import { isSummed } from "./choice_buttons";
import { withAges } from "./ages";
import { readTree, type Tree } from "./tree";

const keptTrees = 8; // of up to some 20 MB each

export interface LoadedTree {
  tree: Tree;
  merged?: api.Merged; // of an aggregate
  growth?: api.GrowthTree["growth"]; // values are slopes
  gauge?: boolean; // the aggregate's values are means
  objectsLeftOut?: boolean | undefined; // they were asked for, of a tree too large to have them at once
  agesLeftOut?: boolean; // ages were asked for, of a tree too large to have them
  warnings: readonly string[]; // of the profiler
}

// What is said where LoadedTree.agesLeftOut is true.
export const agesLeftOutText = "no ages: the tree is too large";

// The selection with the parameters that say how gauges of several uploads become one value.
export function withGauges(now: State): URLSearchParams {
  const params = now.selection();
  if (singleUpload(params)) return params;
  if (now.get("gauges") === "growth") return params; // of the tree alone
  if (now.get("gauges")) params.set("gauges", now.get("gauges"));
  if (isSummed(now)) params.set("processes", "sum");
  else if (now.get("processes")) params.set("processes", now.get("processes"));
  return params;
}

// An attachment of the selection; size_bytes is known of a single upload's only.
export interface File {
  name: string;
  pprof: boolean;
  recording: boolean;
  size_bytes?: number;
  uploads?: number;
}

export function hasProfiles(file: { pprof: boolean; recording: boolean }): boolean {
  return file.pprof || file.recording;
}

// What the parameter "type" is for the events of a recording, in place of one of its sample types.
export const eventsType = "(events)";

export class ProfileData {
  readonly id: string; // of the only upload, "" for an aggregate
  private readonly abort = new AbortController();
  private readonly typesOf = new Map<string, Promise<api.Types>>();
  private readonly known = new Set<string>(); // attachments whose types have come
  private readonly trees = new Map<string, Promise<LoadedTree>>();
  private lastTimeline: { key: string; answer: Promise<api.Timeline> } | undefined;
  private files: Promise<File[]> | undefined;

  constructor(readonly selection: URLSearchParams) {
    this.id = singleUpload(selection);
  }

  close(): void {
    this.abort.abort();
  }

  // Profiles first, the other files in the order in which they came.
  attachments(): Promise<File[]> {
    const { signal } = this.abort;
    const all = (): Promise<File[]> =>
      (this.id ? api.upload(this.id, signal) : api.types(this.selection, "", signal)).then((answer) => answer.attachments);
    return (this.files ??= all().then((files) => [...files.filter(hasProfiles), ...files.filter((one) => !hasProfiles(one))]));
  }

  types(attachment: string): Promise<api.Types> {
    let asked = this.typesOf.get(attachment);
    if (!asked) {
      const { signal } = this.abort;
      asked = this.id ? api.uploadTypes(this.id, attachment, signal) : api.types(this.selection, attachment, signal);
      asked.then(
        () => this.known.add(attachment),
        () => this.typesOf.delete(attachment), // may go well the next time
      );
      this.typesOf.set(attachment, asked);
    }
    return asked;
  }

  tree(request: api.TreeRequest): Promise<LoadedTree> {
    const key = JSON.stringify(request);
    let asked = this.trees.get(key);
    if (!asked) {
      asked = this.ask(request);
      asked.catch(() => this.trees.delete(key));
      if (this.trees.size >= keptTrees) this.trees.delete(this.trees.keys().next().value!);
      this.trees.set(key, asked);
    }
    return asked;
  }

  // The answer to what was asked for before the types were known is that to a request, if it is of the same type. ahead: with a type or none.
  async takeAhead(request: api.TreeRequest, ahead: api.TreeRequest): Promise<void> {
    const asked = this.trees.get(JSON.stringify(ahead));
    if (!asked || JSON.stringify({ ...ahead, type: request.type }) !== JSON.stringify(request)) return;
    const { tree } = await asked.catch(() => ({ tree: undefined }));
    if (tree?.type !== request.type) return;
    this.trees.delete(JSON.stringify(ahead));
    this.trees.set(JSON.stringify(request), asked);
  }

  // Whether the types have come.
  knows(attachment: string): boolean {
    return this.known.has(attachment);
  }

  // Of a tree that was too large to be sent whole, what is below the node of this path; the whole where there is no such node.
  async treeBelow(request: api.TreeRequest, path: string): Promise<LoadedTree> {
    const whole = await this.tree(request);
    if (!path || whole.tree.leftOut === 0) return whole;
    return this.tree({ ...request, below: path }).catch((error: unknown) => {
      if (error instanceof api.ApiError && error.status === 404) return whole;
      throw error;
    });
  }

  // Grouped by age, for withAges. Of a tree that is too large to be sent so: without ages, as treeBelow.
  async treeByAge(request: api.TreeRequest, path: string): Promise<LoadedTree> {
    const grouped = await this.tree({ ...request, groupBy: ageLabel });
    return grouped.tree.leftOut > 0 ? { ...(await this.treeBelow(request, path)), agesLeftOut: true } : grouped;
  }

  timeline(request: api.TreeRequest): Promise<api.Timeline> {
    const key = JSON.stringify(request);
    if (this.lastTimeline?.key !== key) this.lastTimeline = { key, answer: api.timeline(this.selection, request, this.abort.signal) };
    const { answer } = this.lastTimeline;
    answer.catch(() => (this.lastTimeline = undefined)); // may go well the next time
    return answer;
  }

  // With the age of each node's memory.
  async treeWithAges(request: api.TreeRequest, path: string): Promise<LoadedTree> {
    const loaded = await this.treeByAge(request, path);
    return loaded.agesLeftOut ? loaded : { ...loaded, tree: withAges(loaded.tree) };
  }

  private async ask(request: api.TreeRequest): Promise<LoadedTree> {
    const { signal } = this.abort;
    if (this.id) {
      const one = await api.uploadTree(this.id, request, signal);
      return { tree: readTree(one), objectsLeftOut: one.objects_left_out, warnings: one.warnings };
    }
    if (request.growth) {
      const grown = await api.growth(this.selection, request, signal);
      return { tree: readTree(grown), merged: grown, growth: grown.growth, gauge: true, warnings: grown.warnings };
    }
    const answer = await api.tree(this.selection, request, signal);
    const { gauge, objects_left_out: objectsLeftOut, warnings } = answer;
    return { tree: readTree(answer), merged: answer, gauge, objectsLeftOut, warnings };
  }

  labels(attachment: string, type: string): Promise<api.Labels> {
    return api.labels(this.selection, attachment, type, this.abort.signal);
  }

  // Of the upload, of several those of the newest.
  async tags(): Promise<readonly string[]> {
    const { signal } = this.abort;
    if (this.id) return (await api.upload(this.id, signal)).tags;
    return (await api.uploads(this.selection, { limit: 1 }, signal)).uploads[0]?.tags ?? [];
  }

  jfr(attachment: string): Promise<api.Recording> {
    return api.jfr(this.id, attachment, this.abort.signal);
  }

  events(attachment: string, which: { type: string; after: number; limit: number }): Promise<api.JfrEvents> {
    return api.jfrEvents(this.id, attachment, which, this.abort.signal);
  }
}

// What is asked for, else what says most about memory, else the first profile.
export function pickAttachment(all: readonly File[], wanted: string): File | undefined {
  const profiles = all.filter(hasProfiles);
  const named = (name: string): File | undefined => profiles.find((one) => one.name === name);
  return all.find((one) => one.name === wanted) ?? named("delta-heap.pprof") ?? named("heap.pprof") ?? profiles[0] ?? all[0];
}

// What a type is asked for by: its name, or its place where it has none.
export function typeId(types: api.Types, type: api.SampleType): string {
  return type.type || String(types.types.indexOf(type));
}

// What is asked for, else the one that the receiver shows (merge/shown_type.c): one that recorded something, if there is one.
export function pickType(types: api.Types, wanted: string): api.SampleType | undefined {
  const named = (name: string | null): api.SampleType | undefined => types.types.find((one) => one.type === name);
  const nameless = types.types.find((one) => !one.type && typeId(types, one) === wanted);
  return (wanted ? (named(wanted) ?? nameless) : undefined) ?? named(types.default_type) ?? types.types[0];
}
