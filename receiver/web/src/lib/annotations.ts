// annotations.ts: moments that users have marked, such as deploys (docs/receiver.md): a line in each chart over time, and a list above them.
import { get, query, root } from "./api";
import { make } from "./dom";
import { moment } from "./times";

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

// Its address leads out of the page: a new tab, which does not learn where it comes from.
export function chip({ text, time_ms, link: href, tags }: Annotation): HTMLElement {
  const words = [make("b", {}, text), `, ${moment(time_ms)}`];
  const title = [tags.join(", "), href].filter(Boolean).join(" ");
  const leads = href && /^https?:\/\//.test(href);
  const to = leads ? make("a", { href, target: "_blank", rel: "noopener noreferrer", title }, ...words) : null;
  return make("li", { class: "annotation", title }, ...(to ? [to] : words));
}
