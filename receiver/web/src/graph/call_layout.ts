// call_layout.ts: where the boxes and the lines of a call graph stand: callers above what they call, in rows. No drawing, no DOM.
//
// The steps are Sugiyama's: calls against the order are turned round, each box has a row below its callers, lines over several rows have a
// place in each, the order in the rows is the one of a few sweeps with the fewest crossings, and then all move as near to what they are
// joined with as the order lets them.

export interface Size {
  width: number;
  height: number;
}

export interface Line {
  from: number; // places of boxes
  to: number;
  weight: number; // above 0: heavy lines are short and straight
}

export interface Point {
  x: number;
  y: number;
}

export interface CallLayout {
  width: number;
  height: number;
  boxes: Point[]; // their middles
  routes: Point[][]; // of each line, from the caller's edge to the callee's; of one to itself none
  rows: number[][]; // boxes from left to right, the callers first
}

const margin = 16;
const gap = 22; // between boxes of a row
const lineGap = 14; // beside lines that pass a row
const rowGap = 46;
const sweeps = 14;

interface Place {
  box: number; // -1: a line passes here
  width: number;
  up: [number, number][]; // joined places in the row above, with weights
  down: [number, number][];
  row: number;
}

// Which lines lead to a box that is open: in a walk from the outermost callers, heavy calls first, they would close a ring.
function turned(count: number, lines: readonly Line[]): boolean[] {
  const out: number[][] = Array.from({ length: count }, () => []);
  const called = new Array<boolean>(count).fill(false);
  const byWeight = lines.map((_, i) => i).sort((a, b) => lines[b].weight - lines[a].weight);
  for (const i of byWeight) {
    if (lines[i].from === lines[i].to) continue;
    out[lines[i].from].push(i);
    called[lines[i].to] = true;
  }
  const back = lines.map(() => false);
  const state = new Uint8Array(count); // 1: open, 2: done
  const visit = (box: number): void => {
    state[box] = 1;
    for (const i of out[box]) {
      const { to } = lines[i];
      if (state[to] === 1) back[i] = true;
      else if (state[to] === 0) visit(to);
    }
    state[box] = 2;
  };
  for (const outermost of [true, false]) for (let box = 0; box < count; box++) if (!state[box] && (!outermost || !called[box])) visit(box);
  return back;
}

// The longest way from an outermost caller; those stand right above what they call first.
function rowsOf(count: number, pairs: readonly (readonly [number, number])[]): Int32Array {
  const rows = new Int32Array(count);
  const waiting = new Int32Array(count);
  const out: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of pairs) {
    out[from].push(to);
    waiting[to]++;
  }
  const sources = [...waiting.keys()].filter((box) => waiting[box] === 0);
  const ready = [...sources];
  for (let box = ready.pop(); box !== undefined; box = ready.pop()) {
    for (const to of out[box]) {
      rows[to] = Math.max(rows[to], rows[box] + 1);
      if (--waiting[to] === 0) ready.push(to);
    }
  }
  for (const box of sources) if (out[box].length > 0) rows[box] = out[box].reduce((least, to) => Math.min(least, rows[to]), Infinity) - 1;
  return rows;
}

const mean = (joined: readonly [number, number][], at: (place: number) => number): number => {
  let [sum, weights] = [0, 0];
  for (const [place, weight] of joined) {
    sum += at(place) * weight;
    weights += weight;
  }
  return sum / weights;
};

const largest = (values: Iterable<number>, least: number): number => {
  let most = least;
  for (const one of values) most = Math.max(most, one);
  return most;
};

// How many pairs of whole numbers from 0 to below count are in the wrong order (a Fenwick tree of those seen so far).
export function inversions(numbers: readonly number[], count: number): number {
  const seen = new Int32Array(count + 1);
  let sum = 0;
  numbers.forEach((one, i) => {
    let notLarger = 0;
    for (let at = one + 1; at > 0; at -= at & -at) notLarger += seen[at];
    sum += i - notLarger;
    for (let at = one + 1; at <= count; at += at & -at) seen[at]++;
  });
  return sum;
}

function crossings(rows: readonly number[][], places: readonly Place[], position: Float64Array): number {
  let sum = 0;
  rows.forEach((row, r) => {
    const ends = row.flatMap((at) => places[at].down.map(([to]) => position[to]).sort((a, b) => a - b));
    if (ends.length > 0) sum += inversions(ends, rows[r + 1].length);
  });
  return sum;
}

function order(rows: number[][], places: readonly Place[]): void {
  const position = new Float64Array(places.length);
  const number = (row: readonly number[]): void => row.forEach((at, i) => (position[at] = i));
  rows.forEach(number);
  let best = rows.map((row) => [...row]);
  let fewest = crossings(rows, places, position);
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      const wanted = new Map(
        row.map((at) => {
          const joined = down ? places[at].up : places[at].down;
          return [at, joined.length > 0 ? mean(joined, (to) => position[to]) : position[at]];
        }),
      );
      row.sort((a, b) => wanted.get(a)! - wanted.get(b)! || position[a] - position[b]);
      number(row);
    }
    const now = crossings(rows, places, position);
    if (now >= fewest) continue;
    fewest = now;
    best = rows.map((row) => [...row]);
  }
  best.forEach((row, i) => (rows[i] = row));
}

// Places in their order with the least distance from each other, as near as they can be to where they are wanted (least squares: neighbours
// that would overlap move together).
export function apart(wanted: readonly number[], weights: readonly number[], distances: readonly number[]): number[] {
  const offset = [0];
  for (let i = 1; i < wanted.length; i++) offset.push(offset[i - 1] + distances[i - 1]);
  const blocks: { sum: number; weight: number; count: number }[] = [];
  wanted.forEach((at, i) => {
    let block = { sum: (at - offset[i]) * weights[i], weight: weights[i], count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.weight > block.sum / block.weight; last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: last.sum + block.sum, weight: last.weight + block.weight, count: last.count + block.count };
    }
    blocks.push(block);
  });
  const found: number[] = [];
  for (const { sum, weight, count } of blocks) for (let i = 0; i < count; i++) found.push(sum / weight + offset[found.length]);
  return found;
}

