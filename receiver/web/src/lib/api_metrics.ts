// api_metrics.ts: what the receiver answers of figures over time.
import type { Measures, Merged } from "./api";

type Points = [number, number | null][];

export interface Series {
  name: string;
  unit: string;
  points: Points;
  groups?: { value: string; points: Points }[]; // of the values that are highest in it
  others?: { values: number; points: Points }; // of all others together
  attachment?: string; // by a label: that has its samples
}

// A value that uploads are grouped by, or that samples are.
export interface GroupValue {
  value: string;
  uploads?: number; // of a tag, as the next
  processes?: number;
  newest: Measures;
}

export interface Metrics extends Merged {
  series: Series[];
  group?: {
    key: string;
    values: GroupValue[];
    values_left_out: number;
    uploads_not_looked_at?: number; // of a tag, as the next
    uploads_beyond?: number;
    values_limited?: boolean; // of a label: there are more than the receiver tells apart
  };
  without?: (keyof Measures)[]; // by a label: no sample of them has it
}

export interface LabelKeys {
  keys: string[];
}
