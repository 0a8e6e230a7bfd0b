// runtime_flatten.ts: an event as rows of key and value, and the rows of several events side by side. Pure.
export interface Fact {
  section: string;
  key: string;
  value: string;
}

export interface Row {
  section: string;
  key: string;
  values: { value: string; count: number }[]; // the most frequent first
}

const mostRows = 5000; // of one event; a client may send a megabyte of it

// "start" of the event is in section Event, tags in Tags, the profiler's settings in Settings, what else there is under its own name.
export function flatten(event: unknown): Fact[] {
  const facts: Fact[] = [];
  const add = (section: string, key: string, value: string) => facts.length < mostRows && facts.push({ section, key, value });
  const walk = (section: string, key: string, value: unknown, depth: number): void => {
    if (Array.isArray(value)) {
      const plain = value.every((one) => one === null || typeof one !== "object");
      if (plain) add(section, key, value.map(String).join(", "));
      else value.forEach((one, index) => walk(section, `${key}[${index}]`, one, depth + 1));
    } else if (value !== null && typeof value === "object" && depth < 8) {
      for (const [name, inner] of Object.entries(value)) walk(section, key ? `${key}.${name}` : name, inner, depth + 1);
    } else {
      add(section, key, value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));
    }
  };
  if (event === null || typeof event !== "object") return facts;
  for (const [name, value] of Object.entries(event)) {
    if (name === "tags_profiler" || name === "tags[]" || name === "process_tags") tags(name, value, add);
    else if (name === "info" && isObject(value)) info(value, walk);
    else if (isObject(value)) walk(sectionName(name), "", value, 0);
    else walk("Event", name, value, 0);
  }
  return facts.map((fact) => ({ ...fact, key: fact.key || "value" }));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function sectionName(name: string): string {
  const text = name.replace(/_/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// Clients join tags with commas and escape nothing: a piece without a colon belongs to the tag before it.
function tags(name: string, value: unknown, add: (section: string, key: string, value: string) => void): void {
  const section = name === "process_tags" ? "Process tags" : "Tags";
  const pieces = (Array.isArray(value) ? value.map(String) : String(value).split(",")).filter(Boolean);
  for (const piece of pieces) {
    const colon = piece.indexOf(":");
    add(section, colon > 0 ? piece.slice(0, colon) : piece, colon > 0 ? piece.slice(colon + 1) : "");
  }
}

type Walk = (section: string, key: string, value: unknown, depth: number) => void;

function info(value: Record<string, unknown>, walk: Walk): void {
  for (const [name, inner] of Object.entries(value)) {
    if (name !== "profiler" || !isObject(inner)) {
      walk(isObject(inner) ? sectionName(name) : "Info", isObject(inner) ? "" : name, inner, 0);
      continue;
    }
    for (const [key, part] of Object.entries(inner))
      walk(key === "settings" ? "Profiler settings" : "Profiler", key === "settings" ? "" : key, part, 0);
  }
}

const order = [
  ...["Event", "JVM", "JVM flags that were set", "Garbage collector", "Java heap", "Profiler", "Profiler settings", "Runtime", "Platform"],
  ...["Application", "Tags", "Process tags"],
];

// One row for each key of all events, with the values that it has in how many of them.
export function merge(events: readonly (readonly Fact[])[]): Row[] {
  const rows = new Map<string, { row: Row; counts: Map<string, number> }>();
  for (const facts of events) {
    for (const { section, key, value } of facts) {
      const name = `${section}\n${key}`;
      let found = rows.get(name);
      if (!found) rows.set(name, (found = { row: { section, key, values: [] }, counts: new Map() }));
      found.counts.set(value, (found.counts.get(value) ?? 0) + 1);
    }
  }
  const place = (section: string) => (order.includes(section) ? order.indexOf(section) : order.length);
  return [...rows.values()]
    .map(({ row, counts }) => ({
      ...row,
      values: [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count),
    }))
    .sort((a, b) => place(a.section) - place(b.section) || a.section.localeCompare(b.section) || a.key.localeCompare(b.key));
}

export function matches(row: Row, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return `${row.section} ${row.key}`.toLowerCase().includes(wanted) || row.values.some(({ value }) => value.toLowerCase().includes(wanted));
}
