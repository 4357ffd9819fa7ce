/** Files to begin with, and damage to them that knows where fields begin and end. */
import { rand, randn, tensor } from "@chainrule/core";
import { Linear, ReLU, Sequential } from "@chainrule/nn";
import { exportOnnx } from "../../src/onnx/index.ts";
import { joined } from "../fuzz/mutate.ts";
import type { Random } from "../fuzz/random.ts";
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

/** A fault in one field: its length, its number or type, what it holds; or the field once more, or not at all. */
export function mutateFields(
  random: Random,
  bytes: Uint8Array,
  others: readonly Uint8Array[],
): Uint8Array {
  let changed: Uint8Array = bytes;
  for (let i = random.below(3); i >= 0 && changed.length > 2; i--)
    changed = withFault(random, changed, others);
  return changed;
}

function withFault(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const fields = fieldsOf(bytes);
  const field = fields[random.below(fields.length)] ?? 0;
  const length = bytes[field + 1] ?? 0;
  const copy = bytes.slice();
  switch (random.below(6)) {
    case 0: // A length that lies.
      copy[field + 1] = random.oneIn(2) ? random.below(256) : length + random.below(5) - 2;
      return copy;
    case 1: // Another number or type.
      copy[field] = random.below(256);
      return copy;
    case 2: // Twice; the lengths around it lie by as much.
      return joined(bytes.subarray(0, field + 2 + length), bytes.subarray(field));
    case 3: // Not at all.
      return joined(bytes.subarray(0, field), bytes.subarray(field + 2 + length));
    case 4: {
      // What another file has, in place of as many bytes.
      const other = random.pick(others);
      const size = Math.min(random.below(64) + 1, other.length, copy.length);
      const from = random.below(other.length - size + 1);
      copy.set(other.subarray(from, from + size), random.below(copy.length - size + 1));
      return copy;
    }
    default: // One byte of what it holds.
      if (length > 0) copy[field + 2 + random.below(length)] = random.below(256);
      return copy;
  }
}
