// reach.ts: what the page does while the receiver cannot be reached. What is shown stays, a line at the top says so, and what was asked
// waits and is asked again by itself when the receiver answers.
import { based } from "./base";
import { make } from "./dom";

const again_ms = 2000;
const look_ms = 5000; // a page that asks nothing looks whether the receiver is there
const mostTries = 5; // of a question that fails although the receiver answers others

const text = "The receiver cannot be reached. What is shown stays; the page goes on asking.";
let line: HTMLElement | undefined;
let back: Promise<void> | undefined; // settles when the receiver answers

export function unreachableLine(): HTMLElement {
  setInterval(() => document.hidden || void doubt(), look_ms);
  return (line = make("div", { id: "unreachable", role: "alert" }));
}

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

// Any answer will do, also one that says no.
async function answers(): Promise<boolean> {
  return fetch(based("/icon.svg"), { cache: "no-store" }).then(
    () => true,
    () => false,
  );
}

async function untilItAnswers(): Promise<void> {
  while (!(await answers())) {
    if (line && !line.firstChild) line.append(text);
    await wait(again_ms);
  }
  line?.replaceChildren();
  back = undefined;
}

// Something went wrong on the way to the receiver: finds out whether it is still there.
export function doubt(): Promise<void> {
  return (back ??= untilItAnswers());
}

// fetch throws a TypeError when there is no answer, or not the whole of it.
export async function persistently<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TypeError) || signal?.aborted || tries === mostTries) throw error;
      await doubt();
      signal?.throwIfAborted();
    }
  }
}
