// search_rows.ts: the uploads that the list has so far, in the order that it is sorted by: the first of them, and more as they are asked for.
// The receiver sorts; here they only stand one behind the other.
import * as api from "../lib/api";
import type { Order } from "../lib/columns";
import { count } from "../lib/format";

const page = 100; // uploads in one answer
const largestPage = 1000; // what the receiver gives at most
const againAtMost = 5000; // rows that are asked for again when uploads come: who has scrolled further down looks at what was there

export class Rows {
  all: readonly api.Upload[] = [];
  total = 0;
  notLookedAt = 0;
  private next: string | null = null;

  constructor(readonly order: Order) {}

  get more(): boolean {
    return this.next !== null;
  }

  async first(selection: URLSearchParams, signal: AbortSignal): Promise<void> {
    await this.read(page, selection, signal);
  }

  // Those that follow. What was read anew meanwhile stays.
  async following(selection: URLSearchParams, signal: AbortSignal): Promise<void> {
    const { all, next } = this;
    const list = await this.ask(selection, signal, page, next);
    if (this.all === all) this.take([...all, ...list.uploads], list);
  }

  // Uploads have come, or have measures now, and may stand anywhere: reads as many rows again as are there, but for those far below what is
  // seen, which come again when they are scrolled to. Drops what is gone.
  async again(seen: number, selection: URLSearchParams, signal: AbortSignal): Promise<void> {
    const below = Math.ceil(seen / page + 1) * page;
    if (seen <= againAtMost) await this.read(Math.max(below, Math.min(this.all.length, largestPage)), selection, signal);
  }

  private async read(number: number, selection: URLSearchParams, signal: AbortSignal): Promise<void> {
    let list = await this.ask(selection, signal, Math.min(number, largestPage), null);
    let all = list.uploads;
    while (list.next !== null && all.length < number) {
      list = await this.ask(selection, signal, Math.min(number - all.length, largestPage), list.next);
      all = [...all, ...list.uploads];
    }
    this.take(all, list);
  }

  private take(all: api.Upload[], list: api.UploadList): void {
    this.all = once(all);
    this.total = list.total;
    this.notLookedAt = list.uploads_not_looked_at ?? 0;
    this.next = list.next;
  }

  private ask(selection: URLSearchParams, signal: AbortSignal, limit: number, after: string | null): Promise<api.UploadList> {
    const { key, ascending } = this.order;
    return api.uploads(selection, { limit, after, sort: key, order: ascending ? "asc" : "desc" }, signal);
  }
}

// Whether these match is not known. "": of all it is.
export function notLookedAtText(number: number): string {
  return number > 0 ? `${count(number, "older upload")} not looked at, for the number of their tags: choose a shorter time` : "";
}

// Each upload once: one whose measures came between two answers may be in both.
export function once(uploads: readonly api.Upload[]): readonly api.Upload[] {
  return [...new Map(uploads.map((upload) => [upload.id, upload])).values()];
}
