// asking_panel.ts: a part of the start page that opens and closes by the address, and asks the receiver again and again for what it shows.
import { make } from "../lib/dom";
import { change, type State } from "../lib/state";

export abstract class AskingPanel<Known> {
  readonly element: HTMLDetailsElement;
  protected readonly title = make("summary", {});
  protected readonly body: HTMLElement;
  protected known: Known | undefined;
  protected now: State | undefined;
  protected failed = false; // the last request
  private readonly ended = new AbortController();
  private clock = 0;

  // toggled: what the parameter of that name becomes, by whether the panel is open. again_ms: until the next request.
  constructor(
    id: string,
    toggled: (isOpen: boolean) => string | null,
    private readonly ask: (signal: AbortSignal) => Promise<Known>,
    private readonly again_ms: (known: Known | undefined) => number,
  ) {
    this.element = make("details", { id, class: "panel", hidden: true });
    this.body = make("div", { class: `${id}-body` });
    this.element.append(this.title, this.body);
    this.title.addEventListener("click", (event) => {
      event.preventDefault(); // the address says whether it is open
      change({ [id]: toggled(this.element.open) });
    });
    void this.load();
  }

  abstract show(now: State): void;

  destroy(): void {
    this.ended.abort();
    clearTimeout(this.clock);
  }

  private async load(): Promise<void> {
    const { signal } = this.ended;
    try {
      if (!document.hidden || !this.known) this.known = await this.ask(signal);
      this.failed = false;
    } catch {
      this.failed = true; // it comes with the next request
    }
    if (signal.aborted) return;
    if (this.now) this.show(this.now);
    this.clock = window.setTimeout(() => void this.load(), this.again_ms(this.known));
  }
}
