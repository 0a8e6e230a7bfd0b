// virtual_table.ts: a table of any number of rows, of which only those in sight are elements. Sorted by a column's head, walked with the arrow
// keys, a row chosen with a click or Enter.
import { button, make } from "./dom";
import { markdownList } from "./markdown";

export const tableRow_px = 26;
const spare = 8; // rows above and below the window

export interface Column<T> {
  id: string;
  title: string;
  class?: string; // of the cells
  width?: string;
  shown?: () => boolean; // left out where it is false
  order?: (row: T) => number | string; // numbers from large to small, texts from A to Z
  cell: (row: T) => Node | string;
  hint?: (row: T) => string;
}

export interface TableEvents<T> {
  onPick?: (row: T) => void;
  onMenu?: (row: T, x: number, y: number) => void;
  onSort?: (id: string) => void; // the owner calls show() with it
}

export class VirtualTable<T> {
  readonly element: HTMLElement;
  private readonly table: HTMLTableElement;
  private readonly widths = make("colgroup");
  private readonly head = make("tr");
  private readonly body = make("tbody");
  private columns: readonly Column<T>[] = [];
  private rows: T[] = [];
  private cursor = -1;
  private isChosen: (row: T) => boolean = () => false;
  private readonly watcher: ResizeObserver;
  private asked = 0;

  constructor(
    label: string,
    private readonly all: readonly Column<T>[],
    private readonly events: TableEvents<T> = {},
    private readonly nothing = "Nothing recorded",
  ) {
    this.table = make("table", { "aria-label": label }, this.widths, make("thead", {}, this.head), this.body);
    this.element = make(
      "div",
      { class: "virtual-table", tabIndex: 0, role: "region", "aria-label": `${label}: arrow keys move, Enter chooses` },
      this.table,
    );
    this.element.addEventListener("scroll", () => this.later());
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.pick(event));
    this.body.addEventListener("contextmenu", (event) => this.menu(event));
    this.watcher = new ResizeObserver(() => this.later());
    this.watcher.observe(this.element);
  }

  destroy(): void {
    this.watcher.disconnect();
    cancelAnimationFrame(this.asked);
  }

  show(rows: readonly T[], sort: string, chosen: (row: T) => boolean = () => false): void {
    this.columns = this.all.filter(({ shown }) => shown?.() ?? true);
    this.widths.replaceChildren(
      ...this.columns.map(({ width }) => {
        const one = make("col");
        if (width) one.style.width = width;
        return one;
      }),
    );
    const column = this.columns.find((one) => one.id === sort && one.order) ?? this.columns.find((one) => one.order);
    this.rows = rows.slice();
    if (column?.order) {
      const { order } = column;
      const keys = new Map(rows.map((row) => [row, order(row)]));
      this.rows.sort((left, right) => {
        const a = keys.get(left)!;
        const b = keys.get(right)!;
        return typeof a === "number" && typeof b === "number" ? b - a : a < b ? -1 : a > b ? 1 : 0;
      });
    }
    this.isChosen = chosen;
    this.cursor = this.rows.findIndex(chosen);
    this.head.replaceChildren(...this.columns.map((one) => this.headCell(one, one === column)));
    this.table.setAttribute("aria-rowcount", String(this.rows.length + 1));
    this.draw();
  }

  // The first rows as they are sorted.
  markdown(about: string): string {
    const text = (one: Node | string): string => (typeof one === "string" ? one : (one.textContent ?? ""));
    const columns = this.columns.map(({ title, class: kind, cell, hint }) => ({
      title,
      number: kind === "number",
      code: kind !== "number",
      text: (row: T) => (kind === "name" && hint ? hint(row) : text(cell(row))),
    }));
    return markdownList(about, columns, this.rows);
  }

  private headCell(column: Column<T>, sorted: boolean): HTMLElement {
    const cell = make("th", { scope: "col", class: column.class ?? "" });
    if (!column.order) {
      cell.append(column.title);
      return cell;
    }
    const numbers = this.rows.length === 0 || typeof column.order(this.rows[0]) === "number";
    cell.setAttribute("aria-sort", sorted ? (numbers ? "descending" : "ascending") : "none");
    cell.append(button(column.title, () => this.events.onSort?.(column.id), { class: "", data: { order: column.id } }));
    return cell;
  }

  private later(): void {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    const height = this.element.clientHeight || 600;
    const first = Math.max(Math.floor(this.element.scrollTop / tableRow_px) - spare, 0);
    const end = Math.min(first + Math.ceil(height / tableRow_px) + 2 * spare, this.rows.length);
    const shown = this.rows.slice(first, end).map((row, i) => this.row(row, first + i));
    if (this.rows.length === 0) shown.push(make("tr", {}, make("td", { colSpan: this.columns.length, class: "soft" }, this.nothing)));
    this.body.replaceChildren(this.gap(first), ...shown, this.gap(this.rows.length - end));
  }

  private gap(rows: number): HTMLElement {
    const gap = make("tr", { class: "gap", "aria-hidden": "true", hidden: rows <= 0 });
    gap.style.height = `${rows * tableRow_px}px`;
    return gap;
  }

  private row(row: T, index: number): HTMLTableRowElement {
    const cells = this.columns.map((column) => make("td", { class: column.class ?? "", title: column.hint?.(row) }, column.cell(row)));
    const made = make("tr", { "aria-rowindex": index + 2, data: { index: String(index) } }, ...cells);
    if (this.isChosen(row)) made.setAttribute("aria-current", "true");
    if (index === this.cursor) made.classList.add("cursor");
    return made;
  }

  private rowOf(event: Event): T | undefined {
    const index = (event.target as Element).closest<HTMLElement>("tr")?.dataset.index;
    return index === undefined ? undefined : this.rows[Number(index)];
  }

  private pick(event: Event): void {
    const row = this.rowOf(event);
    if (row !== undefined) this.events.onPick?.(row);
  }

  private menu(event: MouseEvent): void {
    const row = this.rowOf(event);
    if (row === undefined || !this.events.onMenu) return;
    event.preventDefault();
    this.events.onMenu(row, event.clientX, event.clientY);
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(Math.floor(this.element.clientHeight / tableRow_px) - 2, 1);
    const steps: Record<string, number> = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -page,
      PageDown: page,
      Home: -this.rows.length,
      End: this.rows.length,
    };
    const row = this.rows[this.cursor];
    if (event.key in steps) {
      this.moveTo(Math.min(Math.max(this.cursor + steps[event.key], 0), this.rows.length - 1));
    } else if (event.key === "Enter" && row !== undefined) {
      this.events.onPick?.(row);
    } else if (event.key === "m" && row !== undefined && this.events.onMenu) {
      const area = this.body.querySelector(".cursor")?.getBoundingClientRect();
      this.events.onMenu(row, (area?.left ?? 0) + 40, area?.bottom ?? 0);
    } else {
      return;
    }
    event.preventDefault();
  }

  private moveTo(index: number): void {
    this.cursor = index;
    const top = index * tableRow_px;
    const height = this.element.clientHeight - 2 * tableRow_px; // the head, and the row itself
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top > this.element.scrollTop + height) this.element.scrollTop = top - height;
    this.draw();
  }
}
