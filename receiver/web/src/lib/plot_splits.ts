// plot_splits.ts: where the marks of an axis stand. Pure.

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
const steps_ms: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 4, 6, 12].map((n) => n * hour),
  ...[1, 2, 4, 7, 14].map((n) => n * day),
];
const months = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
const month_ms = 30.44 * day;

// Round numbers in [low, high], at most so many apart from one. whole: without parts.
export function valueSplits(low: number, high: number, most: number, whole = false): number[] {
  const least = (high - low) / most;
  if (!(least > 0) || !Number.isFinite(least)) return [];
  const power = 10 ** Math.floor(Math.log10(least));
  let step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((one) => one >= least * (1 - 1e-9)) ?? 10 * power;
  if (whole) step = step < 1 ? 1 : step === 2.5 ? 5 : step;
  const splits: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high * (1 + 1e-9); n++) splits.push(Number((n * step).toPrecision(12)));
  return splits;
}

// Moments in [from, to], at most so many apart from one, that are round on a clock which is offset_ms ahead of UTC at a moment: times of the
// day, midnights, firsts of months.
export function timeSplits(
  from: number,
  to: number,
  most: number,
  offset_ms: (time_ms: number) => number,
): { splits: number[]; step: number } {
  const least = (to - from) / most;
  if (!(least > 0)) return { splits: [], step: 1 };
  // A clock's time as if it were UTC; back, the offset is that of the moment itself.
  const onClock = from + offset_ms(from);
  const toMoment = (wall: number): number => {
    const guess = wall - offset_ms(wall - offset_ms(from));
    return wall - offset_ms(guess);
  };
  const step = steps_ms.find((one) => one >= least);
  const splits: number[] = [];
  const take = (moment: number): boolean => {
    if (moment >= from && moment <= to && moment > (splits.at(-1) ?? -Infinity)) splits.push(moment);
    return moment <= to;
  };
  if (step) {
    for (let n = Math.floor(onClock / step); take(toMoment(n * step)); n++);
    return { splits, step };
  }
  const by = months.find((n) => n * month_ms >= least) ?? months.at(-1)!;
  const first = new Date(onClock);
  const start = first.getUTCFullYear() * 12 + first.getUTCMonth();
  for (let n = Math.floor(start / by) * by; take(toMoment(Date.UTC(Math.floor(n / 12), n % 12, 1))); n += by);
  return { splits, step: by * month_ms };
}
