// main.ts: starts the page: the bar at the top, and below it the view that the address names.
import "./style.css";
import { based } from "./lib/base";
import { make, link, notice } from "./lib/dom";
import { embedded, linkTo } from "./lib/embedded";
import { takeDroppedFiles } from "./lib/drop";
import { keysButton } from "./lib/keys";
import { unreachableLine } from "./lib/reach";
import { routes } from "./routes";
import { saveButton } from "./search/saved_views";
import { current, navigate, onChange, type State, stateOf } from "./lib/state";
import { themeButton } from "./lib/theme";
import { zoneButton } from "./lib/times";
import { type View, ViewHost } from "./lib/view";
import "./lib/narrow.css";
import "./print.css";

const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]")!.href;
const main = make("main", { id: "main" });
const host = new ViewHost(main);
const nav = make("nav", { class: "nav", "aria-label": "Pages" });

// A report has no search: what it holds is a list.
const inReport = (): View => ({
  mount: (root) => root.append(embedded!.list()),
  unmount() {},
});
if (embedded) Object.assign(routes, { "/": { name: "Contents", view: inReport }, "/compare": { ...routes["/compare"], name: "" } });
for (const [path, route] of Object.entries(routes)) if (route.name) nav.append(link(based(path), route.name, { data: { path } }));

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
      const who = embedded ? "This report" : "The receiver";
      const text = make("p", {}, `${who} has no page at `, make("code", { class: "mono" }, to.path), ".");
      root.append(
        make(
          "section",
          { id: "no-such-page", class: "getting-started" },
          make("h1", {}, "No such page"),
          text,
          link(based("/"), embedded ? "Contents" : "Search all uploads"),
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

document.getElementById("loading")?.remove();
document.body.append(
  link("#main", "Skip to content", { class: "skip" }),
  make(
    "header",
    { class: "bar" },
    link(based("/"), [make("img", { src: icon, alt: "", width: 20, height: 20 }), "cmemprof"], { class: "brand" }),
    nav,
    make("span", { class: "space" }),
    embedded ? "" : saveButton(),
    keysButton(),
    zoneButton(() => (host.close(), show(current()))),
    themeButton(),
  ),
  embedded ? "" : unreachableLine(),
  main,
  embedded
    ? ""
    : takeDroppedFiles((ids) => navigate(ids.length === 1 ? stateOf("/profile", `?ids=${ids[0]}`) : stateOf("/", "?tag=source:file"))),
);
onChange(show);
(embedded?.ready ?? Promise.resolve()).then(
  () => {
    if (embedded || based(current().path) !== location.pathname) history.replaceState(null, "", linkTo(current().href));
    show(current());
  },
  (error: unknown) => main.append(notice(`This report cannot be read: ${(error as Error).message}`)),
);
