// api_recording.ts: what the JSON interface tells of recordings of Java (docs/receiver.md, docs/jfr.md).

// What a recording of Java Flight Recorder holds.
export interface Recording {
  chunks: number;
  version: string;
  start_ns: number;
  duration_ns: number;
  truncated: boolean;
  damage: { count: number; byte: number; text: string } | null;
  events: EventType[];
}

// What a recording says of its JVM (docs/jfr.md). origin: of a flag.
export interface RecordingFact {
  group: string;
  key: string;
  value: string;
  origin: string | null;
}

export interface EventType {
  type: string;
  label: string | null;
  description: string | null;
  category: string | null;
  count: number;
  size_bytes: number;
  fields: EventField[];
}

export interface EventField {
  name: string;
  label: string | null;
  type: string;
  content: "instant" | "timespan" | "bytes" | "bits" | "percentage" | "frequency" | "address" | null; // null: as it is
  array: boolean;
}

export type EventValue = string | number | boolean | null | EventValue[] | { [name: string]: EventValue };

export interface JfrEvent {
  type: string;
  chunk: number;
  offset: number;
  start_ns: number;
  fields: { [name: string]: EventValue };
}

export interface JfrEvents {
  events: JfrEvent[];
  more: boolean;
  damaged: number;
}
