// search_rows.ts: the uploads that the list has so far: a first page, older ones as they are asked for, and what comes in newly. Pure but
// for the two calls that fetch.
import * as api from "./api";
import { parseTime } from "./search_time";
import { startOf } from "./search_columns";

const page = 100; // uploads in one answer
const largestPage = 1000; // what the receiver gives at most
const newestAtOnce = 1000; // come more between two refreshes, the list begins anew

export class Rows {
  all: readonly api.Upload[] = []; // newest first
  total = 0;
  more = false;

  // Replaces everything.
  async first(selection: URLSearchParams, signal: AbortSignal): Promise<void> {
    const list = await this.ask(selection, signal, page);
    this.all = list.uploads;
    this.take(list);
  }

  // Older ones, until there are that many.
  async upTo(number: number, selection: URLSearchParams, signal: AbortSignal): Promise<void> {
    while (this.more && this.all.length < number) {
      const list = await this.ask(
        selection,
        signal,
        Math.min(Math.max(number - this.all.length, page), largestPage),
        this.all[this.all.length - 1]?.id,
      );
      this.all = joined(this.all, list.uploads);
      this.take(list);
      if (list.uploads.length === 0) this.more = false;
    }
  }

  // The newest ones: what is new, and what changed in those that are here (measures come a moment after the upload). With a bound, those
  // that are too old by now go.
  async newest(selection: URLSearchParams, signal: AbortSignal): Promise<void> {
    const known = this.all[0]?.id ?? 0;
    const { more } = this;
    let list = await this.ask(selection, signal, page);
    const total = list.total;
    let fresh = list.uploads;
    while (known > 0 && list.more && fresh.length < newestAtOnce && fresh[fresh.length - 1]!.id > known) {
      list = await this.ask(selection, signal, page, fresh[fresh.length - 1]!.id);
      fresh = joined(fresh, list.uploads);
    }
    const gap = known > 0 && list.more === true && fresh.length > 0 && fresh[fresh.length - 1]!.id > known;
    this.all = notBefore(gap ? fresh : joined(fresh, this.all), parseTime(selection.get("from") ?? ""));
    this.total = total ?? this.all.length;
    this.more = gap || known === 0 ? list.more === true : more;
  }

  private take(list: api.UploadList): void {
    this.total = list.total ?? this.all.length;
    this.more = list.more === true;
  }

  private ask(selection: URLSearchParams, signal: AbortSignal, limit: number, before?: number): Promise<api.UploadList> {
    return api.uploads(selection, { limit, before, measures: 1 }, signal);
  }
}

// Both lists as one, newest first, each upload once; what the first says of one counts.
export function joined(first: readonly api.Upload[], second: readonly api.Upload[]): api.Upload[] {
  const known = new Set(first.map((upload) => upload.id));
  return [...first, ...second.filter((upload) => !known.has(upload.id))].sort((a, b) => b.id - a.id);
}

export function notBefore(uploads: readonly api.Upload[], from_ms: number | null): readonly api.Upload[] {
  return from_ms === null ? uploads : uploads.filter((upload) => Date.parse(startOf(upload)) >= from_ms);
}
