// packed.ts: an answer with the nodes of a tree as columns of numbers behind its JSON (receiver/views/packed_nodes.h). They are read where they
// are: nothing is copied.

export interface Columns {
  self: Float64Array;
  total: Float64Array;
  parent: Int32Array;
  fn: Int32Array;
  line: Int32Array;
}

const head_bytes = 8;

export function readPacked(bytes: ArrayBuffer): unknown {
  const length = new DataView(bytes).getUint32(4, true);
  const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, head_bytes, length))) as { nodes_packed: number };
  const count = answer.nodes_packed;
  let at = head_bytes + length;
  const column = <T>(Of: new (bytes: ArrayBuffer, at: number, count: number) => T, size: number): T => {
    at += size * count;
    return new Of(bytes, at - size * count, count);
  };
  const [self, total] = [column(Float64Array, 8), column(Float64Array, 8)];
  const [parent, fn, line] = [column(Int32Array, 4), column(Int32Array, 4), column(Int32Array, 4)];
  return { ...answer, columns: { self, total, parent, fn, line } satisfies Columns };
}
