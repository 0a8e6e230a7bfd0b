// api.ts: the receiver's JSON interface (docs/receiver.md), typed. Every call takes a signal to drop it with; an error's message is the
// receiver's own line of text.
import type { LabelKeys, Metrics } from "./api_metrics";
import type { Owners } from "./api_owners";
import type { JfrEvents, Recording, RecordingFact } from "./api_recording";
import { based } from "./base";
import { embedded } from "./embedded";
import { readPacked, type Columns } from "./packed";
import { persistently } from "./reach";
import { ofTimeline } from "./selection";
import type { State } from "./state";

export const root = based("/api");
export type * from "./api_metrics";
export type * from "./api_recording";
export const eventsPath = `${root}/events`; // a stream of what arrives

export interface Attachment {
  name: string;
  size_bytes: number;
  pprof: boolean;
  recording: boolean; // of Java: profiles are made of it
}

export interface Measures {
  cpu_cores: number | null;
  alloc_bytes_per_s: number | null;
  heap_live_bytes: number | null;
  c_live_bytes: number | null;
  goroutines: number | null;
  lock_seconds_per_s: number | null;
}

export interface Upload {
  id: number;
  received: string;
  service: string | null;
  env: string | null;
  version: string | null;
  host: string | null;
  runtime: string | null;
  language: string | null;
  family: string | null;
  start: string | null;
  end: string | null;
  tags: string[];
  attachments: Attachment[];
  measures?: Measures | null;
  pinned?: boolean; // retention leaves it
  note?: string | null;
}

export interface UploadList {
  uploads: Upload[];
  total: number;
  next: string | null; // "after" of the question for what follows
  uploads_not_looked_at?: number; // which have too many tags for the memory, and are too many to read them all
}

export interface Facet {
  name: string;
  values: { value: string; count: number }[];
  more: number;
}

export interface Facets {
  facets: Facet[];
  uploads_with_unlisted_tags?: number; // which have more tags than the memory has
}

export interface Histogram {
  from_ms: number;
  to_ms: number;
  bucket_ms: number;
  counts: number[];
  measure?: { name: string; unit: string; values: (number | null)[] } & {
    groups?: { value: string; values: (number | null)[] }[]; // of the values that are highest
    others?: { count: number; values: (number | null)[] }; // of all others together
  };
}

export interface SampleType {
  type: string;
  unit: string;
  total: number;
  c_total: number;
  gauge: boolean; // how much there was at a moment, not an amount that adds up over time
}

export interface Types {
  samples: number;
  c_samples: number;
  time_ns: number;
  duration_ns: number;
  default_type: string | null;
  types: SampleType[];
}

// How gauges of several uploads become one value.
export interface Gauges {
  value: "mean" | "last" | "max";
  summed: boolean; // processes of one moment are added up
  processes_at_once: number;
  uploads: number; // that were chosen from
}

// What the answer for a selection was made of.
export interface Merged {
  uploads: number;
  uploads_with_type?: number; // of them; not where it is not known
  processes: number; // that they are of
  uploads_left_out: number;
  failed_count: number;
  failed: { id: number; uploads: number; reason: string }[]; // a reason each, with the first upload that has it
  seconds?: number; // that the uploads cover
  gauges?: Gauges; // of what looks into profiles
}

export interface MergedTypes extends Types, Merged {
  attachments: { name: string; uploads: number; pprof: boolean; recording: boolean }[];
}

// "label": no code, but the value of a label that a tree is grouped by; its file is the label's key.
export type Kind =
  "c" | "c_runtime" | "go" | "runtime" | "python" | "python_runtime" | "node" | "node_runtime" | "java" | "java_runtime" | "label";

export interface TreeFunction {
  line?: number; // with lines
  name: string;
  file: string;
  kind: Kind;
  library?: string; // package, module or mapping; "" when unknown
}

