// view.ts: what a page or a tab of the page is.
import { button, notice } from "./dom";
import type { State } from "./state";

export interface View {
  // Fills the empty root. Called once.
  mount(root: HTMLElement, state: State): void;
  // The address changed and the view stayed the same. A view without it is unmounted and mounted anew.
  update?(state: State): void;
  // Ends timers, requests and listeners outside of the root. The root is emptied by the caller.
  unmount(): void;
}

export type ViewMaker = () => View;

export const notLoadedText = "This part of the page cannot be loaded: the receiver does not answer, or another version of it runs now.";

// A view whose code has to be loaded first.
export class LaterView implements View {
  private make: ViewMaker | undefined;
  private view: View | undefined;
  private root!: HTMLElement;
  private state!: State;
  private gone = false;

  constructor(private readonly load: () => Promise<ViewMaker>) {}

  mount(root: HTMLElement, state: State): void {
    Object.assign(this, { root, state });
    this.load().then(
      (make) => {
        this.make = make;
        if (!this.gone) this.begin();
      },
      () => {
        if (!this.gone)
          root.append(
            notice(
              notLoadedText,
              button("Reload", () => location.reload()),
            ),
          );
      },
    );
  }

  private begin(): void {
    this.view = this.make!();
    this.view.mount(this.root, this.state);
  }

  update(state: State): void {
    this.state = state;
    if (this.view?.update) return this.view.update(state);
    if (!this.view) return; // mounts with it
    this.view.unmount();
    this.root.replaceChildren();
    this.begin();
  }

  unmount(): void {
    this.gone = true;
    this.view?.unmount();
  }
}

// Shows one view at a time in an element: the pages in the window, the tabs in a page.
export class ViewHost {
  private maker: ViewMaker | undefined;
  private view: View | undefined;
  private root: HTMLElement | undefined;

  constructor(private readonly element: HTMLElement) {}

  show(maker: ViewMaker, state: State): void {
    if (this.view && this.maker === maker && this.view.update) {
      this.view.update(state);
      return;
    }
    this.close();
    this.root = document.createElement("div");
    this.root.className = "view";
    this.element.replaceChildren(this.root);
    this.maker = maker;
    this.view = maker();
    this.view.mount(this.root, state);
  }

  close(): void {
    this.view?.unmount();
    this.view = undefined;
    this.maker = undefined;
    this.element.replaceChildren();
  }
}
