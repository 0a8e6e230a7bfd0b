// answers.ts: the JSON interface of the receiver (docs/receiver.md) over the data of a report (receiver/views/report.h): types, trees, labels
// and differences are made of samples here, all else is what the receiver has answered.
import type * as api from "../lib/api";
import type { Owners } from "../lib/api_owners";
import { selectionNames } from "../lib/selection";

// A sample is [node, the value of each type, then of each label its key, text and unit].
type Sample = (number | string)[];

interface Profile {
  name: string;
  seconds: number;
  types: api.Types;
  merged: api.Merged | null;
  warnings: string[];
  owners?: { owner: string; labels: [string, string][]; answer?: Omit<Owners, keyof api.Merged | "warnings">; fault?: string }[];
  samples: Sample[];
  fault?: string; // why there is nothing else
}

export interface Side {
  selection: string | null; // null: that of the address, of the second side its base.
  upload: api.Upload | null;
  total: number;
  profiles: Profile[];
}

export interface Data {
  address: string;
  title: string;
  functions: api.TreeFunction[];
  nodes: number[]; // parent, function and line of node 1, of node 2, ...
  sides: Side[];
  answers: Record<string, unknown>;
}

const noLabel = "(no label)";
const notHere = "is not in this report; the receiver that made it, or cmemprof view with the files, has all";

// ---- Samples ----

const labelsFrom = (profile: Profile): number => 1 + profile.types.types.length;

// One of the texts for each key; null: samples without the key.
function wantedLabels(query: URLSearchParams): Map<string, (string | null)[]> {
  const wanted = new Map<string, (string | null)[]>();
  const add = (key: string, text: string | null): void => void wanted.set(key, [...(wanted.get(key) ?? []), text]);
  for (const label of query.getAll("label")) {
    const [, key, text] = /^(tag:[^:]*(?=:)|[^:]*):(.*)$/s.exec(label) ?? ["", "", label]; // "tag:host:db-3", as the receiver reads it
    add(key, text);
  }
  const [memory, owner] = [query.get("memory"), query.get("owner")];
  if (memory) add("memory", memory === "C" ? "C" : null);
  if (owner) add("owner", owner === "cmemprof" ? owner : null);
  return wanted;
}

function passes(sample: Sample, from: number, wanted: Map<string, (string | null)[]>): boolean {
  for (const [key, texts] of wanted) {
    const have = new Set<string | null>();
    for (let at = from; at < sample.length; at += 3) if (sample[at] === key) have.add(sample[at + 1] as string);
    if (have.size === 0) have.add(null);
    if (!texts.some((text) => have.has(text))) return false;
  }
  return true;
}

// As the receiver names it (merge/group_by.c).
function groupOf(sample: Sample, from: number, key: string): string {
  const values: string[] = [];
  for (let at = from; at < sample.length; at += 3)
    if (sample[at] === key) values.push(sample[at + 2] ? `${sample[at + 1]} ${sample[at + 2]}` : String(sample[at + 1]) || "(empty)");
  return values.join(",") || noLabel;
}

function typeOf({ types }: Profile, wanted: string | null): number {
  const named = types.types.findIndex(({ type }) => type === (wanted || types.default_type));
  return named >= 0 || !wanted
    ? Math.max(named, wanted ? -1 : 0)
    : /^\d+$/.test(wanted) && types.types[Number(wanted)]
      ? Number(wanted)
      : -1;
}

// The type that counts the objects of this one; -1: none (receiver/base/sampling.h).
function objectsOf({ types }: Profile, at: number): number {
  const { type, unit } = types.types[at];
  return unit === "bytes" && type.endsWith("_space")
    ? types.types.findIndex((one) => one.type === type.replace(/_space$/, "_objects"))
    : -1;
}

// ---- Trees ----

interface Row {
  parent: number;
  values: number[]; // self and total, of a difference also of the baseline
}

// Sums stay at the limits of 64 bits, as the receiver's.
const clamped = (sum: number): number => Math.max(-(2 ** 63), Math.min(2 ** 63, sum));

