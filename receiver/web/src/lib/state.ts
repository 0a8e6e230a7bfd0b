// state.ts: what the page shows is what its address says: a path (which view) and query parameters (of what, and how). A link shows the same.
//
// The names of a selection of uploads are those of the receiver's JSON interface (docs/receiver.md); all other names belong to the views
// (docs/page.md lists them). Views read a State and change it with navigate() and change(); they keep nothing else that a link should show.
import { based, unbased } from "./base";

import { embedded, linkTo } from "./embedded";
import { selectionNames } from "./selection";

export type Changes = Record<string, string | readonly string[] | null | undefined>;

export class State {
  constructor(
    readonly path: string,
    readonly params: URLSearchParams,
  ) {}

  get(name: string, otherwise = ""): string {
    return this.params.get(name) ?? otherwise;
  }

  all(name: string): string[] {
    return this.params.getAll(name);
  }

  // The selection's parameters only; prefix "base." gives the baseline's, without the prefix.
  selection(prefix = ""): URLSearchParams {
    const chosen = new URLSearchParams();
    for (const name of selectionNames) for (const value of this.all(prefix + name)) chosen.append(name, value);
    return chosen;
  }

  // The same with some parameters changed; null, undefined, "" and [] remove one.
  with(changes: Changes, path = this.path): State {
    const params = new URLSearchParams(this.params);
    for (const [name, value] of Object.entries(changes)) {
      params.delete(name);
      for (const one of Array.isArray(value) ? value : [value]) if (one) params.append(name, one);
    }
    return new State(path, params);
  }

  get href(): string {
    const query = this.params.toString();
    return query ? `${based(this.path)}?${query}` : based(this.path);
  }
}

export function state(path: string, params: Changes = {}): State {
  return new State(path, new URLSearchParams()).with(params);
}

// Of an address; /profile/7 is short for /profile?ids=7.
export function stateOf(address: string, query: string): State {
  const path = unbased(address);
  const params = new URLSearchParams(query);
  const upload = /^\/profile\/(\d+)$/.exec(path);
  if (!upload) return new State(path, params);
  params.set("ids", upload[1]);
  return new State("/profile", params);
}

let shownLast = ""; // of a report, whose views are behind the # of its own address

export function current(): State {
  if (!embedded) return stateOf(location.pathname, location.search);
  if (location.hash.startsWith("#/")) shownLast = location.hash.slice(1);
  const at = shownLast || embedded.address;
  const end = (at + "?").indexOf("?");
  return stateOf(at.slice(0, end), at.slice(end));
}

type Listener = (state: State) => void;
let listener: Listener = () => {};
let typedLast = ""; // the parameter that the last step typed a text for

// Called once, by main.ts.
export function onChange(called: Listener): void {
  listener = called;
  addEventListener("popstate", () => {
    typedLast = "";
    listener(current());
  });
}

// Goes to another state: a step in the browser's history, so that Back undoes one choice. A text that is typed on is one step: typed names
// its parameter.
export function navigate(to: State, { typed = "" } = {}): void {
  if (to.href === current().href) return;
  if (typed && typed === typedLast) history.replaceState(null, "", linkTo(to.href));
  else history.pushState(null, "", linkTo(to.href));
  typedLast = typed;
  listener(to);
}

export function change(changes: Changes, options?: { typed?: string }): void {
  navigate(current().with(changes), options);
}
