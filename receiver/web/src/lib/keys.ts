// keys.ts: the list of keys, a dialog that "?" and the button at the top open. docs/page.md has the same.
import { button, make } from "./dom";
import "./keys.css";

const keys: readonly (readonly [keys: string, what: string])[] = [
  ["/", "to the search; Enter from there to the graph"],
  ["← ↑ → ↓", "in the graph: callers, callees, neighbours; in a table or a list: rows; in a chart or over time: its cursor"],
  ["Enter, Esc", "in the graph: zoom, back to the root; in a table: choose; in the list of uploads: open"],
  ["m", "menu of a function: callers and callees, highlight, focus, ignore, hide, copy"],
  ["Space", "in the list of uploads: choose; with Shift all in between"],
  ["+ −", "in the call graph: larger, smaller"],
  ["d", "in the list of uploads: its menu: downloads, pin, note, delete"],
  ["Shift ← →", "in a chart or over time: a stretch of time; Enter shows it"],
  ["a", "in a chart: marks the moment at its cursor"],
  ["?", "this list"],
];

export function keysButton(): HTMLElement {
  const dialog = make(
    "dialog",
    { id: "keys", "aria-label": "Keys" },
    make("h2", {}, "Keys"),
    make("dl", {}, ...keys.flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)])),
    button("Close", () => dialog.close(), { class: "button primary" }),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
  addEventListener("keydown", (event) => {
    const inField = (event.target as Element | null)?.closest?.("input:not([type=checkbox]), select, textarea");
    if (event.key !== "?" || inField || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    event.preventDefault();
    open();
  });
  const open = (): void => {
    document.body.append(dialog);
    dialog.showModal();
  };
  return button("?", open, { id: "keys-button", title: "Keys", "aria-label": "Keys" });
}
