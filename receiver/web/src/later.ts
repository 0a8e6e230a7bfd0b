// later.ts: the views that the page does not begin with: a second script, loaded when the first of them is opened (routes.ts).
export { AnalysisTab } from "./analysis/analysis";
export { ComparePage } from "./compare/compare";
export { CallGraph } from "./graph/call_graph";
export { MemoryTab } from "./memory/memory_tab";
export { CodeView } from "./graph/code_view";
export { HeatMap } from "./profile/heat_map";
export { MetricsTab } from "./profile/metrics";
export { OwnersTab } from "./profile/owners_tab";
export { RuntimeTab } from "./profile/runtime";