// A node is [parent, function, line, self, total], in a difference also base_self and base_total; node 0 is the root and not in the list.
export interface TreeAnswer {
  type: string;
  unit: string;
  gauge: boolean;
  total: number;
  self: number;
  nodes_left_out: number;
  functions: TreeFunction[];
  nodes: number[][];
  columns?: Columns; // in place of nodes, with the root
  warnings: string[]; // of the profiler: what is missing
  objects?: number; // where they were asked for: nodes have two numbers more, the count of objects and the spread of the total
  spread?: number; // two standard errors by sampling
  objects_left_out?: boolean; // objects=small, and the tree is too large
  sums?: number[][]; // [self, total] of each function (with objects and spread), in a difference also of the baseline: of the whole tree, where not all of it is sent
}

export interface MergedTree extends TreeAnswer, Merged {}

// The baseline's values are scaled already.
export interface DiffTree extends MergedTree {
  base_total: number;
  base_self: number;
  base: Merged;
  scale: { mode: string; factor: number };
}

// What grows: values are slopes, per minute; a node is [parent, function, line, self, total, error], a sum [self, total, error].
export interface GrowthTree extends MergedTree {
  error: number; // of the root's total: to the farther end of the interval of 95 %
  growth: { minutes: number; processes: number; processes_too_short: number; uploads_skipped: number };
}

export interface LabelKey {
  key: string;
  unique: boolean; // nearly each sample has a value of its own
  values: { value: string; unit: string; count: number; weight: number }[];
  values_left_out: number;
}

export interface Labels extends Merged {
  type: string;
  unit: string;
  total: number;
  labels: LabelKey[];
  keys_left_out: number;
}

export interface Finding {
  kind: string;
  severity: string;
  title: string;
  evidence: string;
  advice?: string | null; // what to do
  slope_bytes_per_minute?: number | null;
  unit?: string; // of the series
  service?: string;
  host?: string; // of the process that has it worst
  processes?: number;
  site?: string; // the function that it is about
  stack?: string[]; // leaf first
  own_frames?: number[]; // those of the program itself, in the stack
  attachment?: string | null;
  type?: string | null;
  uploads?: [number, number];
  series?: [number, number][];
}

export interface Analysis {
  headline: string;
  complete: boolean;
  uploads: number;
  uploads_looked_at: number;
  processes: number;
  processes_looked_into: number;
  profiles: number;
  not_looked_at: string[];
  findings_left_out: number;
  findings: Finding[];
}

// The worst finding of a service.
export interface Suspect {
  service: string;
  host: string | null;
  kind: string;
  severity: string;
  title: string;
  evidence: string | null;
  site: string | null;
  slope_bytes_per_minute: number | null;
  kept_bytes: number | null;
  limit_seconds: number | null; // from limit_from_ms on
  limit_from_ms: number | null;
  since_ms: number | null;
  version: string | null;
  version_before: string | null; // the one before that brought it
  version_brought_it: boolean;
  processes: number;
  others: number; // further findings of the service
  attachment: string | null;
  type: string | null;
}

export interface Suspects {
  from_ms: number;
  made_ms: number;
  by_measures_alone: boolean; // no profile was read yet
  processes: number;
  uploads_left_out: number;
  processes_not_examined: number; // whose uploads tell nothing, or not yet
  processes_by_totals: number; // of the others, those without their stacks
  findings_left_out: number;
  analysis_failed: boolean; // what is here is older, or of figures alone
  suspects: Suspect[];
}

export interface Storage {
  uploads: number;
  bytes: number;
  limit_bytes: number | null; // of --retention, as the next
  retention_ms: number | null;
  oldest_ms: number | null;
  pinned: number;
  pinned_bytes: number;
  disk_free_bytes: number;
  databases_bytes: number | null;
  index_memory_bytes: number | null;
  index_memory_limit_bytes: number | null;
  uploads_per_second: number | null; // in the last minute
  uploads_per_second_possible: number | null; // as measured
  storing_share: number | null;
  near: ("retention" | "disk" | "index_memory" | "uploads_per_second" | "pins")[]; // 80 % of what there is, or more
  uploads_packed: number;
  notebook_was_damaged: boolean; // pins and notes may be missing
}

