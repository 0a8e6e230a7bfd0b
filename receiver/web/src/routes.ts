// routes.ts: which view stands at which path, and which tabs a profile has. receiver/assets.c serves the page at each of the paths.
import { AnalysisTab } from "./analysis/analysis";
import { ComparePage } from "./compare/compare";
import { MemoryTab } from "./memory/memory_tab";
import { MetricsTab } from "./profile/metrics";
import { OwnersTab } from "./profile/owners_tab";
import { ProfilePage } from "./profile/profile_page";
import { ProfilesTab } from "./profile/profiles_tab";
import { RuntimeTab } from "./profile/runtime";
import { SearchPage } from "./search/search";
import type { ViewMaker } from "./lib/view";

export interface Route {
  name: string; // in the bar at the top; "": not there
  view: ViewMaker;
}

export interface Tab {
  id: string; // parameter "tab"; the first one is shown without it
  name: string;
  view: ViewMaker;
}

export const tabs: Tab[] = [
  { id: "profiles", name: "Profiles", view: () => new ProfilesTab() },
  { id: "memory", name: "Memory", view: () => new MemoryTab() },
  { id: "owners", name: "Owners", view: () => new OwnersTab() },
  { id: "analysis", name: "Analysis", view: () => new AnalysisTab() },
  { id: "metrics", name: "Metrics", view: () => new MetricsTab() },
  { id: "runtime", name: "Runtime info", view: () => new RuntimeTab() },
];

export const routes: Record<string, Route> = {
  "/": { name: "Search", view: () => new SearchPage() },
  "/profile": { name: "", view: () => new ProfilePage(tabs) },
  "/compare": { name: "Compare", view: () => new ComparePage() },
};
