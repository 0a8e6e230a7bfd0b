// labels_menu.ts: the labels of a profile's samples with their values: thread, goroutine labels, exception type, lock name, trace endpoint.
// Choosing a value shows its samples only; choosing a key groups by it.
import type * as api from "../lib/api";
import { button, make, refill } from "../lib/dom";
import { count, share, value } from "../lib/format";
import { keyName } from "../lib/tags";

export class LabelsMenu {
  readonly element: HTMLDetailsElement;
  private readonly list = make("div", { class: "menu-list labels-list" });
  private tags: () => Promise<readonly string[]> = () => Promise.resolve([]);
  private load: () => Promise<api.Labels> = () => Promise.reject(new Error("No profile is shown."));
  private chosen: readonly string[] = [];
  private groupedBy = "";
  private loaded: api.Labels | undefined;
  private keys: readonly string[] = [];
  private turn = 0;

  // toggle: "KEY:VALUE". group: a key; "": none.
  constructor(
    private readonly toggle: (label: string) => void,
    private readonly group: (key: string) => void,
  ) {
    this.element = make("details", { id: "labels", class: "menu" }, make("summary", { class: "button" }, "Labels"), this.list);
    this.element.addEventListener("toggle", () => this.element.open && void this.fill());
  }

  // tags: keys of the uploads' tags, to group by.
  show(
    load: () => Promise<api.Labels>,
    tags: () => Promise<readonly string[]>,
    chosen: readonly string[],
    groupedBy: string,
    changed: boolean,
  ): void {
    this.load = load;
    this.tags = tags;
    this.chosen = chosen;
    this.groupedBy = groupedBy;
    if (changed) this.loaded = undefined;
    if (this.element.open) void this.fill();
  }

  private async fill(): Promise<void> {
    const turn = ++this.turn;
    if (!this.loaded) {
      this.list.replaceChildren(make("p", { class: "soft" }, "Reading labels …"));
      try {
        const [loaded, keys] = await Promise.all([this.load(), this.tags()]);
        if (turn !== this.turn) return;
        this.loaded = loaded;
        this.keys = keys;
      } catch (error) {
        if (turn === this.turn) this.list.replaceChildren(make("p", { class: "soft" }, (error as Error).message));
        return;
      }
    }
    const { labels } = this.loaded;
    const left = this.loaded.keys_left_out > 0;
    const note = left ? "Further labels are left out." : labels.length === 0 && "No sample has a label.";
    refill(
      this.list,
      ...this.keys.map((key) => this.ofUploads(key)),
      ...labels.map((key) => this.section(key)),
      note && make("p", { class: "soft" }, note),
    );
  }

  private ofUploads(key: string): HTMLElement {
    return make("section", {}, make("h2", {}, make("span", {}, key, make("small", {}, " of uploads")), this.groupButton(`tag:${key}`)));
  }

  private groupButton(key: string): HTMLElement {
    const pressed = key === this.groupedBy;
    return button("Group", () => this.group(pressed ? "" : key), {
      class: "label-group",
      title: `Group by the values of ${keyName(key)}: they become the first level`,
      "aria-label": `Group by ${keyName(key)}`,
      "aria-pressed": String(pressed),
      data: { group: key },
    });
  }

  private section(key: api.LabelKey): HTMLElement {
    const { unit, total } = this.loaded!;
    const heaviest = Math.max(...key.values.map((one) => Math.abs(one.weight)), 1);
    const rows = key.values.map((one) => {
      const label = `${key.key}:${one.value}`;
      const bar = make("i", { class: "label-bar" });
      bar.style.width = `${(100 * Math.abs(one.weight)) / heaviest}%`;
      const text = one.unit === "bytes" ? value(Number(one.value), "bytes") : `${one.value} ${one.unit}`.trim() || "(empty)";
      return button([bar, make("span", {}, text), make("small", {}, value(one.weight, unit))], () => this.toggle(label), {
        class: "",
        title: `${label} · ${count(one.count, "sample")} · ${share(one.weight, total)} of all`,
        "aria-pressed": String(this.chosen.includes(label)),
        data: { label },
      });
    });
    const left = key.values_left_out;
    const more = left > 0 && make("p", { class: "soft" }, count(left, "more value"));
    const group = this.groupButton(key.key);
    // Span ids and timestamps: there, but not in the way of what one may want to choose.
    if (key.unique) return make("section", {}, make("details", {}, make("summary", {}, key.key), group, ...rows, more));
    return make("section", {}, make("h2", {}, make("span", {}, key.key), group), ...rows, more);
  }
}
