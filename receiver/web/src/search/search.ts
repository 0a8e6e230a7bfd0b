// search.ts: the search page: all uploads over time, filtered by facets, text and time; new ones appear by themselves.
//
// The address holds the filters, the order, the measure of the chart, what is chosen and the baseline. Three questions go out for a change of
// the filters (list, facets, histogram), each dropped when a newer one is asked.
import * as api from "../lib/api";
import { base } from "../lib/base";
import { make, notice } from "../lib/dom";
import { Facets } from "./facets";
import { SearchBar } from "./search_bar";
import { buckets, SearchChart, wantedMeasure } from "./search_chart";
import { parseOrder } from "../lib/columns";
import "./search.css";
import { gettingStarted } from "./search_empty";
import { UploadTable, uploadLink } from "./search_list";
import { Live } from "./search_live";
import { chosenIds, Picks } from "./search_picks";
import { notLookedAtText, Rows } from "./search_rows";
import { SavedViews } from "./saved_views";
import { StoragePanel } from "./storage";
import { SuspectsPanel } from "./suspects";
import { fixedSelection, selectionAt } from "../lib/time_range";
import { change, current, navigate, State, stateOf } from "../lib/state";
import { severalOf } from "../lib/tags";
import { midnight_ms } from "../lib/times";
import type { View } from "../lib/view";

const clockEvery_ms = 30_000; // "the last hour" is another one by then
const measuredWithin_ms = 60_000; // an upload that has no measures after that has none

export class SearchPage implements View {
  private readonly bar = new SearchBar();
  private readonly chart = new SearchChart();
  private readonly suspects = new SuspectsPanel();
  private readonly storage = new StoragePanel();
  private readonly views = new SavedViews();
  private readonly picks = new Picks();
  private readonly facets = new Facets(
    (changes, clear) => this.filter(changes, clear === true),
    () => void this.loadFacets(current(), this.asked.signal).catch((error: Error) => this.fail(error)),
  );
  private readonly below = make("div", { class: "below" });
  private readonly table = new UploadTable({
    order: (order) => change({ sort: order }),
    selected: (ids) => change({ sel: [...ids].sort((a, b) => a - b).join(",") }),
    open: (upload) => navigate(linkState(uploadLink(upload))),
    nearEnd: () => void this.following(),
    changed: (id, gone) => this.changed(id, gone),
  });
  private rows = new Rows(parseOrder(""));
  private live: Live | undefined;
  private asked = new AbortController(); // of the current filters
  private listed = new AbortController(); // of the current filters and order
  private drawn = new AbortController(); // of the current filters, measure and group
  private refreshing = false;
  private growing = false;
  private asking = ""; // filters that the page shows or waits for
  private sorting = ""; // and the order of its list
  private asksFor = "";
  private loaded = false;
  private keys: readonly string[] = []; // of tags, to group by
  private marked = ""; // the filters whose version changes are shown, and since when
  private markedAt = 0;
  private later = 0;
  private clock = 0;

  mount(root: HTMLElement, state: State): void {
    document.title = "Profiles · cmemprof";
    const page = make(
      "div",
      { class: "search-page" },
      this.facets.element,
      make(
        "div",
        { class: "search-main" },
        this.bar.element,
        this.views.element,
        this.suspects.element,
        this.chart.element,
        this.picks.element,
        this.table.element,
        this.below,
        this.storage.element,
      ),
    );
    root.append(page);
    this.update(state);
    this.clock = window.setInterval(() => current().get("range") && !document.hidden && void this.refresh(), clockEvery_ms);
    this.live = new Live({ path: api.eventsPath, arrived: () => void this.refresh(), connected: (yes) => this.bar.connected(yes) });
  }

  update(state: State): void {
    this.bar.show(state);
    this.suspects.show(state);
    this.storage.show(state);
    this.facets.show(undefined, state);
    this.chart.showGroups(state, this.keys);
    const filters = `${state.selection()} ${state.get("range")}`;
    if (filters !== this.asking) {
      this.asking = filters;
      void this.load(state);
      return;
    }
    if (JSON.stringify(wantedMeasure(state)) !== this.asksFor)
      void this.loadHistogram(state, this.asked.signal).catch((error: Error) => this.fail(error));
    if (state.get("sort") !== this.sorting) void this.loadList(state).catch((error: Error) => this.fail(error));
    this.showList(state);
  }

  unmount(): void {
    this.asked.abort();
    this.listed.abort();
    this.drawn.abort();
    clearTimeout(this.later);
    clearInterval(this.clock);
    this.live?.close();
    this.bar.destroy();
    this.suspects.destroy();
    this.storage.destroy();
    this.views.destroy();
    this.facets.destroy();
    this.chart.destroy();
    this.table.destroy();
  }

  private filter(changes: Record<string, string[]>, clear: boolean): void {
    const now = current();
    const drop = new Set(clear ? ["env", "service", "version", "host", "runtime", "language", "tag"] : Object.keys(changes));
    const params = new URLSearchParams([...now.params].filter(([name]) => !drop.has(name)));
    // "" is a value too: uploads that do not tell.
    for (const [name, values] of Object.entries(changes)) for (const value of values) params.append(name, value);
    navigate(new State(now.path, params));
  }