// Where a service's uploads begin to have another version, and what to compare: [from, at) with [at, to).
export interface VersionChange {
  service: string;
  env: string; // "": none
  version: string;
  before: string;
  from_ms: number;
  at_ms: number;
  to_ms: number;
}

export interface VersionChanges {
  services: number;
  uploads_left_out: number; // older ones
  changes: VersionChange[];
  changes_left_out: number;
}

// Values in columns of equal time; a gauge's are null where no upload was there.
export interface TimelineRow {
  name: string;
  file: string;
  kind: Kind;
  label?: string; // of a thread: by which its samples are chosen, "KEY:VALUE"
  values: (number | null)[];
  states?: Record<string, number[]>; // of a thread: nanoseconds in each column that it was in each state
}

export interface Timeline extends Merged {
  type: string;
  unit: string;
  gauge: boolean;
  from: number; // unix milliseconds
  to: number;
  longest_upload_ms: number;
  uploads_at_impossible_times: number; // left out
  columns: number;
  samples: number;
  samples_with_time: number; // of their own; others are spread over the time of their upload
  samples_outside: number;
  rows: TimelineRow[];
  rows_left_out: number;
  rows_limited: boolean; // there were more than the receiver tells apart: also left out, and not counted
  others: { values: (number | null)[] }; // the sum of those
  warnings: string[]; // of the profiler, as of a tree: also of what was lost by keeping the times of a recording's events
}

// What a tree is asked for. labels: "KEY:VALUE".
export interface TreeRequest {
  attachment: string;
  type?: string;
  memory?: string;
  owner?: string;
  labels?: readonly string[];
  groupBy?: string; // the key of a label, or tag:KEY of uploads: its values are the first level
  lanes?: boolean; // of a timeline: a row for each thread
  gauges?: string;
  processes?: string;
  growth?: boolean; // how much it grows, in place of how much there is
  lines?: boolean; // a function's lines are functions of their own
  objects?: "1" | "small"; // count objects; small: unless the tree would be large
  below?: string; // the path of a node (tree.ts): only its callers and what is below it
}

// A function by instruction. Addresses are hex numbers.
export interface Disassembly extends Merged {
  type: string;
  unit: string;
  total: number; // of all samples
  object: string;
  build_id: string;
  machine: string;
  objects: { object: string; build_id: string }[]; // files that have some of the function, that with most first
  objects_left_out: number;
  places: { name: string; at: string; self: number; total: number }[]; // the same of functions in the file
  place: number; // which of them it is
  elsewhere: { addresses: number; self: number; total: number };
  instructions: [address: string, self: number, total: number, line: number, text: string][];
  instructions_left_out: number;
  reason: string | null; // why instructions have no text
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  if (embedded) return embedded.answer(path) as T;
  return persistently(async () => {
    const response = await fetch(path, signal ? { signal } : {});
    if (!response.ok) throw new ApiError(response.status, (await response.text()).trim() || response.statusText);
    const packed = response.headers.get("Content-Type") === "application/octet-stream";
    return (packed ? readPacked(await response.arrayBuffer()) : response.json()) as Promise<T>;
  }, signal);
}

export type Query = Record<string, string | number | readonly string[] | null | undefined>;

// path?selection&more
export function query(path: string, selection: URLSearchParams, more: Query = {}): string {
  const params = new URLSearchParams(selection);
  for (const [name, value] of Object.entries(more)) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null && one !== "") params.append(name, String(one));
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

const treeQuery = (request: TreeRequest): Query => ({
  attachment: request.attachment,
  type: request.type,
  memory: request.memory,
  owner: request.owner,
  label: request.labels,
  group_by: request.groupBy,
  gauges: request.gauges,
  processes: request.processes,
  lines: request.lines ? "1" : "",
  objects: request.objects,
  below: request.below,
});

