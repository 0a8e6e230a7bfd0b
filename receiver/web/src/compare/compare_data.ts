// compare_data.ts: what the page Compare asks for, and the one difference as three trees: both together, and either side alone.
import * as api from "../lib/api";
import { hasProfiles, pickAttachment, pickType } from "../graph/profile_data";
import { readTree, type Tree } from "../graph/tree";

export interface Comparison {
  files: api.Attachment[]; // profiles that both sides have
  file: string;
  types: api.SampleType[];
  type: string;
  cSamples: number;
  answer: api.DiffTree;
  href: (format: api.ExportFormat) => string; // of the difference as a file
  both: Tree;
  now: Tree;
  base: Tree;
}

export interface Wanted {
  attachment: string;
  type: string;
  memory: string;
  mode: string;
  gauges: string;
  processes: string;
}

export async function compare(
  now: URLSearchParams,
  base: URLSearchParams,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Comparison | string> {
  const [ours, theirs] = await Promise.all([api.types(now, "", signal), api.types(base, "", signal)]);
  const { gauges, processes } = wanted;
  const files = common(ours.attachments, theirs.attachments);
  if (files.length === 0) return "The two sides have no profile of the same name.";
  const file = pickAttachment(files, wanted.attachment)!;
  const types = await typesOf(now, base, file.name, signal);
  const type = pickType(types, wanted.type);
  if (!type) return "The profile has no sample types.";
  const memory = types.c_samples > 0 ? wanted.memory : "";
  const request = { attachment: file.name, type: type.type, memory, gauges, processes };
  const answer = await api.diff(now, base, request, wanted.mode, signal);
  const tree = (width: "now" | "base" | "both") => readTree(answer, width);
  return {
    files,
    file: file.name,
    types: types.types,
    type: type.type,
    cSamples: types.c_samples,
    answer,
    href: (format) => api.diffPath(now, base, request, wanted.mode, format),
    both: tree("both"),
    now: tree("now"),
    base: tree("base"),
  };
}

function common(ours: api.MergedTypes["attachments"], theirs: api.MergedTypes["attachments"]): api.Attachment[] {
  const known = new Set(theirs.map((one) => one.name));
  return ours.filter((one) => hasProfiles(one) && known.has(one.name)).map((one) => ({ ...one, size_bytes: 0 }));
}

// A side without a sample of a type still has the type; a side of uploads without that profile has none.
async function typesOf(now: URLSearchParams, base: URLSearchParams, file: string, signal: AbortSignal): Promise<api.Types> {
  const ours = await api.types(now, file, signal);
  const theirs = await api.types(base, file, signal);
  return { ...ours, types: ours.types.length > 0 ? ours.types : theirs.types, c_samples: ours.c_samples + theirs.c_samples };
}
