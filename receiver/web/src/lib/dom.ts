// dom.ts: makes elements. Names come from profiles and from clients, so text only ever becomes text, never markup.

import { linkTo } from "./embedded";

type Child = Node | string | null | undefined | false;
type Properties = Record<string, unknown>;

// make("button", { class: "button", type: "button", onclick: f, "aria-pressed": "true", data: { type: "cpu" } }, "text", node, ...)
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) set(element, name, value);
  append(element, children);
  return element;
}

function set(element: HTMLElement, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (name === "data") {
    for (const [key, text] of Object.entries(value as Record<string, string>)) element.dataset[key] = text;
  } else if (name === "class") {
    element.className = String(value);
  } else if (name.startsWith("aria-") || name === "role" || name === "for" || name === "list") {
    element.setAttribute(name, String(value));
  } else {
    (element as unknown as Properties)[name] = value;
  }
}

function append(element: HTMLElement, children: Child[]): void {
  for (const child of children) if (child || child === "") element.append(child);
}

export function button(text: Child | Child[], onclick: () => void, properties: Properties = {}): HTMLButtonElement {
  const made = make("button", { type: "button", class: "button", ...properties, onclick });
  append(made, Array.isArray(text) ? text : [text]);
  return made;
}

// A row of buttons of which one is pressed.
export function segments<T extends string>(
  label: string,
  choices: readonly (readonly [T, string, string?])[],
  chosen: T,
  choose: (value: T) => void,
  properties: Properties = {},
): HTMLElement {
  const group = make("div", { class: "segments", role: "group", "aria-label": label, ...properties });
  for (const [value, text, small] of choices) {
    const one = button([text, small ? make("small", {}, small) : null], () => choose(value), { class: "", data: { value } });
    one.setAttribute("aria-pressed", String(value === chosen));
    group.append(one);
  }
  return group;
}

export function select(
  label: string,
  choices: readonly (readonly [string, string])[],
  chosen: string,
  choose: (value: string) => void,
): HTMLElement {
  const list = make("select", { "aria-label": label, onchange: () => choose(list.value) });
  for (const [value, text] of choices) list.append(make("option", { value, selected: value === chosen }, text));
  return make("div", { class: "select" }, list);
}

// A line that says why there is nothing to see.
export function notice(text: string, ...more: Child[]): HTMLElement {
  return make("div", { class: "notice", role: "status" }, make("p", {}, text), ...more);
}

// A link inside the page: main.ts keeps clicks on it from loading the page anew.
export function link(href: string, text: Child | Child[], properties: Properties = {}): HTMLAnchorElement {
  const made = make("a", { href: linkTo(href), ...properties });
  append(made, Array.isArray(text) ? text : [text]);
  return made;
}

// Gives an element new children; what has the focus in it has it again, by its place.
export function refill(element: HTMLElement, ...children: Child[]): void {
  const focusable = (): HTMLElement[] => [...element.querySelectorAll<HTMLElement>("button, a, input, select, summary")];
  const at = focusable().indexOf(document.activeElement as HTMLElement);
  element.replaceChildren();
  append(element, children);
  if (at >= 0) focusable()[at]?.focus({ preventScroll: true });
}

// An open menu closes on Escape and on a click elsewhere, and its list lies within the window, whatever its summary stands beside.
export function actAsMenu(menu: HTMLDetailsElement, signal: AbortSignal): void {
  const list = menu.querySelector<HTMLElement>(".menu-list");
  const observer = new ResizeObserver(() => list && menu.open && keepInside(list)); // it opens, or is filled later
  if (list) observer.observe(list);
  addEventListener("resize", () => list && menu.open && keepInside(list), { signal });
  signal.addEventListener("abort", () => observer.disconnect());
  document.addEventListener("click", (event) => event.composedPath().includes(menu) || (menu.open = false), { signal });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
    event.stopPropagation();
  });
}

const edge_px = 8;

function keepInside(list: HTMLElement): void {
  list.style.translate = "";
  const { left, right, top } = list.getBoundingClientRect();
  const shift = left < edge_px ? edge_px - left : Math.min(0, innerWidth - edge_px - right);
  if (shift) list.style.translate = `${Math.round(shift)}px`;
  list.style.maxHeight = `${Math.max(160, Math.round(innerHeight - edge_px - top))}px`;
}

export async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
