// annotations.ts: moments that users have marked, such as deploys (docs/receiver.md): a line in each chart over time, and a list above them.
import { get, query, root } from "./api";
import { ask } from "./ask";
import { annotate, removeAnnotation } from "./changes";
import { button, make } from "./dom";
import type { State } from "./state";
import { fieldTime, fromField, moment } from "./times";

export interface Annotation {
  id: number;
  time_ms: number;
  text: string;
  link: string | null;
  tags: string[];
}

export interface Annotations {
  annotations: Annotation[]; // the latest first
  left_out: number;
}

export function annotations(selection: URLSearchParams, signal?: AbortSignal): Promise<Annotations> {
  return get(query(`${root}/annotations`, selection), signal);
}

const most = 20; // of which a chart has lines

export const shown = ({ annotations: all }: Annotations): Annotation[] => all.slice(0, most).reverse();

export function notShownText({ annotations: all, left_out }: Annotations): string {
  const more = Math.max(all.length - most, 0) + left_out;
  return more > 0 ? `${more.toLocaleString("en")} earlier ${more === 1 ? "annotation" : "annotations"} not shown` : "";
}

// ---- Adding and removing ----

// What the interface is sent. Of what is chosen once; what is left empty is left out.
export function annotationBody(text: string, time: string, service: string, tags: string, link: string): object {
  const all = { text: text.trim(), time: fromField(time), service: service.trim(), tags: tags.trim(), link: link.trim() };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== "" && !Number.isNaN(value)));
}

const onlyOne = (values: readonly string[]): string => (values.length === 1 ? values[0]! : "");

export function askForAnnotation(time_ms: number, state: State, done: () => Promise<void>): void {
  const env = onlyOne(state.all("env"));
  ask({
    id: "mark-moment",
    title: "Mark a moment",
    text: "All who see the page see it in the charts: a deploy, a change of the configuration.",
    yes: "Mark",
    fields: [
      { label: "Text", value: "", most: 500 },
      { name: "time", label: "Time (none: now)", value: fieldTime(time_ms), type: "datetime-local" },
      { name: "service", label: "Service (none: all)", value: onlyOne(state.all("service")), most: 200 },
      { name: "tags", label: "Tags, KEY:VALUE with commas", value: env ? `env:${env}` : "", most: 1000 },
      { name: "link", label: "Link", value: "", most: 1000, type: "url" },
    ],
    act: async (text = "", time = "", service = "", tags = "", link = "") => {
      await annotate(annotationBody(text, time, service, tags, link));
      await done();
    },
  });
}

function askToRemove({ id, text, time_ms }: Annotation, done: () => Promise<void>, next: HTMLElement): void {
  ask({
    id: "remove-mark",
    title: `Remove the mark “${text}”?`,
    text: `It is of ${moment(time_ms)}, and is removed for all who see the page.`,
    yes: "Remove",
    danger: true,
    act: async () => (await removeAnnotation(id), done()),
    next,
  });
}

// Its address leads out of the page: a new tab, which does not learn where it comes from.
// removed: it is no more. next: has the focus then.
export function chip(annotation: Annotation, removed: () => Promise<void>, next: HTMLElement): HTMLElement {
  const { id, text, time_ms, link: href, tags } = annotation;
  const words = [make("b", {}, text), `, ${moment(time_ms)}`];
  const title = [tags.join(", "), href].filter(Boolean).join(" ");
  const leads = href && /^https?:\/\//.test(href);
  const to = leads ? make("a", { href, target: "_blank", rel: "noopener noreferrer", title }, ...words) : null;
  const drop = button("×", () => askToRemove(annotation, removed, next), {
    class: "button plain",
    "aria-label": `Remove the mark ${text}`,
  });
  return make("li", { class: "annotation", title, data: { id: String(id) } }, ...(to ? [to] : words), drop);
}
