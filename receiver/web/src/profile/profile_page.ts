// profile_page.ts: one upload, or several taken together: the header, and the tabs below it.
//
// The selection in the address says what is shown. "ids" with one number is a single upload, with all that belongs to it (tags, files,
// settings); every other selection is an aggregate.
import * as api from "../lib/api";
import { based } from "../lib/base";
import { button, actAsMenu, link, make, notice, refill, segments } from "../lib/dom";
import { embedded } from "../lib/embedded";
import { between, bytes, count } from "../lib/format";
import type { Tab } from "../routes";
import { parseTime } from "../lib/time_range";
import { singleUpload } from "../lib/selection";
import { change, type State } from "../lib/state";
import { moment } from "../lib/times";
import { ViewHost, type View } from "../lib/view";

export class ProfilePage implements View {
  private head = make("header", { class: "profile-head" });
  private report = link("", "Report", { class: "button", id: "report", title: "This page with its data in one HTML file", download: "" });
  private tabbar = make("div", { class: "tabs-place" });
  private body = make("div", { id: "tab" });
  private host = new ViewHost(this.body);
  private asked = new AbortController();
  private shownSelection: string | undefined;

  private readonly tabs: Tab[];

  // Of a report those that it has data for.
  constructor(tabs: Tab[]) {
    this.tabs = tabs.filter(({ id }) => !embedded || embedded.tabs.includes(id));
  }

  mount(root: HTMLElement, now: State): void {
    root.append(this.head, this.tabbar, this.body);
    this.update(now);
  }

  update(now: State): void {
    const selection = now.selection().toString();
    if (selection !== this.shownSelection) {
      this.shownSelection = selection;
      this.host.close();
      void this.load(now.selection());
    }
    this.showTabs(now);
    this.report.href = api.reportPath(now);
    this.report.hidden = !!embedded || this.tabs[0].id === (now.get("tab") || this.tabs[0].id); // that one has it among its formats
  }

  unmount(): void {
    this.asked.abort();
    this.host.close();
  }

  private showTabs(now: State): void {
    const chosen = this.tabs.find((tab) => tab.id === now.get("tab")) ?? this.tabs[0];
    const bar = segments(
      "Tabs",
      this.tabs.map((tab) => [tab.id, tab.name] as const),
      chosen.id,
      (id) => change({ tab: id === this.tabs[0].id ? null : id }),
      { class: "tabs", id: "tabs" },
    );
    refill(this.tabbar, this.tabs.length > 1 && bar);
    this.host.show(chosen.view, now);
  }

  private async load(selection: URLSearchParams): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    const id = singleUpload(selection);
    try {
      if (id) showUpload(this.head, await api.upload(id, signal), signal, this.report);
      else showAggregate(this.head, selection, await api.uploads(selection, { limit: 1 }, signal), this.report);
    } catch (error) {
      if (signal.aborted) return;
      this.host.close();
      this.tabbar.replaceChildren();
      this.head.replaceChildren(notice(`This profile cannot be shown: ${(error as Error).message}`, link(based("/"), "To the search")));
    }
  }
}

function fact(name: string, text: string | null | undefined): HTMLElement | null {
  return text ? make("li", {}, make("span", {}, name), make("b", {}, text)) : null;
}

function showUpload(head: HTMLElement, upload: api.Upload, signal: AbortSignal, report: HTMLElement): void {
  const start = upload.start || upload.received;
  document.title = `${upload.service || "upload"} · cmemprof`;
  head.replaceChildren(
    make(
      "div",
      { class: "profile-title" },
      make("h1", { id: "service" }, upload.service || "no service"),
      make(
        "ul",
        { id: "facts", class: "facts" },
        fact("env", upload.env),
        fact("version", upload.version),
        fact("host", upload.host),
        fact("runtime", upload.runtime || upload.language || upload.family),
        fact("time", moment(Date.parse(start))),
        fact("lasts", upload.start && upload.end ? between(upload.start, upload.end) : ""),
      ),
      upload.tags.length > 0 ? tags(upload.tags, signal) : null,
      make("span", { class: "space" }),
      embedded ? null : downloads(upload, signal),
      report,
      fullScreenButton(),
    ),
  );
}

function showAggregate(head: HTMLElement, selection: URLSearchParams, list: api.UploadList, report: HTMLElement): void {
  const title = selection.getAll("service").join(", ") || "All services";
  document.title = `${title} · cmemprof`;
  head.replaceChildren(
    make(
      "div",
      { class: "profile-title" },
      make("h1", { id: "service" }, title),
      make(
        "ul",
        { id: "facts", class: "facts" },
        fact("merged", count(list.total, "profile")),
        ...[...selection]
          .filter(([name]) => name !== "service")
          .map(([name, text]) => fact(name, name === "from" || name === "to" ? moment(parseTime(text) ?? NaN) : text)),
      ),
      make("span", { class: "space" }),
      report,
      fullScreenButton(),
    ),
  );
}

function tags(all: string[], signal: AbortSignal): HTMLElement {
  const list = make("ul", { class: "menu-list" }, ...all.map((tag) => make("li", {}, tag)));
  const menu = make("details", { id: "tags", class: "menu tags" }, make("summary", {}, count(all.length, "tag")), list);
  actAsMenu(menu, signal);
  return menu;
}

function downloads(upload: api.Upload, signal: AbortSignal): HTMLElement {
  const files = upload.attachments.map((file) =>
    link(api.attachmentPath(upload.id, file.name), [make("span", {}, file.name), make("small", {}, bytes(file.size_bytes))], {
      download: file.name,
    }),
  );
  const everything = link(api.archivePath(upload.id), [make("span", {}, "Everything (.tar)")], { id: "download-all", download: "" });
  const menu = make(
    "details",
    { id: "downloads", class: "menu" },
    make("summary", { class: "button" }, "Download"),
    make("div", { class: "menu-list" }, ...files, everything),
  );
  actAsMenu(menu, signal);
  return menu;
}

function fullScreenButton(): HTMLElement {
  return button(
    "Full screen",
    () => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
    { id: "full-screen" },
  );
}