// Formats of other tools, with what they are for.
export const exportFormats = [
  ["pprof", "pprof", "all types, for go tool pprof"],
  ["folded", "Folded stacks", "for flamegraph.pl"],
  ["speedscope", "Speedscope", "for speedscope.app"],
  ["svg", "SVG", "a picture"],
  ["csv", "CSV", "a row for each function"],
  ["json", "JSON", "for d3-flame-graph"],
  ["otlp", "OTLP", "all types, OpenTelemetry's protocol"],
] as const;
export type ExportFormat = (typeof exportFormats)[number][0];
// They have no place for what is less than nothing, as in differences and growth.
export const ofValuesAboveZero: readonly ExportFormat[] = ["svg", "speedscope"];
export function exportPath(selection: URLSearchParams, request: TreeRequest, format: ExportFormat): string {
  return query(request.growth ? `${root}/growth` : `${root}/profile`, selection, { ...treeQuery(request), format });
}
export function diffPath(
  selection: URLSearchParams,
  base: URLSearchParams,
  request: TreeRequest,
  mode: string,
  format?: ExportFormat,
): string {
  const params = new URLSearchParams(selection);
  for (const [name, value] of base) params.append(`base.${name}`, value);
  return query(`${root}/diff`, params, { ...treeQuery(request), mode, format });
}

// The page in one file, as it shows this state. request: of what has growth.
export function reportPath(now: State, request?: TreeRequest): string {
  const params = new URLSearchParams(now.selection());
  for (const [name, value] of now.selection("base.")) params.append(`base.${name}`, value);
  const { attachment, type } = request ?? {};
  const shown = now.with(request ? { attachment, type } : {});
  const address = `${shown.path}?${shown.params}`;
  const growth = request?.growth ? "1" : null;
  const gauges = now.get("gauges") === "growth" ? {} : { gauges: now.get("gauges"), processes: now.get("processes") };
  const chosen = request ? treeQuery(request) : { label: now.all("label") };
  return query(`${root}/report`, params, { ...chosen, ...gauges, growth, title: document.title, address });
}

// ---- One upload ----

export function upload(id: number | string, signal?: AbortSignal): Promise<Upload> {
  return get(`${root}/uploads/${encodeURIComponent(id)}`, signal);
}

export function attachmentPath(id: number | string, name: string, rest = ""): string {
  return `${root}/uploads/${encodeURIComponent(id)}/attachments/${encodeURIComponent(name)}${rest}`;
}

export function archivePath(id: number | string): string {
  return `${root}/uploads/${encodeURIComponent(id)}/archive`;
}

export function event(id: number | string, signal?: AbortSignal): Promise<unknown> {
  return get(`${root}/uploads/${encodeURIComponent(id)}/event`, signal);
}

export function uploadTypes(id: number | string, name: string, signal?: AbortSignal): Promise<Types> {
  return get(attachmentPath(id, name, "/types"), signal);
}

const packed = embedded ? {} : { nodes: "packed" };

export function uploadTree(id: number | string, request: TreeRequest, signal?: AbortSignal): Promise<TreeAnswer> {
  const { attachment, ...rest } = treeQuery(request);
  return get(query(attachmentPath(id, String(attachment), "/tree"), new URLSearchParams(), { ...rest, ...packed }), signal);
}

// Lines of a source file from a number on, where the receiver has been told where sources are.
export function source(file: string, line: number, count: number, signal?: AbortSignal): Promise<{ lines: string[]; reason?: string }> {
  return get(query(`${root}/source`, new URLSearchParams(), { file, line, count }), signal);
}

export function jfr(id: number | string, name: string, signal?: AbortSignal): Promise<Recording> {
  return get(attachmentPath(id, name, "/jfr"), signal);
}

export async function recordingFacts(id: number | string, name: string, signal?: AbortSignal): Promise<RecordingFact[]> {
  return (await get<{ facts: RecordingFact[] }>(attachmentPath(id, name, "/runtime"), signal)).facts;
}

// after: the byte of the last event that is known.
export function jfrEvents(
  id: number | string,
  name: string,
  which: { type: string; after: number; limit: number },
  signal?: AbortSignal,
): Promise<JfrEvents> {
  return get(query(attachmentPath(id, name, "/events"), new URLSearchParams(), which), signal);
}

// ---- Selections ----

export function uploads(selection: URLSearchParams, more: Query = {}, signal?: AbortSignal): Promise<UploadList> {
  return get(query(`${root}/uploads`, selection, more), signal);
}