function settle(rows: readonly number[][], places: readonly Place[]): Float64Array {
  const x = new Float64Array(places.length);
  const side = (at: number): number => places[at].width / 2;
  const room = (a: number, b: number): number => side(a) + side(b) + (places[a].box < 0 || places[b].box < 0 ? lineGap : gap);
  const distances = rows.map((row) => row.slice(1).map((at, i) => room(row[i], at)));
  rows.forEach((row, r) => row.forEach((at, i) => (x[at] = i > 0 ? x[row[i - 1]] + distances[r][i - 1] : 0)));
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const down = sweep % 2 === 0;
    const both = sweep >= sweeps - 2;
    const wantedBy = (at: number): readonly [number, number][] => {
      const { up, down: below } = places[at];
      return both ? [...up, ...below] : down ? up : below;
    };
    for (let i = 0; i < rows.length; i++) {
      const r = down ? i : rows.length - 1 - i;
      const row = rows[r];
      const joined = row.map(wantedBy);
      const wanted = row.map((at, k) => (joined[k].length > 0 ? mean(joined[k], (to) => x[to]) : x[at]));
      const weights = joined.map((all) => all.reduce((sum, [, weight]) => sum + weight, 0.01));
      apart(wanted, weights, distances[r]).forEach((to, k) => (x[row[k]] = to));
    }
  }
  return x;
}

export function layOut(sizes: readonly Size[], lines: readonly Line[]): CallLayout {
  const back = turned(sizes.length, lines);
  const pairs = lines.map(({ from, to }, i) => (back[i] ? ([to, from] as const) : ([from, to] as const)));
  const rank = rowsOf(
    sizes.length,
    pairs.filter(([from, to]) => from !== to),
  );
  const places: Place[] = sizes.map(({ width }, box) => ({ box, width, up: [], down: [], row: rank[box] }));
  const ways: number[][] = []; // of each line, the places from the upper to the lower end
  const heaviest = largest(
    lines.map(({ weight }) => weight),
    1e-300,
  );
  lines.forEach(({ weight }, i) => {
    const [from, to] = pairs[i];
    const way = [from];
    for (let row = rank[from] + 1; row < rank[to]; row++) way.push(places.push({ box: -1, width: 0, up: [], down: [], row }) - 1);
    if (from !== to) way.push(to);
    for (let k = 1; k < way.length; k++) {
      // Between two places where the line only passes, it is to be straight.
      const pull = (0.2 + weight / heaviest) * (places[way[k - 1]].box < 0 && places[way[k]].box < 0 ? 8 : 1);
      places[way[k - 1]].down.push([way[k], pull]);
      places[way[k]].up.push([way[k - 1], pull]);
    }
    ways.push(way);
  });
  const rows: number[][] = Array.from({ length: largest(rank, -1) + 1 }, () => []);
  places.forEach(({ row }, at) => rows[row].push(at));
  order(rows, places);
  const x = settle(rows, places);

  const halfHeights = rows.map(
    (row) =>
      largest(
        row.map((at) => (places[at].box < 0 ? 0 : sizes[places[at].box].height)),
        0,
      ) / 2,
  );
  const y: number[] = [];
  halfHeights.forEach((half, r) => y.push(r === 0 ? margin + half : y[r - 1] + halfHeights[r - 1] + rowGap + half));
  const left = places.reduce((least, { width }, at) => Math.min(least, x[at] - width / 2), Infinity) - margin;
  for (let at = 0; at < x.length; at++) x[at] -= left;
  const boxes = sizes.map((_, box) => ({ x: x[box], y: y[rank[box]] }));
  const width =
    largest(
      places.map((place, at) => x[at] + place.width / 2),
      0,
    ) + margin;
  const height = (y.at(-1) ?? 0) + (halfHeights.at(-1) ?? 0) + margin;

  // Lines of one box leave and reach it beside each other, in the order of where they lead.
  const ports = (box: number, below: boolean): Map<number, number> => {
    const ends = ways.flatMap((way, i) => (way.length > 1 && (below ? way[0] : way.at(-1)) === box ? [i] : []));
    const next = (i: number): number => x[below ? ways[i][1] : ways[i].at(-2)!];
    ends.sort((a, b) => next(a) - next(b));
    const step = Math.min(16, (0.7 * sizes[box].width) / Math.max(ends.length, 1));
    return new Map(ends.map((i, k) => [i, x[box] + (k - (ends.length - 1) / 2) * step]));
  };
  const lower = sizes.map((_, box) => ports(box, true));
  const upper = sizes.map((_, box) => ports(box, false));
  const routes = ways.map((way, i) => {
    if (way.length < 2) return [];
    const [first, last] = [way[0], way.at(-1)!];
    const points = [
      { x: lower[first].get(i)!, y: boxes[first].y + sizes[first].height / 2 },
      ...way.slice(1, -1).flatMap((at) => {
        const { row } = places[at];
        return [-1, 1].map((side) => ({ x: x[at], y: y[row] + side * halfHeights[row] })); // straight beside the boxes of the row
      }),
      { x: upper[last].get(i)!, y: boxes[last].y - sizes[last].height / 2 },
    ];
    return back[i] ? points.reverse() : points;
  });
  return { width, height, boxes, routes, rows: rows.map((row) => row.filter((at) => places[at].box >= 0)).filter((row) => row.length > 0) };
}
