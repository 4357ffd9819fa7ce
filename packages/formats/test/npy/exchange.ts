/** Files that NumPy wrote, and files for it to read: the other side of `exchange.py`. */
import type { Tensor } from "@chainrule/core";
import { fromTypedArray, manualSeed, randn, tensor, zeros } from "@chainrule/core";
import {
  readNpy,
  readNpz,
  readSafetensors,
  writeNpy,
  writeNpz,
  writeSafetensors,
} from "@chainrule/formats";

/** A file with the arrays that are in it. */
export interface Exchanged {
  readonly name: string;
  readonly format: string;
  /** In base64. */
  readonly bytes: string;
  readonly arrays: readonly ExchangedArray[];
}

interface ExchangedArray {
  readonly name: string;
  /** NumPy's name of the type. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** In C order; NaN and the infinities as text. */
  readonly values: readonly (number | boolean | string)[];
}

/** What `exchange.py make` wrote. */
export function parseLines(text: string): Exchanged[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line): Exchanged => JSON.parse(line));
}

/** The tensors in a file that NumPy wrote. */
export function tensorsIn({ format, bytes }: Exchanged): ReadonlyMap<string, Tensor> {
  const content = new Uint8Array(Buffer.from(bytes, "base64"));
  if (format === "npy") return new Map([["", readNpy(content)]]);
  return format === "npz" ? readNpz(content) : readSafetensors(content).tensors;
}

/** What is wrong with the tensors that were read; nothing, one hopes. */
export function differences(file: Exchanged): string[] {
  const tensors = tensorsIn(file);
  const problems: string[] = [];
  if (tensors.size !== file.arrays.length) problems.push(`${tensors.size} tensors`);
  for (const { name, shape, values } of file.arrays) {
    const x = tensors.get(name);
    if (x === undefined || String(x.shape) !== String(shape)) {
      problems.push(`${name}: ${x?.shape} instead of ${shape}`);
      continue;
    }
    const numbers = values.map(Number);
    const wrong = [...x.toTypedArray()].findIndex((value, i) => !Object.is(value, numbers[i]));
    if (wrong >= 0) problems.push(`${name}: element ${wrong} is ${x.toTypedArray()[wrong]}`);
  }
  return problems;
}

/** Files of all formats for NumPy to read. */
export function filesForNumPy(): Exchanged[] {
  manualSeed(11);
  const numpyNames = { float32: "float32", float64: "float64", int32: "int32", bool: "bool" };
  const described = (
    name: string,
    x: Tensor,
    dtype: string = numpyNames[x.dtype],
  ): ExchangedArray => ({
    name,
    dtype,
    shape: x.shape,
    values: Array.from(x.toTypedArray(), (value) =>
      Number.isFinite(value) ? value : String(value),
    ),
  });
  const special = [0.5, -0, Infinity, -Infinity, Number.NaN, 2 ** -126];
  const tensors: Record<string, Tensor> = {
    float32: fromTypedArray(Float32Array.from(special), [2, 3]),
    float64: fromTypedArray(Float64Array.from(special), [3, 2]),
    int32: tensor([-(2 ** 31), 2 ** 31 - 1], { dtype: "int32" }),
    bool: tensor([[true, false]]),
    "0-d": tensor(3),
    "without elements": zeros([2, 0]),
    "transposed é": randn([3, 4, 5]).transpose(0, 2),
    many: randn([100, 30]),
  };
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const all = Object.entries(tensors).map(([name, x]) => described(name, x));
  const half = tensor([1, -2, 65504, 2 ** -24, 0.333251953125]);
  return [
    ...Object.entries(tensors).map(([name, x]) => ({
      name,
      format: "npy",
      bytes: base64(writeNpy(x)),
      arrays: [described("", x)],
    })),
    {
      name: "half",
      format: "npy",
      bytes: base64(writeNpy(half, { type: "F16" })),
      arrays: [described("", half, "float16")],
    },
    { name: "stored", format: "npz", bytes: base64(writeNpz(tensors)), arrays: all },
    {
      name: "deflated",
      format: "npz",
      bytes: base64(writeNpz(tensors, { compress: true })),
      arrays: all,
    },
    {
      name: "safetensors",
      format: "safetensors",
      bytes: base64(writeSafetensors(tensors, { metadata: { by: "us" } })),
      arrays: all,
    },
    {
      name: "safetensors of other types",
      format: "safetensors",
      bytes: base64(
        writeSafetensors(
          { half, n: tensors.int32! },
          { type: (name) => (name === "n" ? "I64" : "F16") },
        ),
      ),
      arrays: [described("half", half, "float16"), described("n", tensors.int32!, "int64")],
    },
  ];
}
