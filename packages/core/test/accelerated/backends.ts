/** What the tests of accelerated kernels share. */
import type { BackendName } from "@chainrule/core";
import { setBackend, Tensor, tensor } from "@chainrule/core";

/** Calls a function on one backend, and sets back what was set before. */
export function onBackend<T>(name: BackendName, compute: () => T): T {
  const before = setBackend(name);
  try {
    return compute();
  } finally {
    setBackend(before);
  }
}

export const specialNumbers: readonly number[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  2 ** -149,
  -(2 ** -130),
  // Large, but so that no product of two leaves the range of float32: where a sum overflows depends on its order.
  2 ** 60,
];

/** Draws float32 tensors from a seed. */
export function draws(seed: number) {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  random();
  const integer = (below: number): number => Math.floor(random() * below);

  const plain = (shape: readonly number[], low = -2, high = 2): Tensor => {
    const count = shape.reduce((product, length) => product * length, 1);
    const numbers = Float32Array.from({ length: count }, () => low + (high - low) * random());
    return tensor(numbers).reshape([...shape]);
  };

  /** Of this shape, in memory of any order and steps; one in three holds special numbers. */
  const view = (shape: readonly number[], low = -2, high = 2): Tensor => {
    const order = shape.map((_, i) => i);
    for (let i = order.length - 1; i > 0; i--) {
      const j = integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    const gaps = shape.map(() => (integer(3) === 0 ? 2 : 1));
    const margin = integer(3);
    const base = plain(
      order.map((dim) => shape[dim]! * gaps[dim]! + margin),
      low,
      high,
    );
    if (integer(3) === 0 && base.numel() > 0) {
      const { data } = base.storage;
      for (const special of specialNumbers)
        if (integer(2) === 0) data[integer(data.length)] = special;
    }
    const strides = new Array<number>(shape.length).fill(0);
    let offset = base.offset;
    for (const [place, dim] of order.entries()) {
      strides[dim] = base.strides[place]! * gaps[dim]!;
      offset += margin * base.strides[place]!;
    }
    return new Tensor(base.storage, base.dtype, [...shape], strides, offset);
  };

  return { random, integer, plain, view };
}
