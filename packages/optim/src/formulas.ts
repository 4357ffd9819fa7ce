/**
 * What the formulas of several optimizers have in common.
 */
import type { ElementwiseUpdate, KeptRows, ScalarAlgebra, Tensor } from "@chainrule/core";
import {
  contiguousOperand,
  finishUpdates,
  fromTypedArray,
  indexSelect,
  writable,
} from "@chainrule/core";

/** The numbers that {@link penalized} needs: −1 to climb, and how strong the L2 penalty is. (L1 is in the gradient.) */
export const penaltyParameters = ["sign", "decay"] as const;

/** g = sign·∇L + decay·θ */
export function penalized<T>(
  s: ScalarAlgebra<T>,
  theta: T,
  gradient: T,
  { sign, decay }: { readonly sign: T; readonly decay: T },
): T {
  return s.add(s.mul(sign, gradient), s.mul(decay, theta));
}

/**
 * a + share·(x − a): an average that moves towards what is new. As (1 − share)·a + share·x it would lose its scale in
 * float32, where the roundings of the two shares do not add up to 1.
 */
export function moved<T>(s: ScalarAlgebra<T>, average: T, share: T, x: T): T {
  return s.add(average, s.mul(share, s.sub(x, average)));
}

/** Makes an update in the rows only that a row-sparse gradient keeps. */
export function updateRows<Arrays extends string, Parameters extends string>(
  update: ElementwiseUpdate<Arrays | "gradient", Parameters>,
  tables: Readonly<Record<Arrays, Tensor>>,
  { indices, values, shape }: KeptRows,
  parameters: Readonly<Record<Parameters, number>>,
): void {
  const index = fromTypedArray(indices);
  const names = Object.keys(tables) as Arrays[];
  const parts = names.map((name) => [
    name,
    contiguousOperand(indexSelect(tables[name].detach(), 0, index)),
  ]);
  const gradient = fromTypedArray(values, [indices.length, ...shape.slice(1)]);
  const rows = Object.fromEntries([...parts, ["gradient", gradient]]);
  update(rows as Record<Arrays | "gradient", Tensor>, parameters);
  finishUpdates();
  const width = indices.length === 0 ? 0 : values.length / indices.length;
  for (const name of names) {
    const table = writable(tables[name]);
    const { data } = (rows[name] as Tensor).storage;
    for (let i = 0; i < indices.length; i++)
      table.set(data.subarray(i * width, (i + 1) * width), indices[i]! * width);
  }
}