// find: only values with that text, and all of facets whose name has it. values: how many of each facet, 50 without it.
export function facets(selection: URLSearchParams, more: { find?: string; values?: number }, signal?: AbortSignal): Promise<Facets> {
  return get(query(`${root}/facets`, selection, more), signal);
}

export function histogram(selection: URLSearchParams, more: Query, signal?: AbortSignal): Promise<Histogram> {
  return get(query(`${root}/histogram`, selection, more), signal);
}

// Without an attachment: the attachments alone.
export function types(selection: URLSearchParams, attachment: string, signal?: AbortSignal): Promise<MergedTypes> {
  return get(query(`${root}/types`, selection, { attachment }), signal);
}

export function tree(selection: URLSearchParams, request: TreeRequest, signal?: AbortSignal): Promise<MergedTree> {
  return get(query(`${root}/tree`, selection, { ...treeQuery(request), ...packed }), signal);
}

export function growth(selection: URLSearchParams, request: TreeRequest, signal?: AbortSignal): Promise<GrowthTree> {
  return get(query(`${root}/growth`, selection, treeQuery(request)), signal);
}

// mode: "total" compares sums, "per_second" rates.
export function diff(
  selection: URLSearchParams,
  base: URLSearchParams,
  request: TreeRequest,
  mode: string,
  signal?: AbortSignal,
): Promise<DiffTree> {
  return get(diffPath(selection, base, request, mode), signal);
}

export function labels(selection: URLSearchParams, attachment: string, type: string, signal?: AbortSignal): Promise<Labels> {
  return get(query(`${root}/labels`, selection, { attachment, type }), signal);
}

export function timeline(selection: URLSearchParams, request: TreeRequest, signal?: AbortSignal): Promise<Timeline> {
  const { attachment, type, memory, owner, groupBy } = request;
  const lanes = request.lanes ? "1" : "";
  const { selection: chosen, labels } = ofTimeline(selection, request.labels ?? []);
  return get(query(`${root}/timeline`, chosen, { attachment, type, memory, owner, label: labels, group_by: groupBy, lanes }), signal);
}

// Of the function of this name (in this source file; "": any); which build of it, and where in that: "" is what has most.
export function disassembly(
  selection: URLSearchParams,
  { attachment, type, memory, owner, labels }: TreeRequest,
  of: { function: string; file: string; buildId: string; at: string },
  signal?: AbortSignal,
): Promise<Disassembly> {
  const chosen = { function: of.function, file: of.file, build_id: of.buildId, at: of.at };
  return get(query(`${root}/disassembly`, selection, { attachment, type, memory, owner, label: labels, ...chosen }), signal);
}

export function owners(
  selection: URLSearchParams,
  { attachment, owner, labels }: { attachment: string; owner: string; labels: readonly string[] },
  limit: number,
  signal?: AbortSignal,
): Promise<Owners> {
  return get(query(`${root}/owners`, selection, { attachment, owner, label: labels, limit }), signal);
}

export function analysis(selection: URLSearchParams, signal?: AbortSignal): Promise<Analysis> {
  return get(query(`${root}/analysis`, selection), signal);
}

export function storage(signal?: AbortSignal): Promise<Storage> {
  return get(`${root}/storage`, signal);
}

export function suspects(signal?: AbortSignal): Promise<Suspects> {
  return get(`${root}/suspects`, signal);
}

// processes: "sum" adds up those of one moment; their mean without it.
export function metrics(selection: URLSearchParams, signal?: AbortSignal, processes = "", groupBy = ""): Promise<Metrics> {
  return get(query(`${root}/metrics`, selection, { processes, group_by: groupBy }), signal);
}

// Of samples, in the newest uploads.
export function labelKeys(selection: URLSearchParams, signal?: AbortSignal): Promise<LabelKeys> {
  return get(query(`${root}/label_keys`, selection), signal);
}

export function versions(selection: URLSearchParams, signal?: AbortSignal): Promise<VersionChanges> {
  return get(query(`${root}/versions`, selection), signal);
}
