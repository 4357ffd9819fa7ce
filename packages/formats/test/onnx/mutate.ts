/** Damage to files that knows where messages begin and end: what a broken disk, or somebody with intent, would do. */
import { rand, randn, tensor } from "@chainrule/core";
import { Linear, ReLU, Sequential } from "@chainrule/nn";
import { exportOnnx } from "../../src/onnx/index.ts";
import { modelFile } from "./build.ts";

/** Files that are read without complaint. */
export function valid(): Uint8Array[] {
  const network = new Sequential(new Linear(3, 4), new ReLU(), new Linear(4, 2));
  const lstm = { w: randn([1, 12, 2]), r: randn([1, 12, 3]), b: randn([1, 24]) };
  return [
    exportOnnx(network, randn([2, 3]), { dynamicBatch: true }),
    modelFile({
      nodes: [
        { op: "Conv", in: ["x", "w"], out: ["c"], with: { pads: [1, 0, 1, 0], group: 1 } },
        { op: "BatchNormalization", in: ["c", "s", "s", "s", "v"], out: ["n"] },
        { op: "MaxPool", in: ["n"], with: { kernel_shape: [2, 2], auto_pad: "VALID" } },
      ],
      inputs: { x: randn([1, 2, 4, 4]) },
      constants: { w: randn([3, 2, 3, 3]), s: randn([3]), v: rand([3]) },
    }),
    modelFile({
      nodes: [
        { op: "LSTM", in: ["x", "w", "r", "b"], with: { hidden_size: 3, direction: "forward" } },
      ],
      inputs: { x: randn([4, 2, 2]) },
      constants: lstm,
    }),
    modelFile({
      nodes: [
        { op: "Slice", in: ["x", "from", "to", "dims"], out: ["part"] },
        { op: "Gather", in: ["part", "places"], with: { axis: 1 } },
      ],
      inputs: { x: randn([4, 5]) },
      constants: {
        from: [0],
        to: [2 ** 62],
        dims: [0],
        places: tensor([0, 2], { dtype: "int32" }),
      },
    }),
  ];
}

/** A small generator of its own: the same seed, the same files. (Marsaglia, Xorshift RNGs, 2003.) */
function randomNumbers(seed: number): (below: number) => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** Where fields with a length begin: the tag, and how long what follows claims to be. */
function fieldsOf(bytes: Uint8Array): number[] {
  const places: number[] = [];
  for (let i = 0; i + 2 < bytes.length; i++) {
    const [tag, length] = [bytes[i]!, bytes[i + 1]!];
    if ((tag & 7) === 2 && tag >> 3 > 0 && length < 128 && i + 2 + length <= bytes.length)
      places.push(i);
  }
  return places;
}

const interesting = [0, 1, 2, 7, 0x7f, 0x80, 0xff];

function mutated(
  bytes: Uint8Array,
  others: readonly Uint8Array[],
  next: (below: number) => number,
): Uint8Array {
  const fields = fieldsOf(bytes);
  const field = fields[next(Math.max(fields.length, 1))] ?? 0;
  const length = bytes[field + 1] ?? 0;
  const copy = bytes.slice();
  const joined = (...parts: Uint8Array[]): Uint8Array => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  const whole = bytes.subarray(field, field + 2 + length);
  switch (next(9)) {
    case 0:
      copy[next(copy.length)] = interesting[next(interesting.length)]!;
      return copy;
    case 1:
      copy[next(copy.length)]! ^= 1 << next(8);
      return copy;
    case 2:
      return bytes.subarray(0, next(bytes.length));
    case 3: // A length that lies.
      copy[field + 1] = next(2) === 0 ? next(256) : length + next(5) - 2;
      return copy;
    case 4: // A field of another number or type.
      copy[field] = next(256);
      return copy;
    case 5: // A field twice; the lengths around it lie by as much.
      return joined(bytes.subarray(0, field), whole, bytes.subarray(field));
    case 6: // A field less.
      return joined(bytes.subarray(0, field), bytes.subarray(field + 2 + length));
    case 7: {
      // Part of another file in place of as many bytes.
      const other = others[next(others.length)]!;
      const size = Math.min(next(64) + 1, other.length, copy.length);
      const from = next(other.length - size + 1);
      copy.set(other.subarray(from, from + size), next(copy.length - size + 1));
      return copy;
    }
    default: // What a field holds, one byte of it.
      if (length > 0) copy[field + 2 + next(length)] = next(256);
      return copy;
  }
}

/** So many files, each with one to three faults. */
export function* mutatedFiles(
  files: readonly Uint8Array[],
  count: number,
  seed: number,
): Generator<Uint8Array> {
  const next = randomNumbers(seed);
  for (let i = 0; i < count; i++) {
    let bytes: Uint8Array = files[i % files.length]!;
    for (let k = next(3); k >= 0 && bytes.length > 2; k--) bytes = mutated(bytes, files, next);
    yield bytes;
  }
}