// Nodes, those of a group below the group's own one, made as samples need them: parents come before their children.
class TreeMaker {
  readonly functions: api.TreeFunction[] = [];
  readonly nodes: number[][] = []; // [parent, function, line, ...]
  private readonly rows: Row[];
  private readonly known = new Map<string | null, Map<number, number>>(); // rows of each group by node; null: ungrouped
  private readonly numbers = new Map<number, number>();

  constructor(
    private readonly data: Data,
    private readonly width: 2 | 4,
  ) {
    this.rows = [{ parent: 0, values: new Array<number>(width).fill(0) }];
  }

  // at: 0 what is now, 2 the baseline.
  add(profile: Profile, type: number, query: URLSearchParams, at: 0 | 2, factor: number): void {
    const [wanted, groupBy, from] = [wantedLabels(query), query.get("group_by"), labelsFrom(profile)];
    for (const sample of profile.samples) {
      const value = clamped(Number(sample[1 + type]) * factor);
      if (!value || !passes(sample, from, wanted)) continue;
      let row = this.rowOf(groupBy ? groupOf(sample, from, groupBy) : null, groupBy ?? "", Number(sample[0]));
      this.rows[row].values[at] = clamped(this.rows[row].values[at] + value);
      for (; ; row = this.rows[row].parent) {
        this.rows[row].values[at + 1] = clamped(this.rows[row].values[at + 1] + value);
        if (row === 0) break;
      }
    }
  }

  get root(): number[] {
    return this.rows[0].values;
  }

  finish(): number[][] {
    return this.nodes.map((node, i) => [...node, ...this.rows[i + 1].values]);
  }

  private rowOf(group: string | null, key: string, node: number): number {
    const { nodes } = this.data;
    const known = this.known.get(group) ?? this.begin(group, key);
    const missing: number[] = [];
    let at = node;
    for (; !known.has(at); at = nodes[3 * (at - 1)]) missing.push(at);
    let row = known.get(at)!;
    while ((at = missing.pop() ?? 0) > 0) {
      row = this.push(row, this.functionOf(nodes[3 * (at - 1) + 1]), nodes[3 * (at - 1) + 2]);
      known.set(at, row);
    }
    return row;
  }

  // The rows of a group by node; node 0 is the group itself.
  private begin(group: string | null, key: string): Map<number, number> {
    let root = 0;
    if (group !== null) {
      this.functions.push({ name: group, file: key, kind: "label", library: "" });
      root = this.push(0, this.functions.length - 1, 0);
    }
    const rows = new Map([[0, root]]);
    this.known.set(group, rows);
    return rows;
  }

  private functionOf(fn: number): number {
    let number = this.numbers.get(fn);
    if (number === undefined) {
      this.numbers.set(fn, (number = this.functions.length));
      this.functions.push(this.data.functions[fn]);
    }
    return number;
  }

  private push(parent: number, fn: number, line: number): number {
    this.nodes.push([parent, fn, line]);
    return this.rows.push({ parent, values: new Array<number>(this.width).fill(0) }) - 1;
  }
}

// ---- The interface ----

export class Answers {
  constructor(private readonly data: Data) {}

  answer(path: string): unknown {
    const { pathname, searchParams: query } = new URL(path, "http://report");
    const [, id, name, view] = /^\/api\/uploads\/(\d+)(?:\/attachments\/([^/]+)\/(types|tree))?$/.exec(pathname) ?? [];
    if (id) {
      const side = this.data.sides.find(({ upload }) => upload?.id === Number(id));
      if (!side) throw new Error(`Upload ${id} ${notHere}.`);
      return view ? this.view(view, side, decodeURIComponent(name), query) : withProfiles(side);
    }
    if (pathname === "/api/uploads") return this.uploads(query);
    if (pathname === "/api/types" && !query.get("attachment")) return { ...this.merged(this.side(query)), attachments: this.files(query) };
    const view_ = /^\/api\/(types|tree|labels)$/.exec(pathname)?.[1];
    if (view_) return this.view(view_, this.side(query), query.get("attachment") ?? "", query);
    if (pathname === "/api/diff") return this.diff(query);
    if (pathname === "/api/owners") return this.owners(query);
    const answer = this.data.answers[pathname === "/api/growth" ? growthKey(query) : pathname];
    if (answer === undefined || this.side(query) !== this.data.sides[0]) throw new Error(`What was chosen ${notHere}.`);
    return answer;
  }

