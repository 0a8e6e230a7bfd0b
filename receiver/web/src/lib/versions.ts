// versions.ts: where a service's version changes: a mark in each chart over time, and a link to what was before and after, side by side.
import { annotations, askForAnnotation, chip, notShownText, shown, type Annotation, type Annotations } from "./annotations";
import * as api from "./api";
import type { Chart } from "./chart";
import { embedded } from "./embedded";
import { button, link, make, refill } from "./dom";
import { count } from "./format";
import { current, State } from "./state";
import { moment } from "./times";

const most = 20; // of which a chart has marks, and the line above it links

// Both sides of a change, for as long as both versions were there, of what is chosen now: what it says of hosts or tags is true of both.
export function comparison({ service, env, before, version, from_ms, at_ms, to_ms }: api.VersionChange): State {
  const compared = new URLSearchParams();
  const add = (prefix: string, of: string, from: number, to: number): void => {
    const side = current().selection();
    side.delete("ids");
    for (const [name, value] of Object.entries({ service, version: of, from, to })) side.set(name, String(value));
    if (env) side.set("env", env);
    for (const [name, value] of side) compared.append(prefix + name, value);
  };
  add("", version, at_ms, to_ms);
  add("base.", before, from_ms, at_ms);
  return new State("/compare", compared);
}

export const deployment = ({ service, env }: api.VersionChange): string => (env ? `${service} (${env})` : service);

export function changeText({ before, version, at_ms }: api.VersionChange): string {
  return `${before} → ${version}, ${moment(at_ms)}`;
}

const isTooMany = ({ changes, changes_left_out, services }: api.VersionChanges) => changes.length + changes_left_out > most && services > 1;

// What the marks do not show.
export function leftOutText(answer: api.VersionChanges): string {
  const all = answer.changes.length + answer.changes_left_out;
  const parts = [
    isTooMany(answer) && `${count(all, "version change")}: choose a service to see them`,
    !isTooMany(answer) && all > most && `${count(all - most, "earlier version change")} not shown`,
    answer.uploads_left_out > 0 && `${count(answer.uploads_left_out, "older upload")} not looked at for version changes`,
  ];
  return parts.filter(Boolean).join("; ");
}

export class VersionMarks {
  private readonly list = make("ul", { id: "versions", class: "chips", "aria-label": "Version changes and annotations", hidden: true });
  private readonly add = button("Mark a moment…", () => this.ask(Date.now()), { id: "mark", class: "button plain" });
  readonly element = make("div", { class: "marks", hidden: Boolean(embedded) }, this.list, this.add);
  changes: readonly api.VersionChange[] = [];
  private annotated: readonly Annotation[] = [];
  private again: () => Promise<void> = async () => {}; // what was asked for last

  // charts: those that are shown now.
  constructor(private readonly charts: () => readonly Pick<Chart, "mark">[]) {}

  async load(selection: URLSearchParams, signal: AbortSignal): Promise<void> {
    if (embedded) return;
    this.again = () => this.load(selection, signal);
    try {
      // Annotations are an addition: without them the versions are shown all the same.
      const marks = annotations(selection, signal).catch((error: Error) => error);
      const [answer, users] = await Promise.all([api.versions(selection, signal), marks]);
      if (!signal.aborted) this.show(answer, users);
    } catch (error) {
      if (!signal.aborted) this.say(`Version changes are not known: ${(error as Error).message}`);
    }
  }

  // Also after a chart was made anew.
  mark(): void {
    for (const chart of this.charts()) chart.mark(this.changes, this.annotated, embedded ? undefined : (time_ms) => this.ask(time_ms));
  }

  private ask(time_ms: number): void {
    askForAnnotation(time_ms, current(), () => this.again());
  }

  private say(text: string): void {
    this.changes = [];
    this.annotated = [];
    this.fill(text, []);
  }

  private show(answer: api.VersionChanges, users: Annotations | Error): void {
    const failed = users instanceof Error;
    this.changes = isTooMany(answer) ? [] : answer.changes.slice(-most);
    this.annotated = failed ? [] : shown(users);
    const text = [leftOutText(answer), failed ? `annotations are not known: ${users.message}` : notShownText(users)]
      .filter(Boolean)
      .join("; ");
    this.fill(text, [...this.links(answer.services), ...this.annotated.map((one) => chip(one, () => this.again(), this.add))]);
  }

  // A list that would look as it does stays: it is asked for again and again, while somebody reads it or is about to press a link.
  private fill(text: string, items: readonly HTMLElement[]): void {
    const all = text ? [make("li", { class: "plain soft" }, text), ...items] : items;
    if (all.map((item) => item.outerHTML).join("") !== this.list.innerHTML) refill(this.list, ...all);
    this.list.hidden = all.length === 0;
    this.mark();
  }

  private links(services: number): HTMLElement[] {
    const places = new Set(this.changes.map(deployment));
    return this.changes.map((change) => {
      const text = make("b", {}, changeText(change));
      const title = `Compare ${deployment(change)} ${change.version} with ${change.before} before it`;
      const place = (services > 1 || places.size > 1) && make("span", {}, `${deployment(change)} `);
      return make("li", {}, link(comparison(change).href, [place, text], { title }));
    });
  }
}
