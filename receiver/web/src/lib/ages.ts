// ages.ts: the classes of age of live C memory in memory.pprof (label "age", docs/memory.md): their names, and their colours in ages.css. Pure.
import "./ages.css";

export const ageLabel = "age"; // its key

export interface Age {
  value: string; // of the label
  title: string;
  over: string; // "older than ..."; "" of the youngest
}

// The youngest first.
export const ages: readonly Age[] = [
  { value: "<1m", title: "Under 1 minute", over: "" },
  { value: "1-5m", title: "1 to 5 minutes", over: "1 min" },
  { value: "5-30m", title: "5 to 30 minutes", over: "5 min" },
  { value: "30m-2h", title: "30 minutes to 2 hours", over: "30 min" },
  { value: "2h-1d", title: "2 hours to a day", over: "2 h" },
  { value: ">1d", title: "More than a day", over: "1 d" },
];

// The variable of ages.css.
export function ageColour(at: number): string {
  return `--age-${at}`;
}

export function ageFilter(age: Age): string {
  return `${ageLabel}:${age.value}`;
}
