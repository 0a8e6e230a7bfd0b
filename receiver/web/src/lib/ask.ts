// ask.ts: a dialog that asks before something is changed, or for a line or more of text. It does what it asks about, and says why it could
// not: the receiver's own words.
import "./ask.css";
import { button, make } from "./dom";

export interface Field {
  name?: string; // "text"
  label: string;
  value: string;
  most?: number; // characters
  lines?: number; // more than one
  type?: "text" | "url" | "datetime-local";
}

export interface Question {
  id: string;
  title: string;
  text: string;
  yes: string; // of the button
  danger?: boolean; // it cannot be undone
  fields?: readonly Field[];
  act: (...texts: string[]) => Promise<unknown>; // of the fields
  next?: HTMLElement; // has the focus afterwards, where what had it is no more
}

function input({ name = "text", value, most, lines, type = "text" }: Field): HTMLInputElement | HTMLTextAreaElement {
  if (lines) return make("textarea", { name, value, maxLength: most, rows: lines });
  return make("input", { name, type, step: type === "datetime-local" ? "1" : undefined, value, maxLength: most });
}

export function ask(question: Question): void {
  const fields = question.fields ?? [];
  const inputs = fields.map(input);
  const fault = make("p", { class: "ask-fault", role: "alert" });
  const yes = button(question.yes, () => {}, { type: "submit", class: question.danger ? "button danger" : "button primary" });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    yes.disabled = true;
    try {
      await question.act(...inputs.map(({ value }) => value));
      dialog.close();
    } catch (error) {
      fault.textContent = (error as Error).message;
      yes.disabled = false;
    }
  };
  const dialog = make(
    "dialog",
    { id: question.id, class: "ask", "aria-label": question.title },
    make("h2", {}, question.title),
    make(
      "form",
      { onsubmit: (event: Event) => void submit(event) },
      make("p", {}, question.text),
      ...fields.map(({ label }, index) => make("label", {}, make("span", {}, label), inputs[index])),
      fault,
      make(
        "div",
        { class: "ask-buttons" },
        button("Cancel", () => dialog.close()),
        yes,
      ),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (document.activeElement === document.body) question.next?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  (inputs[0] ?? dialog.querySelector("button"))?.focus(); // Enter at once cancels what cannot be undone
}
