// format.ts: values and names as text for people.

const byteUnits = ["B", "kB", "MB", "GB", "TB", "PB"];
const timeUnits: [string, number][] = [
  ["ns", 1],
  ["µs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["min", 6e10],
  ["h", 3.6e12],
];
const toNanoseconds: Record<string, number> = { nanoseconds: 1, microseconds: 1e3, milliseconds: 1e6, seconds: 1e9 };

// Three digits that count: 1.23, 12.3, 123.
function digits(number: number): string {
  const size = Math.abs(number);
  return number.toFixed(size >= 100 || Number.isInteger(number) ? 0 : size >= 10 ? 1 : 2);
}

export function bytes(number: number): string {
  let unit = 0;
  while (Math.abs(number) >= 999.5 && unit < byteUnits.length - 1) {
    number /= 1000;
    unit++;
  }
  return `${digits(unit ? number : Math.round(number))} ${byteUnits[unit]}`;
}

export function duration(nanoseconds: number): string {
  let chosen = timeUnits[0];
  for (const unit of timeUnits) if (Math.abs(nanoseconds) >= unit[1]) chosen = unit;
  return `${digits(nanoseconds / chosen[1])} ${chosen[0]}`;
}

// How many: means of many profiles have fractions, and what is there in one of a hundred is not nothing.
function plain(number: number): string {
  const size = Math.abs(number);
  if (size > 1e-6 && size < 0.05) return number < 0 ? ">−0.1" : "<0.1";
  return number.toLocaleString("en", { maximumFractionDigits: size >= 100 && !Number.isInteger(number) ? 0 : 1 });
}

// A value of a profile in its unit: bytes, nanoseconds, count. Rates ("bytes_per_second") and plain numbers ("cores") as well.
export function value(number: number, unit: string): string {
  if (unit === "bytes") return bytes(number);
  if (unit.endsWith("/min")) return `${value(number, unit.slice(0, -4))}/min`; // growth
  if (unit === "bytes_per_second") return `${bytes(number)}/s`;
  if (unit in toNanoseconds) return duration(number * toNanoseconds[unit]);
  if (!unit || unit === "count") return plain(number);
  return `${Number.isInteger(number) ? number.toLocaleString("en") : digits(number)} ${unit}`;
}

// The same with its sign, for differences.
export function change(number: number, unit: string): string {
  const text = value(Math.abs(number), unit);
  if (Math.abs(number) < 1e-6 || !/[1-9]/.test(text)) return "±0"; // means that were added up in another order
  return `${number > 0 ? "+" : "−"}${text}`;
}

export function share(part: number, whole: number): string {
  if (!whole) return "–";
  const percent = (100 * part) / whole;
  return `${percent !== 0 && Math.abs(percent) < 0.1 ? "<0.1" : percent.toFixed(1)} %`;
}

export function count(number: number, noun: string): string {
  const ending = number === 1 ? "" : noun.endsWith("s") ? "es" : "s";
  return `${number.toLocaleString("en")} ${noun}${ending}`;
}

export function between(start: string, end: string): string {
  const milliseconds = new Date(end).getTime() - new Date(start).getTime();
  return milliseconds > 0 ? duration(milliseconds * 1e6) : "";
}

// The last two parts of a source path, and the line.
export function source(file: string, line: number): string {
  if (!file) return "";
  const short = file.split("/").slice(-2).join("/");
  return line > 0 ? `${short}:${line}` : short;
}
