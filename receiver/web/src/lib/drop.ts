// drop.ts: files that are dragged onto the page become uploads: profiles, recordings, and files of other tools.
import "./drop.css";
import { importFile } from "./changes";
import { button, make } from "./dom";

const suffixes =
  /(\.(gz|zst|lz4|pb|pprof|prof|json|speedscope|folded|collapsed|stacks|txt|out|log|jfr|heap|trace|cpuprofile|heapprofile))+$/i;

// The service of an imported file: its name without what tells its format.
export function serviceOf(file: string): string {
  return file.replace(suffixes, "") || file;
}

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;

// The place that says what happens. done: the ids of the new uploads, unless there are none.
export function takeDroppedFiles(done: (ids: number[]) => void): HTMLElement {
  const text = make("p", {});
  const close = button("Close", () => place.removeAttribute("data-state"), { id: "drop-close" });
  const place = make("div", { id: "drop", role: "status" }, text, close);
  let depth = 0; // of elements that the mouse is in

  const say = (state: "over" | "sending" | "failed" | "", words: string): void => {
    text.textContent = words;
    if (state) place.dataset.state = state;
    else place.removeAttribute("data-state");
  };

  async function send(files: readonly File[]): Promise<void> {
    const ids: number[] = [];
    const faults: string[] = [];
    for (const file of files) {
      say("sending", `Uploading ${file.name}…`);
      try {
        ids.push(await importFile(file, serviceOf(file.name), ["source:file"]));
      } catch (error) {
        faults.push(`${file.name}: ${(error as Error).message}`);
      }
    }
    say(faults.length > 0 ? "failed" : "", faults.join("\n"));
    if (ids.length > 0) done(ids);
  }

  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (depth++ === 0) say("over", "Drop profiles, recordings or files of other tools to upload them");
  });
  addEventListener("dragover", (event) => void (hasFiles(event) && event.preventDefault()));
  addEventListener("dragleave", (event) => {
    if (hasFiles(event) && --depth <= 0) {
      depth = 0;
      if (place.dataset.state === "over") say("", "");
    }
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    void send([...event.dataTransfer!.files]);
  });
  return place;
}
