// format.js: values, times and names as text for people.

const byteUnits = ["B", "kB", "MB", "GB", "TB", "PB"];
const timeUnits = [["ns", 1], ["µs", 1e3], ["ms", 1e6], ["s", 1e9], ["min", 6e10], ["h", 3.6e12]];
const toNanoseconds = { nanoseconds: 1, microseconds: 1e3, milliseconds: 1e6, seconds: 1e9 };

// Three digits that count: 1.23, 12.3, 123.
function digits(number) {
  const size = Math.abs(number);
  return number.toFixed(size >= 100 || Number.isInteger(number) ? 0 : size >= 10 ? 1 : 2);
}

function bytes(value) {
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${digits(value)} ${byteUnits[unit]}`;
}

function duration(nanoseconds) {
  let chosen = timeUnits[0];
  for (const unit of timeUnits) {
    if (Math.abs(nanoseconds) >= unit[1]) chosen = unit;
  }
  return `${digits(nanoseconds / chosen[1])} ${chosen[0]}`;
}

// A value of a profile in its unit: bytes, nanoseconds, count.
export function value(number, unit) {
  if (unit === "bytes") return bytes(number);
  if (unit in toNanoseconds) return duration(number * toNanoseconds[unit]);
  const text = number.toLocaleString("en");
  return unit && unit !== "count" ? `${text} ${unit}` : text;
}

export function share(part, whole) {
  if (!whole) return "–";
  const percent = (100 * part) / whole;
  return `${percent !== 0 && Math.abs(percent) < 0.1 ? "<0.1" : percent.toFixed(1)} %`;
}

export function size(number) {
  return bytes(number);
}

// 14:05:33 for today, else with the date.
export function time(iso, now = new Date()) {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return "";
  const clock = then.toLocaleTimeString("en-GB");
  return then.toDateString() === now.toDateString() ? clock : `${then.toLocaleDateString("en-CA")} ${clock}`;
}

export function between(start, end) {
  const milliseconds = new Date(end) - new Date(start);
  return milliseconds > 0 ? duration(milliseconds * 1e6) : "";
}

// The last two parts of a source path, and the line.
export function source(file, line) {
  if (!file) return "";
  const short = file.split("/").slice(-2).join("/");
  return line > 0 ? `${short}:${line}` : short;
}
