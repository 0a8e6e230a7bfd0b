// recording_test.ts: events of Java recordings as text, and what they say of the JVM.
import assert from "node:assert/strict";
import test from "node:test";
import type { EventField, EventType } from "../src/lib/api";
import { recordingWarnings } from "../src/lib/recording_words";
import { recordingFacts } from "../src/profile/recording_facts";
import { columnsOf, frameTexts, valueText } from "../src/profile/recording_text";

function field(name: string, content: EventField["content"] = null): EventField {
  return { name, label: null, type: "long", content, array: false };
}

test("columns begin with duration and thread, without the start", () => {
  const names = ["startTime", "path", "eventThread", "duration"];
  const type = { fields: names.map((name) => field(name)) } as EventType;
  assert.deepEqual(
    columnsOf(type).map(({ name }) => name),
    ["duration", "eventThread", "path"],
  );
});

test("values are written by what they are", () => {
  const cases: [EventField["content"], number, string][] = [
    ["timespan", 30_000_000, "30 ms"],
    ["bytes", 4_000_000, "4 MB"],
    ["percentage", 0.125, "12.5 %"],
    ["address", 255, "0xff"],
    ["timespan", -9223372036854776000, "none"],
    [null, 12345, "12,345"],
  ];
  for (const [content, value, want] of cases) assert.equal(valueText(field("x", content), value), want, String(content));
  assert.equal(valueText(field("thread"), { javaName: "work", osName: "os" }), "work");
  assert.equal(valueText(field("thread"), { javaName: null, osName: "VM Thread" }), "VM Thread");
  const ofClass = { ...field("class"), type: "java.lang.Class" };
  assert.equal(valueText(ofClass, "java/lang/Object"), "java.lang.Object");
  assert.equal(valueText(ofClass, "[Ljava/lang/String;"), "java.lang.String[]");
  assert.equal(valueText(ofClass, "[[B"), "byte[][]");
  assert.equal(valueText(field("path"), "/tmp/[B"), "/tmp/[B");
  assert.equal(valueText(field("x"), null), "");
  assert.equal(valueText(field("x"), true), "true");
});

test("of all warnings of a recording those of the type are shown, and those of no profile", () => {
  const texts = ["CPU in Java code: an estimate", "Heap live: a sample", "Lock: a lower bound", "the recording is cut"];
  assert.deepEqual(recordingWarnings("cpu", texts), [texts[0], texts[3]]);
  assert.deepEqual(recordingWarnings("cpu_samples", texts), [texts[0], texts[3]]);
  assert.deepEqual(recordingWarnings("old_objects", texts), [texts[1], texts[3]]);
  assert.deepEqual(recordingWarnings("file_bytes", texts), [texts[3]]);
  assert.deepEqual(recordingWarnings("old_objects", texts, ["cpu"]), [texts[0], texts[1], texts[3]]); // what threads did is by several
  assert.deepEqual(recordingWarnings("goroutine", texts), texts); // of no recording
});

test("a stack is its frames, and says that it was cut", () => {
  const frame = (name: string, lineNumber: number) => ({ method: { type: "app/Shop", name, descriptor: "()V" }, lineNumber });
  assert.deepEqual(frameTexts({ truncated: false, frames: [frame("leaf", 12), frame("root", 0)] }), ["app.Shop.leaf:12", "app.Shop.root"]);
  assert.deepEqual(frameTexts({ truncated: true, frames: [frame("leaf", -1)] }), ["app.Shop.leaf", "(cut here)"]);
  assert.deepEqual(frameTexts({ truncated: false, frames: [{ method: null, lineNumber: 3 }] }), ["(unknown):3"]);
  assert.equal(frameTexts({ javaName: "work" }), undefined);
  assert.equal(frameTexts(null), undefined);
});

test("facts: flags that were set are apart from the others", () => {
  const fact = (group: string, key: string, value: string, origin: string | null = null) => ({ group, key, value, origin });
  const facts = recordingFacts([
    fact("jvm", "jvmName", "OpenJDK"),
    fact("flag", "UseG1GC", "true", "Ergonomic"),
    fact("flag", "MaxNewSize", "5", "Default"),
    fact("property", "java.home", "/jdk"),
    fact("new", "key", "value"),
  ]);
  assert.deepEqual(
    facts.map(({ section, key, value }) => `${section}: ${key} ${value}`),
    [
      "JVM: jvmName OpenJDK",
      "JVM flags that were set: UseG1GC true",
      "JVM flags: MaxNewSize 5",
      "System properties: java.home /jdk",
      "new: key value",
    ],
  );
});
