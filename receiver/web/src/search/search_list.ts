// search_list.ts: the list of uploads as a table of which only the visible rows are in the document, so that 100,000 rows scroll like 100.
//
// Rows keep their element as long as they are in sight and their upload stays the same: a live update moves them, and neither the focus nor
// the scroll position is lost. Keys: arrows, Page, Home and End move, Space chooses, Enter opens, D opens the menu of an upload with its files; Shift takes all in
// between.
import type { Upload } from "../lib/api";
import { link, make } from "../lib/dom";
import { languageOf, measures, measureText, nextOrder, startOf, type MeasureName, type Order } from "../lib/columns";
import { state } from "../lib/state";
import { exact, moment } from "../lib/times";
import { openUploadMenu } from "./upload_menu";

const rowHeight = 30;
const around = 8; // rows above and below the visible ones

export interface ListOptions {
  order: (order: string) => void;
  selected: (ids: ReadonlySet<number>) => void;
  open: (upload: Upload) => void;
  nearEnd: () => void;
  changed: (id: number, gone: boolean) => void;
}

const heads: readonly (readonly [key: string, text: string])[] = [
  ["start", "Time"],
  ["service", "Service"],
  ["env", "Env"],
  ["version", "Version"],
  ["host", "Host"],
  ["language", "Language"],
];

export class UploadTable {
  readonly element = make("div", {
    id: "uploads",
    class: "uploads",
    role: "grid",
    "aria-label": "Uploads",
    "aria-multiselectable": "true",
  });
  private readonly head = make("div", { class: "upload-head", role: "row" });
  private readonly body = make("div", { class: "upload-rows", role: "rowgroup" });
  private readonly shown = new Map<number, { element: HTMLElement; upload: Upload; top: number }>();
  private uploads: readonly Upload[] = [];
  private chosen = new Set<number>();
  private largest = new Map<MeasureName, number>();
  private current = 0; // id of the row that has the focus when the list has it
  private anchor = 0; // id of the row that Shift counts from
  private waiting = 0;
  private readonly sizes = new ResizeObserver(() => this.draw());

