// ask.ts: a dialog that asks before something is changed, or for a line or more of text. It does what it asks about, and says why it could
// not: the receiver's own words.
import "./ask.css";
import { button, make } from "./dom";

export interface Question {
  id: string;
  title: string;
  text: string;
  yes: string; // of the button
  danger?: boolean; // it cannot be undone
  field?: { label: string; value: string; most: number; lines?: number };
  act: (text: string) => Promise<unknown>;
}

export function ask(question: Question): void {
  const { field } = question;
  const input =
    field && make(field.lines ? "textarea" : "input", { name: "text", value: field.value, maxLength: field.most, required: false });
  if (input instanceof HTMLTextAreaElement) input.rows = field!.lines!;
  const fault = make("p", { class: "ask-fault", role: "alert" });
  const yes = button(question.yes, () => {}, { type: "submit", class: question.danger ? "button danger" : "button primary" });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    yes.disabled = true;
    try {
      await question.act(input?.value ?? "");
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
      field && make("label", {}, make("span", {}, field.label), input),
      fault,
      make(
        "div",
        { class: "ask-buttons" },
        button("Cancel", () => dialog.close()),
        yes,
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  (input ?? dialog.querySelector("button"))?.focus(); // Enter at once cancels what cannot be undone
}