  private side(query: URLSearchParams, prefix = ""): Side {
    const key = selectionKey(query, prefix);
    const side = this.data.sides.find((one) => selectionKey(selectionOf(this.data, one), "") === key);
    if (!side) throw new Error(`This choice of uploads ${notHere}.`);
    return side;
  }

  // Of several uploads there may be one for each way to make one value of many.
  private profile(side: Side, name: string, query: URLSearchParams): Profile {
    const all = side.profiles.filter((one) => one.name === name);
    if (all.length === 0) throw new Error(`${name} ${notHere}.`);
    if (all[0].fault) throw new Error(all[0].fault);
    const [value, summed] = [query.get("gauges") || "mean", query.get("processes") === "sum"];
    const exact = all.find(({ merged }) => !merged?.gauges || (merged.gauges.value === value && merged.gauges.summed === summed));
    if (!exact && all[0].types.types[typeOf(all[0], query.get("type"))]?.gauge)
      throw new Error(`The ${summed ? "sum of processes" : value} of these uploads ${notHere}.`);
    return exact ?? all[0];
  }

  private uploads(query: URLSearchParams): api.UploadList {
    const { upload, total } = this.side(query);
    return { uploads: upload ? [upload] : [], total, next: null };
  }

  private files(query: URLSearchParams): api.MergedTypes["attachments"] {
    const side = this.side(query);
    return namesOf(side).map((name) => ({ name, uploads: side.total, pprof: true, recording: false }));
  }

  private merged(side: Side, profile?: Profile): api.Merged {
    const one = { uploads: side.total, processes: 1, uploads_left_out: 0, failed_count: 0, failed: [] };
    return { ...(profile?.merged ?? one), seconds: profile?.seconds ?? 0 };
  }

  private view(view: string, side: Side, name: string, query: URLSearchParams): unknown {
    const profile = this.profile(side, name, query);
    const merged = this.merged(side, profile);
    if (view === "types") return { ...merged, ...profile.types, attachments: [] };
    const type = typeOf(profile, query.get("type"));
    if (type < 0) throw new Error(`The sample type ${query.get("type")} ${notHere}.`);
    return view === "labels"
      ? { ...merged, ...labelsOf(profile, type), keys_left_out: profile.merged ? 1 : 0 }
      : { ...merged, ...this.tree(profile, type, query) };
  }

  private tree(profile: Profile, type: number, query: URLSearchParams): api.TreeAnswer {
    const counts = query.get("objects") ? objectsOf(profile, type) : -1;
    const maker = new TreeMaker(this.data, counts < 0 ? 2 : 4);
    maker.add(profile, type, query, 0, 1);
    if (counts < 0) return heading(profile, type, maker);
    maker.add(profile, counts, query, 2, 1);
    const answer = heading(profile, type, maker);
    const nodes = answer.nodes.map(([parent, fn, line, self, total, , objects]) => [parent, fn, line, self, total, objects, 0]);
    return { ...answer, objects: maker.root[3], nodes };
  }

  // Of the labels that were chosen where it was made, or of none.
  private owners(query: URLSearchParams): Owners {
    const side = this.side(query);
    const profile = this.profile(side, query.get("attachment") ?? "", query);
    const [owner, labels] = [query.get("owner") ?? "", query.getAll("label").sort().join("\n")];
    const found = profile.owners?.find((one) => one.owner === owner && one.labels.map((pair) => pair.join(":")).sort().join("\n") === labels); // prettier-ignore
    if (!found?.answer) throw new Error(found?.fault ?? `Who owns C memory with these labels ${notHere}.`);
    return { ...this.merged(side, profile), ...found.answer, warnings: profile.warnings };
  }

