// times.ts: moments as text, and texts of form fields as moments, in this machine's time or in UTC, as was chosen at the top of the page.
// Nothing else knows of time zones; addresses hold unix milliseconds. Not by locale: what a locale writes changes between browsers.
import { button } from "./dom";

const minute = 60_000;
const keptAs = "times"; // in this browser
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
let utc = false;

export function useUtc(yes: boolean): void {
  utc = yes;
}

// changed: times are another text now.
export function zoneButton(changed: () => void): HTMLElement {
  const made = button("", () => {
    localStorage.setItem(keptAs, utc ? "local" : "utc");
    show();
    changed();
  });
  made.id = "zone";
  const show = (): void => {
    useUtc(localStorage.getItem(keptAs) === "utc");
    made.textContent = utc ? "UTC" : "Local";
    made.title = utc ? "Times are in UTC" : "Times are in this machine's time";
  };
  show();
  return made;
}

// A date of which the UTC part is what a clock shows.
function wall(time_ms: number): Date {
  return new Date(utc ? time_ms : time_ms - new Date(time_ms).getTimezoneOffset() * minute);
}

// How far the clock is ahead of UTC at a moment.
export function offset_ms(time_ms: number): number {
  return wall(time_ms).getTime() - time_ms;
}

// A midnight, from which days are counted.
export function midnight_ms(): number {
  return utc ? 0 : new Date().getTimezoneOffset() * minute;
}

// ---- Form fields: <input type="datetime-local"> holds a time without its zone, to the second ----

export function fieldTime(time_ms: number): string {
  return wall(time_ms).toISOString().slice(0, 19);
}

export function fromField(text: string): number {
  return new Date(utc && text ? `${text}Z` : text).getTime();
}

// ---- Text ----

export function clock(time_ms: number): string {
  return wall(time_ms).toISOString().slice(11, 19);
}

export function day(time_ms: number): string {
  const then = wall(time_ms);
  return `${then.getUTCDate()} ${months[then.getUTCMonth()]}`;
}

// 14:05:33 for today, "20 Nov 14:05:33" for this year, else with the year.
export function moment(time_ms: number, now_ms = Date.now()): string {
  if (Number.isNaN(new Date(time_ms).getTime())) return "";
  const [then, now] = [wall(time_ms), wall(now_ms)];
  const year = then.getUTCFullYear();
  if (year !== now.getUTCFullYear()) return `${day(time_ms)} ${year} ${clock(time_ms)}`;
  return day(time_ms) === day(now_ms) ? clock(time_ms) : `${day(time_ms)} ${clock(time_ms)}`;
}

// "2026-11-20 14:05:33", whatever day it is.
export function exact(time_ms: number): string {
  return Number.isNaN(new Date(time_ms).getTime()) ? "" : `${fieldTime(time_ms).replace("T", " ")}${utc ? " UTC" : ""}`;
}

// With milliseconds: "2026-11-20 14:05:33.123".
export function exactest(time_ms: number): string {
  if (Number.isNaN(new Date(time_ms).getTime())) return "";
  return `${wall(time_ms).toISOString().slice(0, 23).replace("T", " ")}${utc ? " UTC" : ""}`;
}

// "20 Nov 23:41:30 – 23:59:04", with the second day only where it differs; below 10 s with milliseconds, unless these are whole seconds.
export function rangeText(from_ms: number, to_ms: number): string {
  const fine = to_ms - from_ms < 10_000 && (from_ms % 1000 !== 0 || to_ms % 1000 !== 0);
  const text = (time_ms: number): string => (fine ? wall(time_ms).toISOString().slice(11, 23) : clock(time_ms));
  const second = day(from_ms) === day(to_ms) ? text(to_ms) : `${day(to_ms)} ${text(to_ms)}`;
  return `${day(from_ms)} ${text(from_ms)} – ${second}`;
}

// Labels of a time axis: clock times, and the day below the first of them and wherever a day begins.
export function timeTicks(splits_ms: readonly number[], step_ms: number): string[] {
  let last = "";
  return splits_ms.map((split) => {
    const today = day(split);
    if (step_ms >= 24 * 60 * minute) return today;
    const text = clock(split).slice(0, step_ms < minute ? 8 : 5);
    const first = today !== last;
    last = today;
    return first ? `${text}\n${today}` : text;
  });
}
