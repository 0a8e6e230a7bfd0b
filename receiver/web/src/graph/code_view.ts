// code_view.ts: one function by instruction, with what each has of its own and in all, as the receiver reads it from the program or library
// that was profiled. What it cannot read has the addresses alone, and the reason.
import type { Disassembly } from "../lib/api";
import { button, make, refill } from "../lib/dom";
import { count, share, value } from "../lib/format";
import { change } from "../lib/state";
import { VirtualTable, type Column } from "../lib/virtual_table";
import { placeId, type CodeQuestion } from "./code_place";
import "./code_view.css";

export interface Instruction {
  address: string;
  self: number;
  total: number;
  line: number;
  text: string;
}

const around = 8;
const gap: Instruction = { address: "", self: 0, total: 0, line: 0, text: "…" };

// Those near ones with a value, with a row for what is left out between them.
export function nearInstructions(rows: readonly Instruction[]): Instruction[] {
  const near: Instruction[] = [];
  let last = -1; // the last that is shown
  rows.forEach((row, at) => {
    if (row.total === 0) return;
    for (let i = Math.max(last + 1, at - around); i <= Math.min(at + around, rows.length - 1); i++) {
      if (i > last + 1) near.push({ ...gap });
      near.push(rows[i]);
      last = i;
    }
  });
  if (last >= 0 && last < rows.length - 1) near.push({ ...gap });
  return near;
}

export class CodeView {
  readonly element: HTMLElement;
  private readonly title = make("h2", { id: "code-title" });
  private readonly places = make("span", { id: "code-places" });
  private readonly note = make("p", { id: "code-note", class: "soft", role: "status" });
  private readonly table: VirtualTable<Instruction>;
  private answer: Disassembly | undefined;
  private question: CodeQuestion | undefined;
  private asked = new AbortController();

  constructor() {
    const amount = (number: number): string => (number ? value(number, this.answer?.unit ?? "count") : "");
    const columns: Column<Instruction>[] = [
      { id: "address", title: "Address", class: "number", width: "104px", cell: ({ address }) => address },
      { id: "self", title: "Self", class: "number", width: "92px", cell: ({ self }) => amount(self) },
      { id: "total", title: "Total", class: "number", width: "92px", cell: ({ total }) => amount(total) },
      {
        id: "share",
        title: "Total %",
        class: "number",
        width: "76px",
        cell: ({ total }) => (total && this.answer ? share(total, this.answer.total) : ""),
      },
      { id: "line", title: "Line", class: "number", width: "64px", cell: ({ line }) => (line > 0 ? String(line) : "") },
      { id: "text", title: "Instruction", class: "name source-text", cell: ({ text }) => text, hint: ({ text }) => text },
    ];
    this.table = new VirtualTable("Instructions", columns, {}, "No instruction of this function has a value");
    this.table.element.id = "instructions";
    this.element = make(
      "section",
      { class: "code", "aria-label": "Instructions" },
      make("div", { class: "source-head" }, this.title, this.places),
      this.note,
      this.table.element,
    );
  }

  destroy(): void {
    this.asked.abort();
    this.table.destroy();
  }

  markdown(about: string): string {
    return this.table.markdown(about);
  }

  show(question: CodeQuestion): void {
    const changed = question.key !== this.question?.key;
    this.question = question;
    if (changed) void this.load(question);
    else if (this.answer) this.fill(this.answer);
  }

  private async load({ ask }: CodeQuestion): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    this.element.setAttribute("aria-busy", "true");
    try {
      this.answer = await ask(signal);
      if (!signal.aborted) this.fill(this.answer);
    } catch (error) {
      if (signal.aborted) return;
      this.question = undefined; // may go well the next time
      this.answer = undefined;
      for (const part of [this.title, this.places]) part.replaceChildren();
      this.table.show([], "");
      this.note.textContent = (error as Error).message;
    } finally {
      if (!signal.aborted) this.element.removeAttribute("aria-busy");
    }
  }

  private fill(answer: Disassembly): void {
    const { instructions, places, place, object, build_id: build, machine } = answer;
    const rows = instructions.map(([address, self, total, line, text]) => ({ address, self, total, line, text }));
    const heaviest = rows.reduce<Instruction | undefined>((best, one) => (one.total > (best?.total ?? 0) ? one : best), undefined);
    const whole = this.question?.whole ?? false;
    refill(
      this.title,
      places.length > 0 && make("b", {}, places[place].name),
      make(
        "span",
        { class: "soft" },
        [places.length > 0 && " in", object, machine && `· ${machine}`, build && `· build ${build}`].filter(Boolean).join(" "),
      ),
    );
    refill(
      this.places,
      !answer.reason &&
        button("Whole function", () => change({ whole: whole ? null : "1" }), { id: "whole", "aria-pressed": String(whole) }),
      ...places.map(({ name, at, total }, i) =>
        i === place
          ? null
          : button(`Also in ${name}: ${value(total, answer.unit)}`, () => change({ code: placeId(build, at) }), {
              data: { action: "place" },
            }),
      ),
      ...answer.objects.map((one) =>
        one.build_id === build && one.object === object
          ? null
          : button(
              `Also in ${one.object || "an unknown file"}, build ${one.build_id.slice(0, 12) || "unknown"}`,
              () => change({ code: placeId(one.build_id) }),
              {
                data: { action: "object" },
                disabled: !one.build_id,
              },
            ),
      ),
    );
    this.note.textContent = this.notes(answer);
    this.table.show(whole || answer.reason ? rows : nearInstructions(rows), "", (row) => row === heaviest);
  }

  private notes(answer: Disassembly): string {
    const { elsewhere, objects_left_out: objects, instructions_left_out: rows } = answer;
    return [
      answer.reason,
      elsewhere.addresses > 0 &&
        `${value(elsewhere.total, answer.unit)} of ${count(elsewhere.addresses, "address")} of no known function, or of more than are shown.`,
      objects > 0 && `${count(objects, "more file")} not named.`,
      rows > 0 && `${count(rows, "instruction")} beyond these left out, with what they have.`,
      this.question?.filtered && "Filters of frames do not apply.",
    ]
      .filter(Boolean)
      .join(" ");
  }
}
