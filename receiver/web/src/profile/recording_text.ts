// recording_text.ts: values of a Java recording's events as text. Pure.
import type { EventField, EventType, EventValue } from "../lib/api";
import { bytes, duration } from "../lib/format";
import { exactest } from "../lib/times";

// What stands for "none" and for "no end" in instants and timespans: the least and the greatest 64-bit number.
const endless = 9.2e18;

// The start has a column of its own; the duration and the thread come first.
export function columnsOf(type: EventType): EventField[] {
  const first = ["duration", "eventThread", "sampledThread"];
  const rank = (field: EventField): number => (first.includes(field.name) ? first.indexOf(field.name) : first.length);
  return type.fields.filter((field) => field.name !== "startTime").sort((a, b) => rank(a) - rank(b));
}

type Struct = { [name: string]: EventValue };

function isStruct(value: EventValue | undefined): value is Struct {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function methodText(method: EventValue | undefined): string {
  if (!isStruct(method)) return "(unknown)";
  const owner = String(method["type"] ?? "").replaceAll("/", ".");
  const name = String(method["name"] ?? "");
  return owner ? `${owner}.${name}` : name;
}

// The frames of a stack, innermost first; undefined: the value is no stack.
export function frameTexts(value: EventValue | undefined): string[] | undefined {
  if (!isStruct(value) || !Array.isArray(value["frames"])) return undefined;
  const frames = value["frames"].filter(isStruct).map((frame) => {
    const line = Number(frame["lineNumber"] ?? 0);
    return methodText(frame["method"]) + (line > 0 ? `:${line}` : "");
  });
  return value["truncated"] === true ? [...frames, "(cut here)"] : frames;
}

function numberText(field: EventField, value: number): string {
  switch (field.content) {
    case "instant":
      return Math.abs(value) > endless ? "none" : exactest(value / 1e6);
    case "timespan":
      return Math.abs(value) > endless ? "none" : duration(value);
    case "bytes":
      return bytes(value);
    case "percentage":
      return `${(100 * value).toFixed(1)} %`;
    case "address":
      return `0x${value.toString(16)}`;
    default:
      return value.toLocaleString("en");
  }
}

const primitives: Readonly<Record<string, string>> = {
  B: "byte",
  C: "char",
  D: "double",
  F: "float",
  I: "int",
  J: "long",
  S: "short",
  Z: "boolean",
};

// As it is written in Java: "[Ljava/lang/String;" is "java.lang.String[]", "[[B" is "byte[][]".
function className(name: string): string {
  const [, arrays, inner] = /^(\[*)(.*)$/.exec(name) as unknown as [string, string, string];
  const element = arrays === "" ? inner : (primitives[inner] ?? inner.replace(/^L(.*);$/, "$1"));
  return element.replaceAll("/", ".") + "[]".repeat(arrays.length);
}

export function valueText(field: EventField, value: EventValue | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return numberText(field, value);
  if (typeof value === "string") return field.type === "java.lang.Class" ? className(value) : value;
  if (!isStruct(value)) return typeof value === "object" ? JSON.stringify(value) : String(value);
  if ("javaName" in value) return String(value["javaName"] ?? value["osName"] ?? "");
  return "descriptor" in value ? methodText(value) : JSON.stringify(value);
}
