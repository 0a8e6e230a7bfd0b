// embedded.ts: in a report, a file that holds the page and its data (docs/page.md), nothing is asked of a receiver. report/report.ts, which
// runs before the page there, sets this.
export interface Embedded {
  ready: Promise<void>; // the data can be read
  readonly address: string; // what is shown first
  readonly tabs: readonly string[]; // ids of those that it has data for
  answer(path: string): unknown; // of the JSON interface; throws what a person can read
  nameOf(id: string): string; // of an upload
  list(): HTMLElement; // of what it holds
}

// undefined: this is the receiver's page.
export const embedded = (globalThis as { cmemprofReport?: Embedded }).cmemprofReport;

// The address of a view as a link has it: the file's own stays before it.
export const linkTo = (href: string): string => (embedded && href.startsWith("/") ? `#${href}` : href);