  private async load(state: State): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    const all = [this.loadList(state), this.loadFacets(state, signal), this.loadHistogram(state, signal)];
    await Promise.all(all).catch((error: Error) => signal.aborted || this.fail(error));
  }

  private async loadList(state: State): Promise<void> {
    this.listed.abort();
    const { signal } = (this.listed = new AbortController());
    this.sorting = state.get("sort");
    const rows = new Rows(parseOrder(this.sorting));
    await rows.first(selectionAt(state, Date.now()), signal).catch((error: Error) => {
      if (!signal.aborted) throw error;
    });
    if (signal.aborted) return;
    this.rows = rows;
    this.loaded = true;
    this.table.element.scrollTop = 0;
    this.showList(current());
    this.awaitMeasures();
    await this.following();
  }

  private async loadFacets(state: State, signal: AbortSignal): Promise<void> {
    const { wanted } = this.facets;
    const answer = await api.facets(selectionAt(state, Date.now()), { find: wanted }, signal);
    if (signal.aborted || wanted !== this.facets.wanted) return;
    this.facets.show(answer, current());
    if (!wanted) this.keys = severalOf(answer.facets);
    this.chart.showGroups(current(), this.keys);
  }

  private async loadHistogram(state: State, signal: AbortSignal): Promise<void> {
    this.drawn.abort();
    const { signal: drawn } = (this.drawn = new AbortController());
    const measure = wantedMeasure(state);
    this.asksFor = JSON.stringify(measure);
    const selection = fixedSelection(state, Date.now()); // of "the last hour" the chart shows the whole hour
    const histogram = await api.histogram(selection, { buckets, shift_ms: midnight_ms(), ...measure }, drawn).catch((error: Error) => {
      if (!drawn.aborted) throw error;
    });
    if (!histogram || drawn.aborted) return;
    this.chart.show(histogram);
    if (this.asking === this.marked && Date.now() - this.markedAt < clockEvery_ms) return;
    await this.chart.versions.load(selection, signal);
    if (signal.aborted) return; // the next question asks again
    this.marked = this.asking;
    this.markedAt = Date.now();
  }

  // Uploads have come.
  private async refresh(): Promise<void> {
    if (this.refreshing) return;
    if (!this.loaded) return this.load(current()); // the first question failed
    this.refreshing = true;
    const { signal } = this.asked;
    const list = this.listed.signal;
    const state = current();
    try {
      await Promise.all([
        this.rows.again(this.table.seen(), selectionAt(state, Date.now()), list).catch((error: Error) => {
          if (!list.aborted) throw error;
        }),
        this.loadFacets(state, signal),
        this.loadHistogram(state, signal),
      ]);
      if (!signal.aborted && !list.aborted) this.showList(current());
    } catch (error) {
      if (!signal.aborted) this.fail(error as Error);
    } finally {
      this.refreshing = false;
      this.awaitMeasures();
    }
  }

  // Measures of an upload are computed after it was answered: what has none yet is asked for again.
  private awaitMeasures(): void {
    clearTimeout(this.later);
    const fresh = (upload: api.Upload) => !upload.measures && Date.now() - Date.parse(upload.received) < measuredWithin_ms;
    if (!this.asked.signal.aborted && this.rows.all.slice(0, 100).some(fresh))
      this.later = window.setTimeout(() => void this.refresh(), 1000);
  }

  // As many as the list has room for.
  private async following(): Promise<void> {
    if (this.growing || !this.loaded) return;
    this.growing = true;
    const { signal } = this.listed;
    try {
      while (this.rows.more && this.table.nearEnd()) {
        await this.rows.following(selectionAt(current(), Date.now()), signal);
        if (!signal.aborted) this.showList(current());
      }
    } catch (error) {
      if (!signal.aborted) this.fail(error as Error);
    } finally {
      this.growing = false;
    }
  }

  // By the menu of an upload. What is gone is no longer chosen.
  private changed(id: number, gone: boolean): void {
    const chosen = chosenIds(current());
    if (gone && chosen.delete(id)) change({ sel: [...chosen].join(",") || null });
    void this.refresh();
  }

  private showList(state: State): void {
    if (!this.loaded) return;
    const { all, total } = this.rows;
    const notLookedAt = notLookedAtText(this.rows.notLookedAt);
    const nothing = total === 0;
    const filtered = state.selection().size > 0 || state.get("range") !== "";
    this.table.element.hidden = nothing;
    this.picks.element.hidden = nothing;
    // Without an upload only a time range tells what times the chart could show.
    this.chart.element.hidden = nothing && !state.get("range") && !(state.get("from") && state.get("to"));
    this.facets.element.hidden = nothing && !filtered;
    this.chart.showTotal(total, notLookedAt);
    this.picks.show(state, total);
    this.table.show(all, parseOrder(state.get("sort")), chosenIds(state), total);
    const empty = !nothing
      ? null
      : filtered
        ? notice(notLookedAt ? `No upload was found; ${notLookedAt}.` : "No upload matches the filters.")
        : gettingStarted(location.origin + base);
    this.below.replaceChildren(...(empty ? [empty] : []));
  }

  private fail(error: Error): void {
    this.below.replaceChildren(notice(error.message));
  }
}

function linkState(href: string): State {
  const url = new URL(href, location.origin);
  return stateOf(url.pathname, url.search);
}
