// function_table.ts: functions with what they have of their own and in all; in a difference also the baseline's values and the change.
import { make } from "../lib/dom";
import { colourOf } from "./flame_colours";
import { change, share, source, value } from "../lib/format";
import type { FunctionSum, Tree } from "./tree";
import { VirtualTable, type Column, type TableEvents } from "../lib/virtual_table";

const meanSize = (row: FunctionSum): number => (row.objects > 0 ? row.total / row.objects : 0);

export class FunctionTable {
  readonly element: HTMLElement;
  private readonly table: VirtualTable<FunctionSum>;
  private tree: Tree | undefined;
  private plain = false;
  private byPackage = false;
  private readonly brief: boolean;

  // short: without the share and the source, for narrow places.
  // values: of a label, with the total of each. grows: slopes, with their errors.
  constructor(label: string, events: TableEvents<FunctionSum>, { short = false, compared = false, values = false, grows = false } = {}) {
    this.brief = short;
    const text = (number: number): string =>
      grows ? change(number, this.tree?.unit.replace("/min", "") ?? "count") : value(number, this.tree?.unit ?? "count");
    const differs = (number: number): string => change(number, this.tree?.unit ?? "count");
    const sampled = (): boolean => (this.tree?.spread?.[0] ?? 0) > 0;
    const counted = (): boolean => !!this.tree?.objects;
    const columns: Column<FunctionSum>[] = [
      {
        id: "self",
        title: grows ? "Self/min" : "Self",
        class: "number",
        width: "92px",
        order: (row) => row.self,
        cell: (row) => text(row.self),
      },
      { id: "share", title: "Self %", class: "number", width: "76px", cell: (row) => this.share(row.self) },
      {
        id: "total",
        title: grows ? "Total/min" : "Total",
        class: "number",
        width: "92px",
        order: (row) => row.total,
        cell: (row) => text(row.total),
      },
      {
        id: "error",
        title: "Error (95 %)",
        class: "number",
        width: "108px",
        order: (row) => row.error,
        cell: (row) => `±${value(row.error, this.tree?.unit.replace("/min", "") ?? "count")}`,
      },
      { id: "total-share", title: "Total %", class: "number", width: "76px", cell: (row) => this.share(row.total) },
      {
        id: "spread",
        title: "±",
        class: "number",
        width: "80px",
        shown: sampled,
        order: (row) => row.spread,
        cell: (row) => this.spread(row),
      },
      {
        id: "objects",
        title: "Count",
        class: "number",
        width: "80px",
        shown: counted,
        order: (row) => row.objects,
        cell: (row) => value(row.objects, "count"),
      },
      {
        id: "mean",
        title: "Mean size",
        class: "number",
        width: "88px",
        shown: counted,
        order: meanSize,
        cell: (row) => (row.objects > 0 ? text(meanSize(row)) : ""),
      },
      { id: "base", title: "Baseline", class: "number", width: "92px", order: (row) => row.baseTotal, cell: (row) => text(row.baseTotal) },
      {
        id: "self-change",
        title: "Self change",
        class: "number",
        width: "100px",
        order: (row) => Math.abs(row.self - row.baseSelf),
        cell: (row) => differs(row.self - row.baseSelf),
      },
      {
        id: "change",
        title: "Change",
        class: "number",
        width: "100px",
        order: (row) => Math.abs(row.total - row.baseTotal),
        cell: (row) => differs(row.total - row.baseTotal),
      },
      {
        id: "name",
        title: values ? "Value" : "Function",
        class: "name",
        order: (row) => row.name,
        cell: (row) => this.name(row),
        hint: (row) => row.name,
      },
      {
        id: "file",
        title: "Source",
        class: "soft",
        width: "22%",
        order: (row) => row.file,
        cell: (row) => source(row.file, 0),
        hint: (row) => row.file,
      },
    ];
    const left = new Set([
      ...(short ? ["total-share", "file", "share"] : []),
      ...(values ? ["self", "share", "file"] : []),
      ...(grows ? ["share", "total-share"] : ["error"]),
      ...(short || compared || values ? ["spread", "objects", "mean"] : []),
      ...(compared ? ["share", "total-share"] : ["base", "self-change", "change"]),
    ]);
    this.table = new VirtualTable(
      label,
      columns.filter((column) => !left.has(column.id)),
      events,
    );
    this.element = this.table.element;
  }

  markdown(about: string): string {
    return this.table.markdown(about);
  }

  destroy(): void {
    this.table.destroy();
  }

  // plain: kinds tell nothing in this profile. byPackage: the squares have the colours of packages, as the graph beside it.
  show(
    tree: Tree,
    rows: readonly FunctionSum[],
    sort: string,
    { plain = false, byPackage = false, chosen = (_: FunctionSum): boolean => false } = {},
  ): void {
    this.tree = tree;
    this.plain = plain;
    this.byPackage = byPackage;
    this.element.classList.toggle("counted", !!tree.objects);
    // Ties come by total, then by name: the sort keeps this order.
    const ordered = rows.slice().sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
    this.table.show(ordered, sort, chosen);
  }

  // The import path in pale, or not at all where there is little room.
  private name(row: FunctionSum): Node {
    const end = row.name.indexOf("[");
    const cut =
      row.kind === "label" || row.kind === "c" || row.kind === "c_runtime" ? 0 : row.name.lastIndexOf("/", end < 0 ? undefined : end) + 1;
    const path = cut > 0 && !this.brief ? make("span", { class: "soft" }, row.name.slice(0, cut)) : null;
    const square = make("i", { class: `kind kind-${this.plain ? "plain" : row.kind}` });
    if (this.byPackage && this.tree) square.style.background = `var(${colourOf(this.tree.functions[row.fn], "package")})`;
    return make("span", {}, square, path, row.name.slice(cut));
  }

  // Of the total; "": it is not sampled, or not known.
  private spread(row: FunctionSum): string {
    return row.spread > 0 ? `±${value(row.spread, this.tree?.unit ?? "count")}` : "";
  }

  // A share with a bar behind it.
  private share(part: number): Node {
    const whole = this.tree?.whole ?? this.tree?.total[0] ?? 0;
    const cell = make("span", { class: "share" }, share(part, whole));
    cell.style.setProperty("--share", `${whole > 0 ? Math.min(Math.max((100 * part) / whole, 0), 100) : 0}%`);
    return cell;
  }
}
