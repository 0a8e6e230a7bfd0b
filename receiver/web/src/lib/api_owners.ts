// api_owners.ts: what the receiver answers of owners of C memory.
import type { Merged, TreeFunction } from "./api";

// Of blocks, with two standard errors of sampling; of 0, how many there may be that were not sampled.
export interface OwnerSum {
  bytes: number;
  bytes_error: number;
  blocks: number;
  blocks_error: number;
}
export interface OwnerSums {
  live: OwnerSum | null; // null: not in the profile
  allocated: OwnerSum | null;
  freed: OwnerSum | null; // null: not known
}
export interface Owner extends OwnerSums {
  function: TreeFunction;
  line: number;
  library: string | null;
  opens: string | null;
  closes: string | null;
}
export interface Owners extends Merged {
  is_from_start: boolean;
  total: OwnerSums;
  owners: Owner[];
  owners_left_out: number;
  warnings: string[];
}
