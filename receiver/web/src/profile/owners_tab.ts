// owners_tab.ts: the tab Owners: C memory by the function of the program that owns it, by library, with what was opened and closed.
//
// Parameters of the address: attachment, owner (program), label (KEY:VALUE, several), gauges (last, max), processes (sum), own (text that is
// searched), owners (the column that sorts).
import "./owners.css";
import * as api from "../lib/api";
import type { Owner, Owners } from "../lib/api_owners";
import { make, notice, refill } from "../lib/dom";
import { embedded } from "../lib/embedded";
import { bytes, count, share, source } from "../lib/format";
import { hideProfilerButton } from "../graph/choice_buttons";
import { copyButton } from "../lib/markdown";
import { mergedText, unreadNote, Warnings } from "../lib/notes";
import { hasProfiles, pickAttachment, ProfileData, withGauges } from "../graph/profile_data";
import { gaugeControls } from "../graph/profile_toolbar";
import { change, current, type State } from "../lib/state";
import { TextBox } from "../lib/text_box";
import { VirtualTable } from "../lib/virtual_table";
import type { View } from "../lib/view";
import { aboutFreed, blocksText, nameOf, pairText, wanted } from "./owners_text";

const most = 2000; // rows

const inUse = (one: Owner): number => one.live?.bytes ?? one.allocated?.bytes ?? 0;

export class OwnersTab implements View {
  private readonly find = new TextBox("own", { id: "owners-find", label: "Search owners, libraries and functions" });
  private readonly head = make("div", { class: "tab-head" });
  private readonly warnings = new Warnings();
  private readonly said = make("span", { class: "soft", role: "status", id: "owners-count" });
  private readonly about = make("p", { class: "soft", id: "owners-about" });
  private readonly body = make("div", { class: "panel" });
  private readonly table: VirtualTable<Owner>;
  private answer: Owners | undefined;
  private file = "";
  private asked = new AbortController();
  private key = "";

  constructor() {
    this.table = new VirtualTable<Owner>(
      "Owners of C memory",
      [
        {
          id: "name",
          title: "Owner",
          class: "name",
          order: nameOf,
          cell: nameOf,
          hint: (one) => `${nameOf(one)} ${source(one.function.file, one.line)}`,
        },
        {
          id: "library",
          title: "Library",
          class: "soft",
          width: "17%",
          order: (one) => one.library ?? "",
          cell: (one) => one.library ?? "",
          hint: (one) => one.library ?? "",
        },
        { id: "pair", title: "Opens / closes", width: "21%", order: pairText, cell: pairText, hint: pairText },
        {
          id: "live",
          title: "In use",
          class: "number",
          width: "84px",
          order: inUse,
          cell: (one) => (one.live ? bytes(one.live.bytes) : "–"),
        },
        { id: "share", title: "Share", class: "number", width: "68px", cell: (one) => share(inUse(one), this.whole) },
        {
          id: "blocks",
          title: "Blocks",
          class: "number",
          width: "116px",
          order: (one) => one.live?.blocks ?? 0,
          cell: (one) => blocksText(one.live),
        },
        {
          id: "allocated",
          title: "Allocated",
          class: "number",
          width: "124px",
          order: (one) => one.allocated?.blocks ?? 0,
          cell: (one) => blocksText(one.allocated),
        },
        {
          id: "freed",
          title: "Freed",
          class: "number",
          width: "124px",
          order: (one) => one.freed?.blocks ?? 0,
          cell: (one) => blocksText(one.freed),
        },
      ],
      {
        onPick: (one) =>
          change({
            tab: null,
            attachment: this.file,
            type: null,
            memory: "C",
            view: "sandwich",
            fn: nameOf(one),
            callers: null,
            callees: null,
          }),
        onSort: (owners) => change({ owners: owners === "live" ? null : owners }),
      },
      "No C memory: no sample has the label memory=C",
    );
    this.table.element.id = "owners";
  }

  private get whole(): number {
    return this.answer?.total.live?.bytes ?? this.answer?.total.allocated?.bytes ?? 0;
  }

  mount(root: HTMLElement, state: State): void {
    this.body.append(this.table.element);
    root.append(make("div", { class: "owners" }, this.head, this.warnings.element, this.body, this.about));
    this.update(state);
  }

  update(state: State): void {
    const labels = state.all("label").join("\n");
    const key = [withGauges(state).toString(), state.get("attachment"), state.get("owner"), labels].join("\n\n");
    if (key === this.key && this.answer) return this.show(state);
    this.key = key;
    void this.load(state);
  }

  unmount(): void {
    this.asked.abort();
    this.table.destroy();
  }

  private async load(state: State): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    const data = new ProfileData(withGauges(state));
    signal.addEventListener("abort", () => data.close());
    this.body.setAttribute("aria-busy", "true");
    try {
      this.file = await this.pick(data, state.get("attachment"));
      const request = { attachment: this.file, owner: state.get("owner"), labels: state.all("label") };
      const answer = this.file ? await api.owners(withGauges(state), request, most, signal) : undefined;
      if (signal.aborted) return;
      this.answer = answer;
      if (!answer) return this.body.replaceChildren(notice("There is no profile."));
      this.body.replaceChildren(this.table.element);
      this.showHead(current(), answer);
      this.show(current());
    } catch (error) {
      if (signal.aborted) return;
      this.answer = undefined;
      this.body.replaceChildren(notice((error as Error).message));
    } finally {
      if (!signal.aborted) this.body.removeAttribute("aria-busy");
    }
  }

  // The attachment of the address, if it has C memory; else the heap profile.
  private async pick(data: ProfileData, chosen: string): Promise<string> {
    const files = await data.attachments();
    const file = pickAttachment(files, chosen);
    if (file && file.name === chosen && hasProfiles(file) && (await data.types(file.name)).c_samples > 0) return file.name;
    const other = pickAttachment(files, "");
    return other && hasProfiles(other) ? other.name : "";
  }

  private showHead(state: State, answer: Owners): void {
    const several = answer.uploads > 1;
    refill(
      this.head,
      this.find.element,
      several && !embedded && gaugeControls(state, answer),
      hideProfilerButton(state, "Leave out C memory of the profiler itself (label owner=cmemprof)"),
      this.said,
      make("span", { class: "space" }),
      unreadNote(answer),
      copyButton(() => this.table.markdown([document.title.split(" · ")[0], this.file, "C memory by owner"].join(" · "))),
    );
    this.warnings.show(answer.warnings);
    this.about.textContent = aboutFreed(answer);
  }

  private show(state: State): void {
    const { answer } = this;
    if (!answer) return;
    this.find.show(state);
    const rows = wanted(answer.owners, state.get("own"));
    const notes = [
      count(rows.length, "owner"),
      answer.total.live && `${bytes(answer.total.live.bytes)} in use`,
      answer.total.allocated && `${bytes(answer.total.allocated.bytes)} allocated`,
      answer.uploads > 1 && mergedText(answer, true),
      answer.owners_left_out > 0 && `${answer.owners_left_out.toLocaleString("en")} smaller ones left out`,
    ];
    this.said.textContent = notes.filter(Boolean).join(" · ");
    this.table.show(rows, state.get("owners", "live"));
  }
}
