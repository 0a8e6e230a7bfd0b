import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kind } from "../src/lib/api";
import { ageColour, ages } from "../src/lib/ages";
import ageStyle from "../src/lib/ages.css";
import { channels, contrast, light, readableOn } from "../src/lib/contrast";
import flameStyle from "../src/graph/flame.css";
import { changeShades, kindNames, packageColours, palette, steps } from "../src/graph/flame_colours";
import style from "../src/style.css";
import { tree } from "./trees";

// The variables of a theme, as a browser would have them.
function variables(theme: string): (name: string) => string {
  const known = new Map<string, string>();
  for (const text of [style, flameStyle, ageStyle]) {
    for (const [, selector, body] of text.matchAll(/(:root[^{]*?) *\{([^}]*)\}/g)) {
      if (selector !== ":root" && selector !== `:root[data-theme="${theme}"]`) continue;
      for (const [, name, value] of body!.matchAll(/(--[\w-]+): ([^;]*);/g)) known.set(name!, value!);
    }
  }
  return (name) => known.get(name) ?? assert.fail(`no ${name}`);
}

const themes = ["light", "dark"];
const made = tree([{ stack: ["a", "b"], value: 1 }]);
const kinds: Kind[] = [...kindNames.map(([kind]) => kind), "label"];
const differences = Array.from({ length: 2 * steps + 1 }, (_, i) => (i - steps) / steps);

test("text can be read on every box, also on what called the zoomed", () => {
  for (const theme of themes) {
    const css = variables(theme);
    const colours = palette(made, "kind", css);
    const shade = changeShades(css);
    const fills = new Map<string, string>([
      ...["root", "plain", ...kinds, ...Array.from({ length: packageColours }, (_, i) => i)].map(
        (name) => [`${name}`, css(`--flame-${name}`)] as const,
      ),
      ["match", colours.match],
      ...ages.map((_, at) => [ageColour(at), css(ageColour(at))] as const),
      ...differences.map((part) => [`change ${part}`, shade(part)] as const),
    ]);
    assert.equal(fills.size, 3 + kinds.length + packageColours + differences.length + ages.length);
    for (const [name, fill] of [...fills, ["dim", colours.dim] as const]) {
      for (const box of [fill, colours.faded(fill)]) {
        const seen = contrast(box, colours.textOn(box, name === "dim"));
        assert.ok(seen >= 4.5, `${theme}: text on ${name} (${box}): ${seen.toFixed(2)}`);
      }
    }
  }
});

test("on any colour one of black and white can be read", () => {
  for (let grey = 0; grey < 256; grey++) {
    const fill = `#${grey.toString(16).padStart(2, "0").repeat(3)}`;
    assert.ok(contrast(fill, readableOn(fill)) >= 4.5, fill);
  }
});

// How light a colour is to who does not see one of the three primaries: Machado, Oliveira, Fernandes 2009, severity 1.
const eyes: Record<string, number[][]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seenBy(eye: string, colour: string): number {
  const primaries = channels(colour).map(light);
  const seen = eyes[eye]!.map((row) =>
    Math.min(
      Math.max(
        row.reduce((sum, part, i) => sum + part * primaries[i]!, 0),
        0,
      ),
      1,
    ),
  );
  return 0.2126 * seen[0]! + 0.7152 * seen[1]! + 0.0722 * seen[2]!;
}

function ratio(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

test("what grew, what shrank and what stayed differ in how light they are, to all eyes", () => {
  for (const theme of themes) {
    const shade = changeShades(variables(theme));
    for (const eye of Object.keys(eyes)) {
      const [less, same, more] = [-1, 0, 1].map((part) => seenBy(eye, shade(part))) as [number, number, number];
      assert.ok(ratio(more, less) >= 2, `${theme}, ${eye}: grew to shrank ${ratio(more, less).toFixed(2)}`);
      assert.ok(
        ratio(more, same) >= 1.6 && ratio(less, same) >= 1.6,
        `${theme}, ${eye}: ${ratio(more, same).toFixed(2)}, ${ratio(less, same).toFixed(2)}`,
      );
    }
  }
});

test("ages differ in how light they are, to all eyes, and older ones stand out more", () => {
  for (const theme of themes) {
    const css = variables(theme);
    for (const eye of Object.keys(eyes)) {
      const seen = ages.map((_, at) => seenBy(eye, css(ageColour(at))));
      const panel = seenBy(eye, css("--panel"));
      for (let at = 1; at < seen.length; at++) {
        const step = ratio(seen[at]!, seen[at - 1]!);
        assert.ok(step >= 1.35, `${theme}, ${eye}: ${ages[at]!.value} to the younger ${step.toFixed(2)}`);
        assert.ok(ratio(seen[at]!, panel) > ratio(seen[at - 1]!, panel), `${theme}, ${eye}: ${ages[at]!.value} stands out less`);
      }
    }
  }
});
