// list.ts: what a report holds: each side, with a link to it and one to its comparison with the first.
import { value } from "../lib/format";
import { link, make } from "../lib/dom";
import { selectionOf, type Data, type Side } from "./answers";

const prefixed = (selection: URLSearchParams): URLSearchParams =>
  new URLSearchParams([...selection].map(([name, text]) => [`base.${name}`, text]));

function nameOf({ upload }: Side, selection: URLSearchParams): string {
  return upload ? upload.service || `upload ${upload.id}` : selection.getAll("service").join(", ") || "All services";
}

function item(data: Data, side: Side): HTMLElement {
  const first = data.sides[0];
  const [own, others] = [selectionOf(data, side), selectionOf(data, first)];
  const sums = side.profiles.map(({ name, types, fault }) => {
    const shown = fault ? undefined : (types.types.find(({ type }) => type === types.default_type) ?? types.types[0]);
    return shown ? `${name}: ${value(shown.total, shown.unit)} ${shown.type}` : name;
  });
  const common = side !== first && side.profiles.some(({ name }) => first.profiles.some((one) => one.name === name));
  return make(
    "li",
    { class: "panel" },
    make("h2", {}, link(`#/profile?${own}`, nameOf(side, own))),
    make("p", { class: "soft" }, sums.join(" · ")),
    common && link(`#/compare?${own}&${prefixed(others)}`, `Compare with ${nameOf(first, others)}`, { class: "button" }),
  );
}

export function listOf(data: Data): HTMLElement {
  return make(
    "section",
    { id: "report-list", class: "report-list" },
    make("h1", {}, data.title || "Contents"),
    make("ul", {}, ...data.sides.map((side) => item(data, side))),
  );
}
