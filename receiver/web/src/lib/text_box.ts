// text_box.ts: a search box whose text is a parameter of the address. However many keys it took, what was typed is one step back.
//
// It shows what the address says, but for what it said itself: while somebody types, the address may be a few letters behind.
import { make } from "./dom";
import { change, type State } from "./state";

export interface TextBoxOptions {
  id: string;
  label: string;
  placeholder?: string;
  title?: string;
  pause_ms?: number; // after the last key
  read?: (value: string) => string; // the text for a parameter's value
  write?: (text: string) => string; // and back
}

export class TextBox {
  readonly element: HTMLInputElement;
  private said: string | undefined;
  private timer = 0;

  constructor(
    private readonly parameter: string,
    private readonly options: TextBoxOptions,
  ) {
    const { id, label, placeholder = label, title } = options;
    const common = { autocomplete: "off", spellcheck: false, oninput: () => this.typed() };
    this.element = make("input", { id, type: "search", placeholder, title, "aria-label": label, ...common });
  }

  destroy(): void {
    clearTimeout(this.timer);
  }

  show(state: State): void {
    const value = state.get(this.parameter);
    if (value === this.said) return;
    clearTimeout(this.timer);
    this.said = value;
    this.element.value = this.options.read?.(value) ?? value;
  }

  say(): void {
    this.said = this.options.write?.(this.element.value) ?? this.element.value;
    change({ [this.parameter]: this.said }, { typed: this.parameter });
  }

  private typed(): void {
    clearTimeout(this.timer);
    if (this.options.pause_ms) this.timer = window.setTimeout(() => this.say(), this.options.pause_ms);
    else this.say();
  }
}
