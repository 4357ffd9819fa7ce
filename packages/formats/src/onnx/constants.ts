/**
 * Constants that follow the lengths of dynamic axes: `zeros([batch, n])`, `arange(length)`, a causal mask.
 */
import type { Tensor } from "@chainrule/core";
import type { Emitter, Value } from "./emitter.ts";
import type { Described } from "./mapping.ts";

/** How a constant that was other numbers in other runs is computed from lengths; `null` if no rule is known. */
export function emitVaryingConstant(
  e: Emitter,
  tensors: readonly Tensor[],
  { dtype, shape }: Described,
): Value | null {
  if (tensors.some((x) => x.batch !== null)) return null;
  if (dtype === "bool" && tensors.every(isCausal)) {
    const [queries, keys] = shape.map((size) => rangeTo(e, e.sizes([size])));
    const column = e.op("Unsqueeze", [queries!, e.int64s([1])]);
    return e.op("GreaterOrEqual", [column, keys!]);
  }
  const values = tensors.map((x) => x.toTypedArray());
  const [first] = values[0]!;
  if (first !== undefined && values.every((list) => list.every((value) => value === first))) {
    return e.op("Expand", [e.scalar(first, dtype), e.sizes(shape)]);
  }
  const step = values[0]![1] === undefined ? 1 : values[0]![1] - first!;
  const isRange =
    shape.length === 1 &&
    values.every((list) => list.every((value, i) => value === first! + i * step));
  if (!isRange || first === undefined || dtype === "bool") return null;
  const steps = e.cast(rangeTo(e, e.sizes(shape)), dtype);
  return e.op("Add", [e.op("Mul", [steps, e.scalar(step, dtype)]), e.scalar(first, dtype)]);
}

/** 0, 1, 2, … up to but without a length, which is a list of one. */
function rangeTo(e: Emitter, length: Value): Value {
  const limit = e.op("Squeeze", [length, e.int64s([0])]);
  return e.op("Range", [e.int64(0), limit, e.int64(1)]);
}

/** Whether it is a matrix that is true where the column is not behind the row. */
function isCausal(x: Tensor): boolean {
  if (x.ndim !== 2) return false;
  const columns = x.shape[1]!;
  const isAllowed = (i: number): boolean => i % columns <= Math.floor(i / columns);
  return x.toTypedArray().every((value, i) => value === Number(isAllowed(i)));
}
