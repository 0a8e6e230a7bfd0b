// runtime.ts: the tab Runtime info: what the client said of itself, the profiler, its settings and its tags, as a table that can be searched.
// Of a selection, the newest uploads side by side: where they differ, each value with the number of uploads that have it.
import * as api from "../lib/api";
import { copy, button, make, notice, refill } from "../lib/dom";
import { count } from "../lib/format";
import "./runtime.css";
import { recordingFacts } from "./recording_facts";
import { flatten, matches, merge, type Fact, type Row } from "./runtime_flatten";
import { singleUpload } from "../lib/selection";
import { change, current, type State } from "../lib/state";
import { TextBox } from "../lib/text_box";
import type { View } from "../lib/view";

const lookedAt = 20; // uploads of a selection
const shownValues = 4; // of a key whose value differs

export class RuntimeTab implements View {
  private readonly filter = new TextBox("info", { id: "runtime-filter", label: "Search keys and values" });
  private readonly head = make("div", { class: "tab-head" });
  private readonly said = make("span", { class: "soft", role: "status", id: "runtime-count" });
  private readonly body = make("div", { class: "runtime-columns" });
  private rows: Row[] = [];
  private uploads = 0;
  private asked = new AbortController();
  private key: string | undefined;

  mount(root: HTMLElement, state: State): void {
    root.append(
      this.head,
      make("div", { id: "runtime", class: "runtime", tabIndex: 0, role: "region", "aria-label": "Runtime info" }, this.body),
    );
    this.update(state);
  }

  update(state: State): void {
    const key = state.selection().toString();
    if (key !== this.key) {
      this.key = key;
      void this.load(state.selection());
    } else {
      this.show(state);
    }
  }

  unmount(): void {
    this.asked.abort();
  }

  private async load(selection: URLSearchParams): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    try {
      const id = singleUpload(selection);
      const uploads = id ? [await api.upload(id, signal)] : (await api.uploads(selection, { limit: lookedAt }, signal)).uploads;
      const ids = uploads.map((upload) => upload.id);
      const facts = await Promise.all(uploads.map((upload) => this.facts(upload, signal)));
      this.uploads = facts.length;
      this.rows = merge(facts);
      const text = () =>
        this.rows.map((row) => [row.section, row.key, row.values.map(({ value }) => value).join(" | ")].join("\t")).join("\n");
      const copied = button("Copy", () => void copy(text()).then(() => (copied.textContent = "Copied")), {
        title: "Copy the table as text",
      });
      const of = id ? null : make("span", { class: "soft" }, `of the newest ${count(ids.length, "upload")}`);
      const differing =
        id || ids.length < 2
          ? null
          : button("Only differences", () => change({ differing: current().get("differing") ? null : "1" }), {
              id: "differing",
              "aria-pressed": "false",
            });
      refill(this.head, this.filter.element, differing, this.said, of, make("span", { class: "space" }), copied);
      this.show(current());
    } catch (error) {
      if (!signal.aborted) this.body.replaceChildren(notice((error as Error).message));
    }
  }

  // What the event says, and a recording of Java. One that cannot be read says nothing here; the tab Profiles has the reason.
  private async facts(upload: api.Upload, signal: AbortSignal): Promise<Fact[]> {
    const facts = flatten(await api.event(upload.id, signal));
    for (const { name } of upload.attachments.filter((one) => one.recording)) {
      const recorded = await api.recordingFacts(upload.id, name, signal).catch((error: unknown) => {
        if (error instanceof api.ApiError && error.status === 422) return [];
        throw error;
      });
      facts.push(...recordingFacts(recorded));
    }
    return facts;
  }

  private show(state: State): void {
    this.filter.show(state);
    const differing = state.get("differing") !== "" && this.uploads > 1;
    this.head.querySelector("#differing")?.setAttribute("aria-pressed", String(differing));
    const rows = this.rows.filter((row) => matches(row, state.get("info")) && (!differing || this.differs(row)));
    this.said.textContent = count(rows.length, "value");
    const sections = [...new Set(rows.map((row) => row.section))];
    this.body.replaceChildren(
      ...sections.map((section) =>
        this.section(
          section,
          rows.filter((row) => row.section === section),
        ),
      ),
    );
    if (rows.length === 0)
      this.body.append(notice(this.rows.length === 0 ? "The uploads say nothing of themselves." : "Nothing has that text."));
  }

  private differs(row: Row): boolean {
    return row.values.length > 1 || (row.values[0]?.count ?? 0) < this.uploads;
  }

  private section(name: string, rows: readonly Row[]): HTMLElement {
    const body = rows.map((row) =>
      make("tr", { data: { key: row.key } }, make("th", { scope: "row", class: "mono" }, row.key), make("td", {}, ...this.values(row))),
    );
    const table = make("table", {}, make("caption", {}, name), make("tbody", {}, ...body));
    return make("section", { class: "panel" }, table);
  }

  private values(row: Row): Node[] {
    if (!this.differs(row)) return [make("span", { class: "mono" }, row.values[0]?.value ?? "")];
    const shown = row.values
      .slice(0, shownValues)
      .map(({ value, count: number }) =>
        make(
          "span",
          { class: "chip" },
          make("span", { class: "mono" }, value || "empty"),
          make("small", {}, `${number} of ${this.uploads}`),
        ),
      );
    const left = row.values.length - shownValues;
    return left > 0 ? [...shown, make("small", {}, `${left} more values`)] : shown;
  }
}
