// shape_menu.ts: other shapes of the graph (shapes.ts), each on or off.
import { button, make, refill } from "../lib/dom";
import { change, current, type State } from "../lib/state";
import { shapes, type Shape } from "./shapes";

export class ShapeMenu {
  readonly element: HTMLDetailsElement;
  private readonly title = make("summary", { class: "button" });
  private readonly list = make("div", { class: "menu-list" });

  constructor() {
    this.element = make("details", { id: "shapes", class: "menu" }, this.title, this.list);
  }

  show(now: State, visible: boolean): void {
    const wanted = now.all("tree");
    const names = shapes.filter(([id]) => wanted.includes(id)).map(([, name]) => name.toLowerCase());
    this.element.hidden = !visible;
    this.title.textContent = ["Shape", names.join(", ")].filter(Boolean).join(": ");
    refill(
      this.list,
      ...shapes.map(([id, name, title]) =>
        button(name, () => toggle(id), { class: "", title, "aria-pressed": String(wanted.includes(id)), data: { shape: id } }),
      ),
    );
  }
}

function toggle(id: Shape): void {
  const now = current();
  const all = now.all("tree");
  const wanted = all.includes(id) ? all.filter((one) => one !== id) : [...all, id];
  change({ tree: wanted, zoom: id === "names" ? now.get("zoom") : null });
}
