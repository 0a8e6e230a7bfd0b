// metrics_groups.ts: series by the values of a tag of the uploads, or of a label of their samples: the table of values.
import * as api from "../lib/api";
import { quantity, title } from "../lib/chart_units";
import { measures } from "../lib/columns";
import { make, refill } from "../lib/dom";
import { count } from "../lib/format";
import { change, current, type State } from "../lib/state";
import { VirtualTable, type Column } from "../lib/virtual_table";

const number_px = 88; // widths of columns
const name_px = 140;
const cut_bytes = 197; // of 200, less what a cut character leaves

// Whether a filter gives what the value stands for: not what uploads without a value are named, nor several values of an upload, nor a cut one.
function isOne(value: string): boolean {
  const isCut = new TextEncoder().encode(value).length >= cut_bytes;
  return !["(none)", "(not looked at)", "(others)"].includes(value) && !value.includes(",") && !isCut;
}

export class ValuesTable {
  readonly element = make("section", { id: "values", class: "panel metrics-values", "aria-label": "Values", hidden: true });
  private readonly gap = make("p", { class: "soft" });
  private table: VirtualTable<api.GroupValue> | undefined;
  private group: api.Metrics["group"];
  private series: readonly api.Series[] = [];
  private ofLabel = false;

  destroy(): void {
    this.table?.destroy();
  }

  // filters: a value of a tag that is chosen becomes a filter of the selection.
  load({ group, series, without }: api.Metrics, filters: boolean, ofLabel: boolean): void {
    this.destroy();
    Object.assign(this, { group, series, ofLabel });
    this.element.hidden = !group;
    if (!group) return;
    const known = measures.filter(([name]) => group.values.some(({ newest }) => newest[name] !== null));
    const number = { class: "number", width: `${number_px}px` };
    const columns: Column<api.GroupValue>[] = [
      { id: "value", title: group.key, class: "name", order: ({ value }) => value, cell: (row) => row.value },
      ...known.map(([name, short, unit]) => ({
        ...{ id: name, title: short, ...number, hint: () => `${title(name)}, the newest` },
        order: ({ newest }: api.GroupValue) => newest[name] ?? -1,
        cell: ({ newest }: api.GroupValue) => (newest[name] === null ? "–" : quantity(newest[name]!, unit)),
      })),
    ];
    for (const [id, name] of ofLabel
      ? []
      : ([
          ["processes", "Processes"],
          ["uploads", "Uploads"],
        ] as const))
      // prettier-ignore
      columns.push({ id, title: name, ...number, order: (row) => row[id]!, cell: (row) => row[id]!.toLocaleString("en") });
    this.table = new VirtualTable(`Values of ${group.key}`, columns, {
      onPick: ({ value }) => (ofLabel ? this.chooseLabel(value) : filters && this.choose(value)),
      onSort: (by) => change({ by }),
    });
    // Of a narrow window the names have some, and the rest is scrolled to.
    this.table.element.querySelector("table")!.style.minWidth = `${name_px + number_px * (columns.length - 1)}px`;
    const gaps = [
      group.values_left_out > 0 && `${count(group.values_left_out, "more value")} with less memory`,
      group.uploads_not_looked_at && `of ${count(group.uploads_not_looked_at, "upload")} not all tags were looked at`,
      group.uploads_beyond && `${count(group.uploads_beyond, "upload")} of further values together`,
      group.values_limited && "there are more values, which are in the line of the others",
      known.length > 0 && `each chart has the 12 highest values, and the ${ofLabel ? "sum" : "mean"} of all others`,
      without && without.length > 0 && `without this label: ${without.map(title).join(", ")}`,
      ofLabel && "figures without samples have no values of labels",
    ];
    this.gap.textContent = gaps.filter(Boolean).join(" · ");
    refill(this.element, this.table.element, this.gap);
  }

  show(now: State): void {
    if (!this.group) return;
    const memory = ["c_live_bytes", "heap_live_bytes"] as const;
    const usual = memory.find((name) => this.group!.values.some(({ newest }) => newest[name] !== null));
    this.table!.show(this.group.values, now.get("by") || usual || (this.ofLabel ? (this.series[0]?.name ?? "value") : "uploads"));
  }

  // Its samples, in the profile that has those of the measure that the table is sorted by.
  private chooseLabel(value: string): void {
    const by = current().get("by");
    const { attachment } = this.series.find(({ name }) => name === by) ?? this.series[0];
    if (value === "(no label)" || !attachment) return;
    change({ tab: null, attachment, type: null, label: `${this.group!.key}:${value}`, group_by: null, zoom: null, by: null });
  }

  // A filter of the key takes the place of those before it, which would be alternatives.
  private choose(value: string): void {
    const { key } = this.group!;
    if (!isOne(value)) return;
    const isFacet = ["service", "env", "version", "host", "runtime", "language"].includes(key);
    const others = current()
      .all("tag")
      .filter((tag) => !tag.startsWith(`${key}:`));
    change(isFacet ? { [key]: value, group_by: null } : { tag: [...others, `${key}:${value}`], group_by: null });
  }
}
