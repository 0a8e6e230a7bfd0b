// main.ts: starts the page: the bar at the top, and below it the view that the address names.
import "./style.css";
import { make, link } from "./lib/dom";
import { keysButton } from "./lib/keys";
import { unreachableLine } from "./lib/reach";
import { routes } from "./routes";
import { current, navigate, onChange, type State, stateOf } from "./lib/state";
import { themeButton } from "./lib/theme";
import { zoneButton } from "./lib/times";
import { type View, ViewHost } from "./lib/view";
import "./lib/narrow.css";
import "./print.css";

const main = make("main", { id: "main" });
const host = new ViewHost(main);
const nav = make("nav", { class: "nav", "aria-label": "Pages" });

for (const [path, route] of Object.entries(routes)) if (route.name) nav.append(link(path, route.name, { data: { path } }));

function show(to: State): void {
  for (const one of nav.children) {
    if ((one as HTMLElement).dataset.path === to.path) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  document.body.dataset.page = to.path;
  host.show(routes[to.path]?.view ?? noSuchPage, to);
}

// The receiver sends the page, with status 404, for what a person may have typed or an old link may name.
function noSuchPage(): View {
  return {
    mount(root, to) {
      const text = make("p", {}, "The receiver has no page at ", make("code", { class: "mono" }, to.path), ".");
      root.append(
        make(
          "section",
          { id: "no-such-page", class: "getting-started" },
          make("h1", {}, "No such page"),
          text,
          link("/", "Search all uploads"),
        ),
      );
    },
    unmount() {},
  };
}

// Links within the page do not load it anew.
addEventListener("click", (event) => {
  const anchor = (event.target as Element | null)?.closest?.("a");
  if (!anchor || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (anchor.origin !== location.origin || anchor.target || anchor.hasAttribute("download") || !routes[stateOf(anchor.pathname, "").path])
    return;
  event.preventDefault();
  navigate(stateOf(anchor.pathname, anchor.search));
});

document.body.append(
  link("#main", "Skip to content", { class: "skip" }),
  make(
    "header",
    { class: "bar" },
    link("/", [make("img", { src: "/icon.svg", alt: "", width: 20, height: 20 }), "cmemprof"], { class: "brand" }),
    nav,
    make("span", { class: "space" }),
    keysButton(),
    zoneButton(() => (host.close(), show(current()))),
    themeButton(),
  ),
  unreachableLine(),
  main,
);
onChange(show);
if (current().path !== location.pathname) history.replaceState(null, "", current().href);
show(current());
