// owners_text.ts: what the tab Owners says in words. Pure.
import type { Owner, OwnerSum, Owners } from "../lib/api_owners";

// "1,200 ±90", or "0 (<24)"; an error of less than half a block is none.
export function blocksText(sum: OwnerSum | null): string {
  if (!sum) return "–";
  if (sum.blocks === 0 && sum.blocks_error >= 1) return `0 (<${Math.ceil(sum.blocks_error).toLocaleString("en")})`;
  const error = Math.round(sum.blocks_error);
  return `${sum.blocks.toLocaleString("en", { maximumFractionDigits: 0 })}${error > 0 ? ` ±${error.toLocaleString("en")}` : ""}`;
}

export function pairText(one: Owner): string {
  return one.opens ? `${one.opens} / ${one.closes ?? ""}` : "";
}

export function nameOf(one: Owner): string {
  return one.function.name === "unknown+0x0" ? "(no stack)" : one.function.name;
}

// The rows that have the text, in any of the names.
export function wanted(rows: readonly Owner[], find: string): Owner[] {
  const text = find.toLowerCase();
  return rows.filter((one) =>
    [one.function.name, one.function.file, one.library ?? "", pairText(one)].some((part) => part.toLowerCase().includes(text)),
  );
}

export function aboutFreed(answer: Owners): string {
  const blocks = "Blocks are the allocator's, not handles: what was opened may be several. ± is two standard errors of sampling.";
  return answer.is_from_start
    ? `${blocks} Freed is allocated less what is in use, since the program's start.`
    : `${blocks} Allocated is what the profiles' time had; what of it was freed is known only of one profile that counts from the program's start.`;
}
