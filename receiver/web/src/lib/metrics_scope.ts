// metrics_scope.ts: which uploads the tabs Metrics and Analysis are about. One upload alone has one point of each series, so for a single
// one they take in what the same service sent from the same host within an hour of it, unless the address says otherwise ("scope=upload").
import * as api from "./api";
import { segments } from "./dom";
import { embedded } from "./embedded";
import { startOf } from "./columns";
import { singleUpload } from "./selection";
import { change, type State } from "./state";

const around_ms = 3_600_000;

export interface Scope {
  selection: URLSearchParams;
  single: api.Upload | null; // the upload that the page is about
  around: boolean;
}

export async function loadScope(state: State, signal: AbortSignal): Promise<Scope> {
  const selection = state.selection();
  const id = singleUpload(selection);
  if (!id) return { selection, single: null, around: false };
  const single = await api.upload(id, signal);
  const around = !embedded && state.get("scope") !== "upload";
  return { selection: around ? aroundUpload(single) : selection, single, around };
}

export function aroundUpload(upload: api.Upload): URLSearchParams {
  const start = Date.parse(startOf(upload));
  const selection = new URLSearchParams({ from: String(start - around_ms), to: String(start + around_ms + 1) });
  for (const name of ["service", "env", "host"] as const) if (upload[name]) selection.append(name, upload[name]);
  return selection;
}

// What changes when another scope has to be loaded.
export function scopeKey(state: State): string {
  return `${state.selection()} ${state.get("scope")}`;
}

export function scopeChoice(scope: Scope): HTMLElement | null {
  if (!scope.single || embedded) return null;
  return segments(
    "Uploads",
    [
      ["", "Within an hour of this upload"],
      ["upload", "This upload only"],
    ],
    scope.around ? "" : "upload",
    (name) => change({ scope: name || null, zoomed: null }),
    { id: "scope" },
  );
}
