// search_live.ts: tells when uploads have come, over the receiver's stream of events, and whether that stream stands.
//
// At most one call per second reaches the page, however many uploads come; while the window is hidden there are none, and one when it is
// seen again. Where a stream cannot be had, because as many as the receiver keeps are open already, the page asks every 3 s.
import { doubt } from "../lib/reach";

const pause_ms = 1000;
const askEvery_ms = 3000;
const again_ms = 5000;

export interface LiveOptions {
  path: string;
  arrived: () => void;
  connected: (yes: boolean) => void;
}

export class Live {
  private source: EventSource | undefined;
  private timer = 0;
  private retry = 0;
  private asking = 0;
  private last = 0;
  private missed = false;
  private readonly ended = new AbortController();

  constructor(private readonly options: LiveOptions) {
    document.addEventListener("visibilitychange", () => this.seen(), { signal: this.ended.signal });
    this.open();
  }

  close(): void {
    this.ended.abort();
    this.source?.close();
    for (const timer of [this.timer, this.retry, this.asking]) clearTimeout(timer);
  }

  private open(): void {
    const source = (this.source = new EventSource(this.options.path));
    source.onopen = () => {
      clearInterval(this.asking);
      this.asking = 0;
      this.options.connected(true);
      // What came between the page's first question and now, or while the stream was down.
      this.note();
    };
    source.onmessage = () => this.note();
    source.onerror = () => {
      this.options.connected(false);
      void doubt();
      this.asking ||= window.setInterval(() => this.note(), askEvery_ms);
      // The browser tries again by itself unless the receiver refused.
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(this.retry);
      this.retry = window.setTimeout(() => this.open(), again_ms);
    };
  }

  private note(): void {
    if (document.hidden) {
      this.missed = true;
    } else if (!this.timer) {
      this.timer = window.setTimeout(() => this.tell(), Math.max(this.last + pause_ms - Date.now(), 0));
    }
  }

  private tell(): void {
    this.timer = 0;
    this.last = Date.now();
    this.options.arrived();
  }

  private seen(): void {
    if (document.hidden || !this.missed) return;
    this.missed = false;
    this.note();
  }
}
