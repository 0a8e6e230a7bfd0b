// saved_views.ts: addresses of the page that were saved under a name: a list on the start page, and the button at the top that saves one.
import { get, root } from "../lib/api";
import { ask } from "../lib/ask";
import { based } from "../lib/base";
import { removeView, saveView } from "../lib/changes";
import { button, link, make } from "../lib/dom";
import { current } from "../lib/state";

interface SavedView {
  id: number;
  name: string;
  address: string;
}

const listeners = new Set<() => void>();

export function saveButton(): HTMLElement {
  const save = (): void => {
    const { path, params } = current();
    ask({
      id: "save-view",
      title: "Save this view",
      text: "All who see the page find it on the start page, by its name. A name that is there gets this view.",
      yes: "Save",
      fields: [{ label: "Name", value: "", most: 100 }],
      act: async (name = "") => {
        await saveView(name.trim(), params.size > 0 ? `${path}?${params}` : path);
        for (const tell of listeners) tell();
      },
    });
  };
  return button("☆", save, { id: "save-view-button", title: "Save this view", "aria-label": "Save this view" });
}

export class SavedViews {
  readonly element = make("ul", { id: "saved-views", class: "chips", "aria-label": "Saved views", hidden: true });
  private readonly ended = new AbortController();
  private readonly again = (): void => void this.load();

  constructor() {
    listeners.add(this.again);
    this.again();
  }

  destroy(): void {
    listeners.delete(this.again);
    this.ended.abort();
  }

  private async load(): Promise<void> {
    const { signal } = this.ended;
    const { views } = await get<{ views: SavedView[] }>(`${root}/views`, signal).catch(() => ({ views: [] })); // an addition to the page
    if (signal.aborted) return;
    this.element.replaceChildren(...views.map((view) => this.chip(view)));
    this.element.hidden = views.length === 0;
  }

  private chip({ id, name, address }: SavedView): HTMLElement {
    const drop = (): void =>
      ask({
        id: "remove-view",
        title: `Remove the view ${name}?`,
        text: "It is removed for all who see the page.",
        yes: "Remove",
        danger: true,
        act: async () => (await removeView(id), this.load()),
      });
    return make(
      "li",
      {},
      link(based(address.split("?")[0]!) + (address.includes("?") ? address.slice(address.indexOf("?")) : ""), name),
      button("×", drop, { class: "button plain", "aria-label": `Remove the view ${name}` }),
    );
  }
}