  constructor(private readonly options: ListOptions) {
    this.element.append(make("div", { class: "upload-heads", role: "rowgroup" }, this.head), this.body);
    this.element.addEventListener("scroll", () => (this.waiting ||= requestAnimationFrame(() => this.draw())), { passive: true });
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event));
    this.body.addEventListener("focusin", (event) => this.remember(event));
    this.sizes.observe(this.element);
  }

  destroy(): void {
    this.sizes.disconnect();
    cancelAnimationFrame(this.waiting);
  }

  // What stands at the top of the window stays there when others come above it.
  show(uploads: readonly Upload[], order: Order, chosen: ReadonlySet<number>, total: number): void {
    const first = Math.floor(this.element.scrollTop / rowHeight);
    const anchor = this.uploads[first]?.id;
    const scrolled = this.element.scrollTop > 0;
    this.uploads = uploads;
    this.chosen = new Set(chosen);
    this.measureLargest();
    this.showHead(order);
    this.element.setAttribute("aria-rowcount", String(total + 1));
    this.body.style.height = `${uploads.length * rowHeight}px`;
    const now = anchor === undefined ? -1 : uploads.findIndex((upload) => upload.id === anchor);
    if (scrolled && now >= 0 && now !== first) this.element.scrollTop += (now - first) * rowHeight;
    this.draw();
  }

  private measureLargest(): void {
    for (const [name] of measures) {
      this.largest.set(
        name,
        this.uploads.reduce((most, upload) => Math.max(most, upload.measures?.[name] ?? 0), 0),
      );
    }
  }

  private showHead(order: Order): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.key;
    const all = make("input", { type: "checkbox", "aria-label": "Choose all that are listed", tabIndex: 0 });
    all.checked = this.chosen.size > 0 && this.uploads.length > 0 && this.uploads.every((upload) => this.chosen.has(upload.id));
    all.indeterminate = !all.checked && this.chosen.size > 0;
    all.onchange = () => this.choose(all.checked ? new Set(this.uploads.map((upload) => upload.id)) : new Set());
    const column = (key: string, text: string, about: string, number: boolean) => {
      const click = () => this.options.order(nextOrder(order, key));
      const cell = make(
        "div",
        { role: "columnheader", class: number ? "number" : "" },
        make("button", { type: "button", title: about, data: { key }, onclick: click }, text),
      );
      cell.setAttribute("aria-sort", key !== order.key ? "none" : order.ascending ? "ascending" : "descending");
      return cell;
    };
    this.head.replaceChildren(
      make("div", { role: "columnheader", class: "choose", "aria-label": "Chosen" }, all),
      ...heads.map(([key, text]) => column(key, text, `Sort by ${text.toLowerCase()}`, false)),
      ...measures.map(([key, text, , about]) => column(key, text, about, true)),
      make("div", { role: "columnheader", class: "files" }, "Files"),
    );
    if (focused) this.head.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  private draw(): void {
    this.waiting = 0;
    const { scrollTop, clientHeight } = this.element;
    const from = Math.max(Math.floor(scrollTop / rowHeight) - around, 0);
    const to = Math.min(Math.ceil((scrollTop + clientHeight) / rowHeight) + around, this.uploads.length);
    if (!this.uploads.some((upload) => upload.id === this.current)) this.current = this.uploads[0]?.id ?? 0;
    const gone = new Set(this.shown.keys());
    for (let index = from; index < to; index++) {
      gone.delete(this.uploads[index]!.id);
      this.place(this.uploads[index]!, index);
    }
    for (const id of gone) {
      this.shown.get(id)!.element.remove();
      this.shown.delete(id);
    }
    if (this.nearEnd()) this.options.nearEnd();
  }

  // How many rows there are down to the last that is in sight.
  seen(): number {
    return Math.ceil((this.element.scrollTop + this.element.clientHeight) / rowHeight);
  }

  // The last of the rows are in sight, or nearly.
  nearEnd(): boolean {
    return this.seen() > this.uploads.length - 3 * around;
  }

  private place(upload: Upload, index: number): void {
    let row = this.shown.get(upload.id);
    if (!row || !same(row.upload, upload)) {
      const focused = row?.element.contains(document.activeElement);
      const element = this.row(upload);
      if (row) row.element.replaceWith(element);
      else this.body.append(element);
      row = { element, upload, top: -1 };
      this.shown.set(upload.id, row);
      if (focused) element.focus({ preventScroll: true });
    }
    const { element } = row;
    if (row.top !== index) {
      row.top = index;
      element.style.top = `${index * rowHeight}px`;
      element.setAttribute("aria-rowindex", String(index + 2));
      element.classList.toggle("odd", index % 2 === 1);
    }
    const chosen = this.chosen.has(upload.id);
    element.setAttribute("aria-selected", String(chosen));
    element.querySelector("input")!.checked = chosen;
    element.tabIndex = upload.id === this.current ? 0 : -1;
    this.showShares(element, upload);
  }

  // A number stands before a bar: its part of the largest that is listed.
  private showShares(element: HTMLElement, upload: Upload): void {
    measures.forEach(([name], index) => {
      const most = this.largest.get(name) ?? 0;
      const part = most > 0 ? Math.max(upload.measures?.[name] ?? 0, 0) / most : 0;
      (element.children[1 + heads.length + index] as HTMLElement).style.setProperty("--part", part.toFixed(3));
    });
  }

  private row(upload: Upload): HTMLElement {
    const start = startOf(upload);
    const box = make("input", { type: "checkbox", tabIndex: -1, "aria-label": `Choose upload ${upload.id}` });
    const text = (value: string | null) => make("div", { role: "gridcell", title: value ?? "", class: value ? "" : "none" }, value || "–");
    return make(
      "div",
      { class: "upload-row", role: "row", data: { upload: String(upload.id) } },
      make("div", { role: "gridcell", class: "choose" }, box),
      make("div", { role: "gridcell", class: "when", title: whenTitle(upload) }, moment(Date.parse(start))),
      make(
        "div",
        { role: "gridcell", class: "service" },
        upload.pinned && make("span", { class: "pin", role: "img", "aria-label": "pinned", title: "Pinned: retention leaves it" }, "⚑"),
        link(uploadLink(upload), upload.service || "no service", { tabIndex: -1, title: upload.service ?? "" }),
        upload.note && make("span", { class: "note", title: upload.note }, upload.note),
      ),
      text(upload.env),
      text(upload.version),
      text(upload.host),
      text(languageOf(upload)),
      ...measures.map(([name]) => {
        const shown = measureText(upload, name);
        return make(
          "div",
          { role: "gridcell", class: shown === "–" ? "number none" : "number", data: { measure: name } },
          make("span", {}, shown),
        );
      }),
      make("div", { role: "gridcell", class: "files" }, filesButton(upload)),
    );
  }

  // ---- Choosing, moving ----

  private choose(chosen: Set<number>): void {
    this.chosen = chosen;
    this.draw();
    this.options.selected(chosen);
  }

  private toggle(id: number, range: boolean): void {
    const chosen = new Set(this.chosen);
    const from = this.uploads.findIndex((upload) => upload.id === this.anchor);
    const to = this.uploads.findIndex((upload) => upload.id === id);
    if (range && from >= 0 && to >= 0) {
      for (const upload of this.uploads.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.add(upload.id);
    } else if (!chosen.delete(id)) {
      chosen.add(id);
    }
    this.anchor = id;
    this.choose(chosen);
  }

  private remember(event: FocusEvent): void {
    const id = rowOf(event.target);
    if (!id || id === this.current) return;
    this.shown.get(this.current)?.element.setAttribute("tabindex", "-1");
    this.current = id;
    this.shown.get(id)!.element.tabIndex = 0;
  }

  private click(event: MouseEvent): void {
    const id = rowOf(event.target);
    const target = event.target as Element;
    if (!id || target.closest("a")) return;
    if (target.closest(".files")) {
      this.openFiles(id);
      return;
    }
    if (target.closest(".choose")) {
      // The box has turned already; draw() sets it to what is chosen.
      this.toggle(id, event.shiftKey);
      return;
    }
    if (getSelection()?.isCollapsed === false) return; // text was marked, to be copied
    const upload = this.uploads.find((one) => one.id === id);
    if (upload) this.options.open(upload);
  }

  private openFiles(id: number): void {
    const upload = this.uploads.find((one) => one.id === id);
    const place = this.shown.get(id)?.element.querySelector(".files")?.getBoundingClientRect();
    if (upload && place) openUploadMenu(upload, place, (gone) => this.options.changed(id, gone));
  }

  private key(event: KeyboardEvent): void {
    const at = this.uploads.findIndex((upload) => upload.id === this.current);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(Math.floor(this.element.clientHeight / rowHeight) - 2, 1);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step !== undefined) this.focus(Math.min(Math.max(at + step, 0), this.uploads.length - 1), event.shiftKey);
    else if (event.key === " ") this.toggle(this.current, event.shiftKey);
    else if (event.key === "Enter") this.options.open(this.uploads[at]!);
    else if (event.key === "d" || event.key === "D") this.openFiles(this.current);
    else return;
    event.preventDefault();
  }

  private focus(index: number, choose: boolean): void {
    const { id } = this.uploads[index]!;
    if (choose && !this.anchor) this.anchor = this.current;
    const top = index * rowHeight;
    const height = this.element.clientHeight - this.head.offsetHeight;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + rowHeight > this.element.scrollTop + height) this.element.scrollTop = top + rowHeight - height;
    this.current = id;
    this.draw();
    this.shown.get(id)?.element.focus({ preventScroll: true });
    if (choose) this.toggle(id, true);
  }
}

function filesButton(upload: Upload): HTMLElement {
  const text = `↓ ${upload.attachments.length}`;
  const label = `${text} files of upload ${upload.id}`;
  return make(
    "button",
    { type: "button", tabIndex: -1, "aria-haspopup": "menu", "aria-label": label, title: "Download, pin, note, delete" },
    text,
  );
}

function rowOf(target: EventTarget | null): number {
  return Number((target as Element | null)?.closest?.<HTMLElement>("[data-upload]")?.dataset.upload ?? 0);
}

function same(a: Upload, b: Upload): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

// The profile's own time is what the list shows and sorts by; a client may have sent it much later.
function whenTitle(upload: Upload): string {
  const came = exact(Date.parse(upload.received));
  return upload.start ? `Started ${exact(Date.parse(upload.start))}, came ${came}` : `Came ${came}; the upload tells no start`;
}

export function uploadLink(upload: Upload): string {
  return state("/profile", { ids: String(upload.id) }).href;
}
