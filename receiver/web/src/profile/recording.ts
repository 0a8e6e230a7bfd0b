// recording.ts: the events of a Java recording: the table of its types, and of one type the fields and the single events.
//
// Parameter of the address: event (a type's name).
import * as api from "../lib/api";
import { attachmentPath } from "../lib/api";
import { button, link, make, notice } from "../lib/dom";
import { bytes, count, duration } from "../lib/format";
import type { ProfileData } from "../graph/profile_data";
import { change, type State } from "../lib/state";
import { exactest } from "../lib/times";
import { columnsOf, frameTexts, valueText } from "./recording_text";
import "./recording.css";

const pageOf = 100; // events that are asked for at a time

export class RecordingView {
  readonly element = make("div", { id: "recording", class: "recording" });

  // turned: something else is to be shown by now.
  async show(now: State, data: ProfileData, attachment: string, turned: () => boolean): Promise<void> {
    const recording = await data.jfr(attachment);
    if (turned()) return;
    const wanted = now.get("event");
    const type = recording.events.find((one) => one.type === wanted);
    if (!type) return this.element.replaceChildren(this.about(data, attachment, recording), this.types(recording));
    const list = await this.events(data, attachment, type);
    if (!turned()) this.element.replaceChildren(this.aboutType(type), list);
  }

  private about(data: ProfileData, attachment: string, recording: api.Recording): HTMLElement {
    const { chunks, version, duration_ns, truncated, damage } = recording;
    const facts = [
      `version ${version}`,
      count(chunks, "chunk"),
      duration(duration_ns),
      truncated && "the file ends within a chunk",
      damage && `${count(damage.count, "damaged place")}, the first at byte ${damage.byte}: ${damage.text}`,
    ];
    const download = link(attachmentPath(data.id, attachment), "Download for jfr", { download: attachment, class: "button" });
    return notice(`${attachment}, a recording of Java Flight Recorder: ${facts.filter(Boolean).join(", ")}.`, download);
  }

  private types(recording: api.Recording): HTMLElement {
    const rows = recording.events.map((type) =>
      make(
        "tr",
        { data: { event: type.type } },
        make("td", { class: "number" }, type.count.toLocaleString("en")),
        make("td", { class: "number" }, bytes(type.size_bytes)),
        make(
          "td",
          {},
          button(type.type, () => change({ event: type.type }), { class: "link-like", title: type.description ?? "" }),
        ),
        make("td", {}, type.label),
        make("td", { class: "soft" }, type.category),
      ),
    );
    const heads = ["Events", "Size", "Type", "Name", "Category"];
    return this.table("events", heads, rows, 2);
  }

  private aboutType(type: api.EventType): HTMLElement {
    const fields = type.fields.map((field) =>
      make(
        "tr",
        {},
        make("th", { scope: "row", class: "mono" }, field.name),
        make("td", {}, field.label),
        make("td", { class: "soft mono" }, field.type + (field.array ? "[]" : "")),
        make("td", { class: "soft" }, field.content),
      ),
    );
    return make(
      "div",
      { class: "recording-type" },
      button("All types", () => change({ event: null }), { id: "all-events" }),
      make("h2", {}, type.label ?? type.type),
      make("p", { class: "soft" }, [type.type, count(type.count, "event"), type.description].filter(Boolean).join(" · ")),
      make(
        "details",
        {},
        make("summary", {}, count(type.fields.length, "field")),
        make("table", { id: "fields" }, make("tbody", {}, ...fields)),
      ),
    );
  }

  private async events(data: ProfileData, attachment: string, type: api.EventType): Promise<HTMLElement> {
    const columns = columnsOf(type);
    const body = make("tbody");
    const more = make("div", { class: "recording-more" });
    const load = async (after: number): Promise<void> => {
      const answer = await data.events(attachment, { type: type.type, after, limit: pageOf });
      body.append(...answer.events.map((event) => this.row(columns, event)));
      const last = answer.events.at(-1);
      const next = () => void load(last!.offset).catch((error: Error) => more.replaceChildren(notice(error.message)));
      more.replaceChildren(
        make("span", { class: "soft", role: "status" }, `${body.rows.length.toLocaleString("en")} of ${type.count.toLocaleString("en")}`),
        answer.more && last ? button("More", next, { id: "more-events" }) : "",
        answer.damaged > 0 ? make("span", { class: "soft" }, `${count(answer.damaged, "damaged event")} left out`) : "",
      );
    };
    await load(0);
    const table = make(
      "table",
      { id: "single-events" },
      make(
        "thead",
        {},
        make("tr", {}, ...["Start", ...columns.map((one) => one.label ?? one.name)].map((one) => make("th", { scope: "col" }, one))),
      ),
      body,
    );
    return make("div", {}, make("div", { class: "panel jfr", tabIndex: 0, role: "region", "aria-label": "Events" }, table), more);
  }

  private row(columns: readonly api.EventField[], event: api.JfrEvent): HTMLElement {
    const cells = columns.map((field) => {
      const value = event.fields[field.name];
      const frames = frameTexts(value);
      if (!frames) return make("td", {}, valueText(field, value));
      if (frames.length === 0) return make("td", { class: "soft" }, "no stack");
      return make(
        "td",
        {},
        make(
          "details",
          {},
          make("summary", { class: "mono" }, frames[0]!),
          make("ol", { class: "mono" }, ...frames.map((one) => make("li", {}, one))),
        ),
      );
    });
    return make("tr", {}, make("td", {}, exactest(event.start_ns / 1e6)), ...cells);
  }

  // numbers: so many columns of numbers come first.
  private table(id: string, heads: readonly string[], rows: readonly HTMLElement[], numbers: number): HTMLElement {
    const head = heads.map((title, i) => make("th", { scope: "col", class: i < numbers ? "number" : "" }, title));
    return make(
      "div",
      { class: "panel jfr", tabIndex: 0, role: "region", "aria-label": "Types of events" },
      make("table", { id }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)),
    );
  }
}
