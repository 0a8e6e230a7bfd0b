// popup.ts: a menu at a point, for a frame or a row. One at a time; Escape, a click elsewhere or a choice closes it.
import { link, make } from "./dom";

export interface Item {
  text: string;
  id: string;
  run: () => void;
  small?: string;
}

export interface Download {
  text: string;
  id: string;
  href: string;
  file: string; // its name on this machine; "": the receiver says
  small: string;
}

let close: () => void = () => {};

export function openMenu(title: string, items: readonly (Item | Download)[], x: number, y: number): void {
  close();
  const before = document.activeElement as HTMLElement | null;
  const buttons = items.map((item) => {
    const common = { role: "menuitem", tabIndex: -1, data: { action: item.id } };
    if ("run" in item)
      return make(
        "button",
        { ...common, type: "button", onclick: () => (close(), item.run()) },
        item.small ? make("span", {}, item.text) : item.text,
        item.small && make("small", {}, item.small),
      );
    // Closed a moment later: a link that is taken away while it is clicked is not followed.
    const onclick = (): void => void setTimeout(() => close());
    return link(item.href, [make("span", {}, item.text), make("small", {}, item.small)], { ...common, download: item.file, onclick });
  });
  const menu = make(
    "div",
    { class: "popup", role: "menu", "aria-label": title },
    make("div", { class: "popup-title", role: "presentation" }, title),
    ...buttons,
  );
  const outside = (event: Event): void => void (menu.contains(event.target as Node) || close());
  close = () => {
    close = () => {};
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    before?.focus({ preventScroll: true });
  };
  menu.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement as (typeof buttons)[number]);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) buttons[(at + step + buttons.length) % buttons.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  (document.querySelector("main") ?? document.body).append(menu); // a landmark, as all that is on the page
  menu.style.left = `${Math.max(Math.min(x, innerWidth - menu.offsetWidth - 8), 4)}px`;
  menu.style.top = `${Math.max(Math.min(y, innerHeight - menu.offsetHeight - 8), 4)}px`;
  document.addEventListener("pointerdown", outside, true);
  buttons[0].focus({ preventScroll: true });
}

export function closeMenu(): void {
  close();
}
