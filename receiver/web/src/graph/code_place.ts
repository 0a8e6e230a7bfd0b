// code_place.ts: which instructions are asked for (code_view.ts).
import type { Disassembly } from "../lib/api";

export interface CodeQuestion {
  key: string; // of all that the answer depends on
  ask: (signal: AbortSignal) => Promise<Disassembly>;
  whole: boolean; // also instructions far from those with values
  filtered: boolean; // by frames, which is not done to instructions
}

// The name that the address has for a place: "BUILD:AT".
export const placeId = (build: string, at = ""): string => `${build}:${at}`;

// What the address chooses: "1" is what has most.
export function placeOf(code: string): { buildId: string; at: string } {
  const [buildId, at = ""] = code.includes(":") ? code.split(":") : [""];
  return { buildId, at };
}