  private diff(query: URLSearchParams): api.DiffTree {
    const [ours, theirs] = [this.side(query), this.side(query, "base.")];
    const name = query.get("attachment") ?? "";
    const [now, base] = [this.profile(ours, name, query), this.profile(theirs, name, query)];
    const type = typeOf(now, query.get("type"));
    if (type < 0) throw new Error(`The sample type ${query.get("type")} ${notHere}.`);
    const { type: typeName, gauge } = now.types.types[type];
    const scaled = query.get("mode") !== "total" && !gauge && now.seconds > 0 && base.seconds > 0;
    const factor = scaled ? now.seconds / base.seconds : 1;
    const baseType = base.types.types.findIndex((one) => one.type === typeName);
    const maker = new TreeMaker(this.data, 4);
    maker.add(now, type, query, 0, 1);
    if (baseType >= 0) maker.add(base, baseType, query, 2, factor);
    return {
      ...this.merged(ours, now),
      ...heading(now, type, maker),
      base_self: maker.root[2],
      base_total: maker.root[3],
      base: this.merged(theirs, base),
      scale: { mode: query.get("mode") ?? "per_second", factor },
    };
  }
}

function heading(profile: Profile, index: number, maker: TreeMaker): api.TreeAnswer {
  const { type, unit, gauge } = profile.types.types[index];
  const [self, total] = maker.root;
  const nodes = maker.finish();
  return { type, unit, gauge, total, self, nodes_left_out: 0, functions: maker.functions, nodes, warnings: profile.warnings };
}

const namesOf = ({ profiles }: Side): string[] => [...new Set(profiles.map(({ name }) => name))];

// Its files are its profiles.
function withProfiles(side: Side): api.Upload {
  const { upload } = side;
  const size = (name: string): number => upload!.attachments.find((one) => one.name === name)!.size_bytes; // not of a file's own report
  const attachments = namesOf(side).map((name) => ({ name, size_bytes: size(name), pprof: true, recording: false }));
  return { ...upload!, attachments };
}

// What the address of a view says of this side.
export function selectionOf({ address, sides }: Data, side: Side): URLSearchParams {
  if (side.selection !== null) return new URLSearchParams(side.selection);
  const params = new URLSearchParams(address.slice(address.indexOf("?") + 1));
  const prefix = side === sides[0] ? "" : "base.";
  return new URLSearchParams(selectionNames.flatMap((name) => params.getAll(prefix + name).map((value) => [name, value])));
}

// What an address says of uploads, in one way of writing it.
function selectionKey(query: URLSearchParams, prefix: string): string {
  return selectionNames.map((name) => [name, ...query.getAll(prefix + name).sort()].join("\n")).join("\n\n");
}

// Growth is of one choice of samples (receiver/http/view_make.c).
function growthKey(query: URLSearchParams): string {
  const asked = ["attachment", "type", "memory", "owner", "group_by"].map((name) => query.get(name) ?? "");
  return ["/api/growth", ...asked, ...query.getAll("label")].join("\n");
}

// ---- Labels, as receiver/views/labels.c counts them ----

const [shownValues, leastValues] = [100, 10];

function labelsOf(profile: Profile, type: number): Omit<api.Labels, keyof api.Merged | "keys_left_out"> {
  const keys = new Map<string, Map<string, api.LabelKey["values"][number]>>();
  for (const sample of profile.samples) {
    const weight = Number(sample[1 + type]);
    if (!weight) continue;
    for (let at = labelsFrom(profile); at < sample.length; at += 3) {
      const [key, value, unit] = sample.slice(at, at + 3) as string[];
      const values = keys.get(key) ?? keys.set(key, new Map()).get(key)!;
      const one = values.get(`${value} ${unit}`) ?? { value, unit, count: 0, weight: 0 };
      one.count++;
      one.weight += weight;
      values.set(`${value} ${unit}`, one);
    }
  }
  const labels = [...keys].map(([key, all]): api.LabelKey => {
    const values = [...all.values()].sort((a, b) => b.weight - a.weight || b.count - a.count || (a.value < b.value ? -1 : 1));
    const samples = values.reduce((sum, { count }) => sum + count, 0);
    const unique = values.length >= leastValues && Math.floor(samples / 2) < values.length;
    return { key, unique, values: values.slice(0, shownValues), values_left_out: Math.max(values.length - shownValues, 0) };
  });
  labels.sort((a, b) => Number(a.unique) - Number(b.unique) || (a.key < b.key ? -1 : 1));
  const { type: name, unit, total } = profile.types.types[type];
  return { type: name, unit, total, labels };
}
