// versions.ts: where a service's version changes: a mark in each chart over time, and a link to what was before and after, side by side.
import { annotations, chip, notShownText, shown, type Annotation, type Annotations } from "./annotations";
import * as api from "./api";
import type { Chart } from "./chart";
import { embedded } from "./embedded";
import { link, make, refill } from "./dom";
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
  readonly element = make("ul", { id: "versions", class: "chips", "aria-label": "Version changes and annotations", hidden: true });
  changes: readonly api.VersionChange[] = [];
  private annotated: readonly Annotation[] = [];

  // charts: those that are shown now.
  constructor(private readonly charts: () => readonly Pick<Chart, "mark">[]) {}

  async load(selection: URLSearchParams, signal: AbortSignal): Promise<void> {
    if (embedded) return;
    try {
      // Annotations are an addition: without them the versions are shown all the same.
      const none: Annotations = { annotations: [], left_out: 0 };
      const [answer, users] = await Promise.all([api.versions(selection, signal), annotations(selection, signal).catch(() => none)]);
      if (!signal.aborted) this.show(answer, users);
    } catch (error) {
      if (!signal.aborted) this.say(`Version changes are not known: ${(error as Error).message}`);
    }
  }

  // Also after a chart was made anew.
  mark(): void {
    for (const chart of this.charts()) chart.mark(this.changes, this.annotated);
  }

  private say(text: string): void {
    this.changes = [];
    this.annotated = [];
    refill(this.element, make("li", { class: "plain soft" }, text));
    this.element.hidden = !text;
    this.mark();
  }

  private show(answer: api.VersionChanges, users: Annotations): void {
    this.say([leftOutText(answer), notShownText(users)].filter(Boolean).join("; "));
    this.annotated = shown(users);
    if (!isTooMany(answer)) this.showChanges(answer);
    this.element.append(...this.annotated.map(chip));
    this.element.hidden &&= this.changes.length + this.annotated.length === 0;
    this.mark();
  }

  private showChanges(answer: api.VersionChanges): void {
    this.changes = answer.changes.slice(-most);
    const places = new Set(this.changes.map(deployment));
    for (const change of this.changes) {
      const text = make("b", {}, changeText(change));
      const title = `Compare ${deployment(change)} ${change.version} with ${change.before} before it`;
      const to = link(
        comparison(change).href,
        [(answer.services > 1 || places.size > 1) && make("span", {}, `${deployment(change)} `), text],
        {
          title,
        },
      );
      this.element.append(make("li", {}, to));
    }
  }
}
