// changes.ts: what changes what is stored, by the receiver's JSON interface (api.ts).
import { ApiError, query, root } from "./api";

// Once: what failed may have been done, and is not asked for again by itself. Returns the id of what was changed.
async function change(method: "POST" | "PUT" | "DELETE", path: string, body?: Blob | string): Promise<number> {
  const response = await fetch(path, { method, body });
  if (!response.ok) throw new ApiError(response.status, (await response.text()).trim() || response.statusText);
  return ((await response.json()) as { id: number }).id;
}

// A file without a client. tags: "KEY:VALUE". Returns the new upload's id.
export async function importFile(file: File, service: string, tags: readonly string[]): Promise<number> {
  const path = query(`${root}/import`, new URLSearchParams(), { service, name: file.name, tag: tags });
  return change("POST", path, file);
}

export function pin(id: number, pinned: boolean): Promise<number> {
  return change(pinned ? "PUT" : "DELETE", `${root}/uploads/${id}/pin`);
}

export function writeNote(id: number, note: string): Promise<number> {
  return change(note ? "PUT" : "DELETE", `${root}/uploads/${id}/note`, note || undefined);
}

export function remove(id: number): Promise<number> {
  return change("DELETE", `${root}/uploads/${id}`);
}

// A moment in the charts. body: its fields as docs/receiver.md has them.
export function annotate(body: object): Promise<number> {
  return change("POST", `${root}/annotations`, JSON.stringify(body));
}

export function removeAnnotation(id: number): Promise<number> {
  return change("DELETE", `${root}/annotations/${id}`);
}

// address: of the page, without the base path.
export function saveView(name: string, address: string): Promise<number> {
  return change("POST", `${root}/views`, JSON.stringify({ name, address }));
}

export function removeView(id: number): Promise<number> {
  return change("DELETE", `${root}/views/${id}`);
}
