// contrast.ts: colours as numbers: mixing them, and how well one can be read on another (WCAG 2.2's contrast ratio). Colours are "#rrggbb".

export function channels(colour: string): [number, number, number] {
  const at = (place: number): number => parseInt(colour.slice(place, place + 2), 16);
  return [at(1), at(3), at(5)];
}

export function mix(from: string, to: string, part: number): string {
  const [a, b] = [channels(from), channels(to)];
  return `#${a
    .map((value, i) =>
      Math.round(value + (b[i]! - value) * part)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}

// A channel from 0 to 255 as the share of light that it gives.
export function light(channel: number): number {
  const part = channel / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

export function luminance(colour: string): number {
  const [red, green, blue] = channels(colour);
  return 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
}

// From 1, the same, to 21; text needs 4.5.
export function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

// What can be read on a colour: white where its contrast is 4.5 or more, else black, of which it is 4.67 or more then.
export function readableOn(fill: string): string {
  return contrast(fill, "#ffffff") >= 4.5 ? "#ffffff" : "#000000";
}
