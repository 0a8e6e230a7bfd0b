// theme.ts: light, dark or as the system has it. The choice is kept in this browser; canvases listen to onTheme to be drawn again.
import { button } from "./dom";

const themes = ["auto", "light", "dark"] as const;
type Theme = (typeof themes)[number];
const names: Record<Theme, string> = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };
const signs: Record<Theme, string> = { auto: "◐", light: "○", dark: "●" };
const listeners = new Set<() => void>();

function stored(): Theme {
  const kept = localStorage.getItem("theme") as Theme;
  return themes.includes(kept) ? kept : "auto";
}

const system = (): MediaQueryList => matchMedia("(prefers-color-scheme: dark)");

function apply(theme: Theme): void {
  document.documentElement.dataset.theme = theme === "auto" ? (system().matches ? "dark" : "light") : theme;
  for (const listener of listeners) listener();
}

// Returns a function that ends it.
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// A colour variable of style.css as it is now.
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function themeButton(): HTMLElement {
  const made = button("", () => {
    const next = themes[(themes.indexOf(stored()) + 1) % themes.length];
    localStorage.setItem("theme", next);
    show(next);
  });
  made.id = "theme";
  const show = (theme: Theme): void => {
    made.textContent = signs[theme];
    made.title = names[theme];
    made.setAttribute("aria-label", names[theme]);
    apply(theme);
  };
  show(stored());
  // Paper is white.
  addEventListener("beforeprint", () => apply("light"));
  addEventListener("afterprint", () => apply(stored()));
  system().addEventListener("change", () => apply(stored()));
  return made;
}
