// routes.ts: which view stands at which path, and which tabs a profile has. receiver/assets.c serves the page at each of the paths.
import { ProfilePage } from "./profile/profile_page";
import { ProfilesTab } from "./profile/profiles_tab";
import { SearchPage } from "./search/search";
import { LaterView, type View, type ViewMaker } from "./lib/view";

export interface Route {
  name: string; // in the bar at the top; "": not there
  view: ViewMaker;
}

export interface Tab {
  id: string; // parameter "tab"; the first one is shown without it
  name: string;
  view: ViewMaker;
}

// A view of later.ts, whose script is loaded when the first of them is opened.
function later(make: (all: typeof import("./later")) => View): ViewMaker {
  return () => new LaterView(() => import("./later").then((all) => () => make(all)));
}

export const tabs: Tab[] = [
  { id: "profiles", name: "Profiles", view: () => new ProfilesTab(() => import("./later")) },
  { id: "memory", name: "Memory", view: later((all) => new all.MemoryTab()) },
  { id: "owners", name: "Owners", view: later((all) => new all.OwnersTab()) },
  { id: "analysis", name: "Analysis", view: later((all) => new all.AnalysisTab()) },
  { id: "metrics", name: "Metrics", view: later((all) => new all.MetricsTab()) },
  { id: "runtime", name: "Runtime info", view: later((all) => new all.RuntimeTab()) },
];

export const routes: Record<string, Route> = {
  "/": { name: "Search", view: () => new SearchPage() },
  "/profile": { name: "", view: () => new ProfilePage(tabs) },
  "/compare": { name: "Compare", view: later((all) => new all.ComparePage()) },
};
