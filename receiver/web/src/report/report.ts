// report.ts: runs in a report before the page: reads the data that is in the file, and answers from it what the page asks.
import type { Embedded } from "../lib/embedded";
import { Answers, type Data } from "./answers";
import { listOf } from "./list";

async function inflate(base64: string): Promise<Data> {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const text = new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  return JSON.parse(await text) as Data;
}

// The data are behind all scripts, at the end of the file.
async function read(): Promise<Data> {
  if (document.readyState === "loading") await new Promise((resolve) => addEventListener("DOMContentLoaded", resolve));
  return inflate(document.getElementById("report")?.textContent ?? "").catch((error: unknown) => {
    throw new Error(`the file is cut short, or was changed (${(error as Error).message})`);
  });
}

class Report implements Embedded {
  private data: Data = { address: "/", title: "", functions: [], nodes: [], sides: [], answers: {} };
  private answers = new Answers(this.data);
  readonly ready: Promise<void>;

  constructor() {
    this.ready = read().then((data) => {
      this.data = data;
      this.answers = new Answers(data);
    });
    this.ready.catch(() => undefined); // the page says why, unless its script is cut short as well
  }

  get address(): string {
    return this.data.address;
  }

  get tabs(): string[] {
    const has = (path: string): boolean => path in this.data.answers;
    const owners = this.data.sides.some(({ profiles }) => profiles.some((one) => one.owners));
    return [
      "profiles",
      ...(owners ? ["owners"] : []),
      ...(has("/api/metrics") ? ["memory", "metrics"] : []),
      ...(has("/api/analysis") ? ["analysis"] : []),
    ];
  }

  answer(path: string): unknown {
    return this.answers.answer(path);
  }

  nameOf(id: string): string {
    const services = this.data.sides.map(({ upload }) => upload?.service);
    const service = this.data.sides.find(({ upload }) => String(upload?.id) === id)?.upload?.service;
    return service && services.indexOf(service) === services.lastIndexOf(service) ? service : id;
  }

  list(): HTMLElement {
    return listOf(this.data);
  }
}

(globalThis as { cmemprofReport?: Embedded }).cmemprofReport = new Report();
