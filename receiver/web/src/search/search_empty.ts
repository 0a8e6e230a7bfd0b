// search_empty.ts: what the search page says when nothing has come yet: how a client of each language is pointed at this receiver.
import { button, copy, make } from "../lib/dom";

const clients: readonly (readonly [name: string, line: (address: string) => string])[] = [
  ["Go", (address) => `DD_TRACE_AGENT_URL=${address} DD_SERVICE=shop ./shop    # calls profiler.Start()`],
  ["Python", (address) => `DD_TRACE_AGENT_URL=${address} DD_SERVICE=shop DD_PROFILING_ENABLED=true ddtrace-run python shop.py`],
  ["Node", (address) => `DD_TRACE_AGENT_URL=${address} DD_SERVICE=shop DD_PROFILING_ENABLED=true node --require dd-trace/init shop.js`],
  [
    "Java",
    (address) => `DD_TRACE_AGENT_URL=${address} DD_SERVICE=shop DD_PROFILING_ENABLED=true java -javaagent:dd-java-agent.jar -jar shop.jar`,
  ],
];

export function gettingStarted(address: string): HTMLElement {
  const lines = clients.map(([name, line]) => {
    const text = line(address);
    const copied = button("Copy", () => void copy(text).then(() => (copied.textContent = "Copied")), {
      "aria-label": `Copy the line for ${name}`,
    });
    return make("li", {}, make("b", {}, name), make("code", { class: "mono" }, text), copied);
  });
  return make(
    "section",
    { id: "empty", class: "getting-started" },
    make("h1", {}, "No uploads yet"),
    make(
      "p",
      { id: "empty-text" },
      `Point a profiler at this receiver (DD_TRACE_AGENT_URL=${address}), and its profiles appear here by themselves.`,
    ),
    make("ul", {}, ...lines),
  );
}
