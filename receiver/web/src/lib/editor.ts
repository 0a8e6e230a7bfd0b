// editor.ts: links that open a line of source in an editor of this machine, as its user has chosen; kept in this browser.
import { button, make } from "./dom";

export const editors = [
  ["", "No editor", ""],
  ["vscode", "VS Code", "vscode://file{path}:{line}"],
  ["vscodium", "VSCodium", "vscodium://file{path}:{line}"],
  ["cursor", "Cursor", "cursor://file{path}:{line}"],
  ["zed", "Zed", "zed://file{path}:{line}"],
  ["idea", "IntelliJ IDEA", "idea://open?file={path}&line={line}"],
  ["goland", "GoLand", "goland://open?file={path}&line={line}"],
  ["clion", "CLion", "clion://open?file={path}&line={line}"],
] as const;

// from: the folder in profiles that is the folder `to` here; both may be empty.
export interface EditorChoice {
  editor: string;
  from: string;
  to: string;
}

const keptAs = "editor";

export function editorChoice(): EditorChoice {
  try {
    const { editor = "", from = "", to = "" } = JSON.parse(localStorage.getItem(keptAs) ?? "{}") as Partial<EditorChoice>;
    return { editor, from, to };
  } catch {
    return { editor: "", from: "", to: "" };
  }
}

// "": none is chosen, or the file is in no folder that is known here.
export function editorLink({ editor, from, to }: EditorChoice, file: string, line: number): string {
  const form = editors.find(([id]) => id === editor)?.[2];
  const below = from.replace(/\/+$/, "");
  const path = !from ? file : file.startsWith(`${below}/`) ? `${to.replace(/\/+$/, "")}${file.slice(below.length)}` : "";
  if (!form || !path.startsWith("/") || line < 1) return "";
  return form.replace("{path}", path.split("/").map(encodeURIComponent).join("/")).replace("{line}", String(line));
}

export function editorMenu(changed: () => void): HTMLDetailsElement {
  const { editor, from, to } = editorChoice();
  const list = make(
    "select",
    { id: "editor" },
    ...editors.map(([id, name]) => make("option", { value: id, selected: id === editor }, name)),
  );
  const text = (value: string, placeholder: string): HTMLInputElement => make("input", { type: "text", value, placeholder });
  const [there, here] = [text(from, "/build/shop"), text(to, "/home/me/shop")];
  const keep = (): void => {
    localStorage.setItem(keptAs, JSON.stringify({ editor: list.value, from: there.value.trim(), to: here.value.trim() }));
    menu.open = false;
    menu.querySelector("summary")!.focus();
    changed();
  };
  const label = (words: string, field: HTMLElement): HTMLElement => make("label", {}, make("span", {}, words), field);
  const form = make(
    "form",
    { class: "menu-list editor-form", onsubmit: (event: Event) => (event.preventDefault(), keep()) },
    label("Open lines in", list),
    label("Folder in profiles", there),
    label("is here", here),
    button("Use", () => {}, { type: "submit" }),
  );
  const menu = make("details", { class: "menu", id: "editor-menu" }, make("summary", { class: "button" }, "Editor"), form);
  return menu;
}
