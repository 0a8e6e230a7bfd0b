// tags.ts: what "group_by" of the address says: the key of a label of samples, or tag:KEY of uploads. Which keys
// of tags there are, and how lines of their values are told apart.
import * as api from "./api";
import { make, select } from "./dom";
import { embedded } from "./embedded";
import { count } from "./format";
import { change, type State } from "./state";

// The key of a tag; "": it is none.
export function tagKey(groupBy: string): string {
  return /^tag:./.test(groupBy) ? groupBy.slice(4) : "";
}

// The key, of either.
export function keyName(groupBy: string): string {
  return tagKey(groupBy) || groupBy;
}

// The keys of which there are several values.
export async function groupKeys(selection: URLSearchParams, signal?: AbortSignal): Promise<string[]> {
  if (embedded) return [];
  return severalOf((await api.facets(selection, { values: 2 }, signal)).facets);
}

export function severalOf(facets: readonly api.Facet[]): string[] {
  return facets.filter(({ values }) => values.length > 1).map(({ name }) => name);
}

// What charts are grouped by: the address's group_by. A report's have one line.
export function chartGroup(now: State): string {
  return embedded ? "" : now.get("group_by");
}

// The key of the tag that the address groups by; "": none, or a label of samples, which the chart of the search page does not have.
export function tagOf(now: State): string {
  return tagKey(chartGroup(now));
}

// keys: of tags. labels: keys of labels of samples.
export function groupChoice(
  now: State,
  keys: readonly string[],
  chosen = chartGroup(now),
  labels: readonly string[] = [],
): HTMLElement | null {
  const tags = keys.filter((key) => now.all(key).length !== 1); // of one chosen value there is one line
  const offered = [...tags.map((key) => `tag:${key}`), ...labels];
  const all = chosen && !offered.includes(chosen) ? [...offered, chosen] : offered;
  if (all.length === 0) return null;
  const text = (by: string): string => (tagKey(by) ? `By ${tagKey(by)}` : `By label ${by}`);
  const choices = [["", "Not grouped"], ...all.map((by) => [by, text(by)])] as [string, string][];
  return select("Group uploads", choices, chosen, (by) => change({ group_by: by || null, zoom: null, by: null }));
}

const colours = 6;

export interface LineStyle {
  colour: string;
  dashed: boolean;
}

// Colours, and the same ones dashed: as many as a chart has lines.
export function lineStyle(place: number): LineStyle {
  return { colour: `--series-${(place % colours) + 1}`, dashed: place % (2 * colours) >= colours };
}

export const othersStyle: LineStyle = { colour: "--soft", dashed: true };

const name_characters = 20;

// Of a value in a chart; its title has the rest.
export function shortName(value: string): string {
  const characters = [...value];
  return characters.length > name_characters ? `${characters.slice(0, name_characters - 1).join("")}…` : value;
}

// The line of all other values of a tag is their mean; of a label their sum, as all lines of it add up.
export const othersName = (others: number): string => (others === 1 ? "1 other" : `mean of ${count(others, "other")}`);
export const sumName = (others: number, more = false): string => `${more ? "at least " : ""}${count(others, "other")} together`;

export function lineMark({ colour, dashed }: LineStyle): HTMLElement {
  const mark = make("i", { class: `swatch ${dashed ? "dashed" : "line"}` });
  mark.style.setProperty("--swatch", `var(${colour})`);
  return mark;
}
