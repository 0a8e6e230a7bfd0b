// view.ts: what a page or a tab of the page is.
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
