// main.ts: starts the page: the bar at the top, and below it the view that the address names.
import "./style.css";
import { make, link } from "./dom";
import { routes } from "./routes";
import { current, navigate, onChange, state, State } from "./state";
import { themeButton } from "./theme";
import { ViewHost } from "./view";

const main = make("main", { id: "main" });
const host = new ViewHost(main);
const nav = make("nav", { class: "nav", "aria-label": "Pages" });

for (const [path, route] of Object.entries(routes)) if (route.name) nav.append(link(path, route.name, { data: { path } }));

function show(to: State): void {
  const known = routes[to.path] ? to : state("/");
  for (const one of nav.children) {
    if ((one as HTMLElement).dataset.path === known.path) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  document.body.dataset.page = known.path;
  host.show(routes[known.path].view, known);
}

// Links within the page do not load it anew.
addEventListener("click", (event) => {
  const anchor = (event.target as Element | null)?.closest?.("a");
  if (!anchor || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (anchor.origin !== location.origin || anchor.target || anchor.hasAttribute("download") || !routes[anchor.pathname]) return;
  event.preventDefault();
  navigate(new State(anchor.pathname, new URLSearchParams(anchor.search)));
});

document.body.append(
  link("#main", "Skip to content", { class: "skip" }),
  make(
    "header",
    { class: "bar" },
    link("/", [make("img", { src: "/icon.svg", alt: "", width: 20, height: 20 }), "cmemprof"], { class: "brand" }),
    nav,
    make("span", { class: "space" }),
    themeButton(),
  ),
  main,
);
onChange(show);
show(current());
