// recording_words.ts: what the sample types of Java's recordings are called (docs/jfr.md). Pure.
const words: Readonly<Record<string, string>> = {};

export function recordingWord(type: string): string | undefined {
  return words[type];
}
