// upload_menu.ts: what can be done with one upload of the list: its files as downloads, a pin, a note, its removal.
import * as api from "../lib/api";
import { ask } from "../lib/ask";
import { pin, remove, writeNote } from "../lib/changes";
import { bytes } from "../lib/format";
import { openMenu } from "../lib/popup";
import { exact } from "../lib/times";
import { startOf } from "../lib/columns";

const nameOf = (upload: api.Upload): string => upload.service || "no service";

// changed: the upload has another mark, or is gone.
export function openUploadMenu(upload: api.Upload, place: DOMRect, changed: (gone: boolean) => void): void {
  const { id } = upload;
  const files = upload.attachments.map((file) => ({
    text: file.name,
    id: "file",
    href: api.attachmentPath(id, file.name),
    file: file.name,
    small: bytes(file.size_bytes),
  }));
  const all = { text: "Everything (.tar)", id: "all", href: api.archivePath(id), file: "", small: "" };
  const pinning = upload.pinned
    ? { text: "Unpin…", id: "unpin", run: () => askToUnpin(upload, () => changed(false)) }
    : { text: "Pin…", small: "retention leaves it", id: "pin", run: () => askToPin(upload, () => changed(false)) };
  const acts = [
    pinning,
    { text: upload.note ? "Change the note…" : "Write a note…", id: "note", run: () => askForNote(upload, () => changed(false)) },
    { text: "Delete…", id: "delete", run: () => askToDelete(upload, () => changed(true)) },
  ];
  openMenu(`Upload ${id} of ${nameOf(upload)}: download`, [...files, all, ...acts], place.right - 260, place.bottom - 4);
}

function askToPin(upload: api.Upload, done: () => void): void {
  ask({
    id: "pin-upload",
    title: `Pin upload ${upload.id} of ${nameOf(upload)}?`,
    text: "It is kept whatever its age and whatever else is stored, until it is unpinned. It counts for the size that --retention allows.",
    yes: "Pin",
    act: async () => (await pin(upload.id, true), done()),
  });
}

function askToUnpin(upload: api.Upload, done: () => void): void {
  ask({
    id: "unpin-upload",
    title: `Unpin upload ${upload.id} of ${nameOf(upload)}?`,
    text: "From then on it is removed as all others are: at once, if it is older than --retention allows.",
    yes: "Unpin",
    act: async () => (await pin(upload.id, false), done()),
  });
}

function askForNote(upload: api.Upload, done: () => void): void {
  ask({
    id: "note-upload",
    title: `Note on upload ${upload.id} of ${nameOf(upload)}`,
    text: "All who see the page see it. An empty one is none.",
    fields: [{ label: "Note", value: upload.note ?? "", most: 1000, lines: 4 }],
    yes: "Save",
    act: async (text = "") => (await writeNote(upload.id, text.trim()), done()),
  });
}

function askToDelete(upload: api.Upload, done: () => void): void {
  const files = upload.attachments.length;
  ask({
    id: "delete-upload",
    title: `Delete upload ${upload.id} of ${nameOf(upload)}?`,
    text: `It started ${exact(Date.parse(startOf(upload)))} and has ${files} ${files === 1 ? "file" : "files"}. They are removed for good, and views no longer have it.`,
    yes: "Delete",
    danger: true,
    act: async () => (await remove(upload.id), done()),
  });
}
