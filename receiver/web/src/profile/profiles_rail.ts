// profiles_rail.ts: every sample type of every attachment, at the left of the tab.
import type * as api from "../lib/api";
import { button, make } from "../lib/dom";
import { bytes, value } from "../lib/format";
import { recordingPlace, recordingWord } from "../lib/recording_words";
import { eventsType, hasProfiles, typeId, type File, type ProfileData } from "../graph/profile_data";

export class ProfilesRail {
  readonly element = make("nav", { id: "types", class: "rail panel", "aria-label": "Profiles and sample types" });
  private data: ProfileData | undefined;
  private sections = new Map<string, HTMLElement>();
  private recordings = new Set<string>();
  private chosen = "";

  constructor(private readonly choose: (attachment: string, type: string) => void) {}

  // Asks for the types of all profiles, one after another, beginning with the chosen one.
  async show(data: ProfileData, files: readonly File[], first: string): Promise<void> {
    this.data = data;
    this.sections = new Map(files.map((file) => [file.name, this.section(file)]));
    this.recordings = new Set(files.filter((file) => file.recording).map((file) => file.name));
    this.element.replaceChildren(...this.sections.values());
    const profiles = files.filter(hasProfiles).sort((a, b) => Number(b.name === first) - Number(a.name === first));
    for (const file of profiles) {
      if (this.data !== data) return;
      try {
        const types = await data.types(file.name);
        if (this.data === data) this.fill(file.name, types);
      } catch (error) {
        if (this.data === data) this.sections.get(file.name)!.append(make("p", { class: "rail-fault" }, (error as Error).message));
      }
      if (this.data === data && data.id && file.recording) this.sections.get(file.name)!.append(this.events(file.name));
    }
  }

  mark(attachment: string, type: string): void {
    this.chosen = `${attachment}\n${type}`;
    for (const one of this.element.querySelectorAll<HTMLElement>("button")) {
      const { attachment: file, type: name } = one.dataset;
      one.setAttribute("aria-pressed", String(name ? `${file}\n${name}` === this.chosen : file === attachment));
    }
  }

  private section(file: File): HTMLElement {
    const head = button(
      [
        make("b", {}, file.name),
        make(
          "small",
          {},
          file.size_bytes !== undefined ? bytes(file.size_bytes) : file.uploads ? `× ${file.uploads.toLocaleString("en")}` : "",
        ),
      ],
      () => this.choose(file.name, ""),
      {
        class: "rail-file",
        data: { attachment: file.name },
        title: file.name,
        "aria-pressed": "false",
      },
    );
    return make("section", { "aria-label": file.name }, head);
  }

  private events(attachment: string): HTMLElement {
    return button("Events", () => this.choose(attachment, eventsType), {
      class: "rail-type",
      data: { attachment, type: eventsType },
      title: "All events of the recording",
      "aria-pressed": String(`${attachment}\n${eventsType}` === this.chosen),
    });
  }

  private fill(attachment: string, types: api.Types): void {
    const recording = this.recordings.has(attachment);
    const listed = recording ? [...types.types].sort((a, b) => recordingPlace(a.type) - recordingPlace(b.type)) : types.types;
    const buttons = listed.map((type) => {
      const id = typeId(types, type);
      const name = (recording && recordingWord(type.type)) || type.type || "(no name)";
      return button([make("span", {}, name), make("b", {}, value(type.total, type.unit))], () => this.choose(attachment, id), {
        class: type.total === 0 ? "rail-type nothing" : "rail-type",
        data: { attachment, type: id },
        title: `${type.type || name}, ${type.unit}`,
        "aria-pressed": String(`${attachment}\n${id}` === this.chosen),
      });
    });
    this.sections.get(attachment)!.append(...buttons);
  }
}
