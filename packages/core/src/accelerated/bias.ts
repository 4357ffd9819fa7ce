/**
 * Adding a bias to rows of float32 numbers in WebAssembly: single roundings, with the bits of the plain loop.
 */
import { Tensor } from "../tensor.ts";
import { computeWhole } from "./whole.ts";

/** So much work an addition is, in products of a matrix product. */
const workOfNumber = 8;
/** From so many numbers on copying them pays. */
const leastNumbers = 1 << 13;
/** Numbers that a thread takes at a time. */
const partNumbers = 1 << 14;

/** y ← y + bias for y of rows as long as the bias, a number or a row. False where the plain loop is to do it. */
export function addBiasAccelerated(y: Tensor, bias: Tensor, length: number): boolean {
  const numbers = y.numel();
  if (y.dtype !== "float32" || bias.dtype !== "float32" || numbers === 0) return false;
  const step = bias.ndim === 0 ? 0 : bias.strides[0]!;
  const row = new Tensor(bias.storage, bias.dtype, [length], [step], bias.offset);
  const work = workOfNumber * numbers;
  return computeWhole(
    { operands: [y, row], results: [y], work, least: workOfNumber * leastNumbers },
    ({ kernels, operands: [source, addend], results: [target], part }) => {
      const rows = numbers / length;
      const most = Math.max(1, Math.floor(partNumbers / length));
      for (let first = 0; first < rows; first += most) {
        const at = 4 * first * length;
        const count = Math.min(most, rows - first);
        kernels.addRow(target! + at, source! + at, addend!, count, length);
        part();
      }
    },
  );
}
