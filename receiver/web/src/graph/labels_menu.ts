// labels_menu.ts: the labels of a profile's samples with their values: thread, goroutine labels, exception type, lock name, trace endpoint.
// Choosing a value shows its samples only; choosing a key groups by it.
import type * as api from "../lib/api";
import { button, make } from "../lib/dom";
import { count, share, value } from "../lib/format";

export class LabelsMenu {
  readonly element: HTMLDetailsElement;
  private readonly list = make("div", { class: "menu-list labels-list" });
  private load: () => Promise<api.Labels> = () => Promise.reject(new Error("No profile is shown."));
  private chosen: readonly string[] = [];
  private groupedBy = "";
  private loaded: api.Labels | undefined;
  private turn = 0;

  // toggle: "KEY:VALUE". group: a key; "": none.
  constructor(
    private readonly toggle: (label: string) => void,
    private readonly group: (key: string) => void,
  ) {
    this.element = make("details", { id: "labels", class: "menu" }, make("summary", { class: "button" }, "Labels"), this.list);
    this.element.addEventListener("toggle", () => this.element.open && void this.fill());
  }

  show(load: () => Promise<api.Labels>, chosen: readonly string[], groupedBy: string, changed: boolean): void {
    this.load = load;
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
        const loaded = await this.load();
        if (turn !== this.turn) return;
        this.loaded = loaded;
      } catch (error) {
        if (turn === this.turn) this.list.replaceChildren(make("p", { class: "soft" }, (error as Error).message));
        return;
      }
    }
    const { labels } = this.loaded;
    if (labels.length === 0) this.list.replaceChildren(make("p", { class: "soft" }, "No sample has a label."));
    else this.list.replaceChildren(...labels.map((key) => this.section(key)));
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
    const pressed = key.key === this.groupedBy;
    const group = button("Group", () => this.group(pressed ? "" : key.key), {
      class: "label-group",
      title: `Group by the values of ${key.key}: they become the first level`,
      "aria-label": `Group by ${key.key}`,
      "aria-pressed": String(pressed),
      data: { group: key.key },
    });
    // Span ids and timestamps: there, but not in the way of what one may want to choose.
    if (key.unique) return make("section", {}, make("details", {}, make("summary", {}, key.key), group, ...rows, more));
    return make("section", {}, make("h3", {}, make("span", {}, key.key), group), ...rows, more);
  }
}
