/**
 * The worked examples of the lecture notes, captured with their update.
 */
import { noGrad, type Tensor, tensor } from "@chainrule/core";
import { capture, type Trace } from "../../src/index.ts";

const double = { dtype: "float64" } as const;

const weights = (values: Parameters<typeof tensor>[0], name: string): Tensor =>
  tensor(values, { ...double, requiresGrad: true, name });

const given = (values: Parameters<typeof tensor>[0], name: string): Tensor =>
  tensor(values, { ...double, name });

/** A step against the gradient. */
function descend(rate: number, ...parameters: Tensor[]): { update: () => void } {
  return {
    update: () =>
      noGrad(() => {
        for (const w of parameters) w.sub_(w.grad!.mul(rate));
      }),
  };
}

export const symbols = { W: ["w1", "w2", "w3", "w4"], V: ["w5", "w6", "w7", "w8"] };

export const programs: Readonly<Record<string, () => Trace>> = {
  "two-two-two": () => {
    const [x, t] = [given([0.05, 0.1], "x"), given([0.01, 0.99], "t")];
    const w = weights(
      [
        [0.15, 0.2],
        [0.25, 0.3],
      ],
      "W",
    );
    const v = weights(
      [
        [0.4, 0.45],
        [0.5, 0.55],
      ],
      "V",
    );
    return capture(
      () => {
        const h = w.matmul(x).add(0.35).sigmoid();
        const o = v.matmul(h).add(0.6).sigmoid();
        return t.sub(o).square().mul(0.5).sum();
      },
      descend(0.5, w, v),
    );
  },
  "xor-online": () => {
    const x = given([0, 1], "x");
    const w1 = weights(
      [
        [0.1, 0.5],
        [-0.7, 0.3],
      ],
      "W1",
    );
    const w2 = weights([0.2, 0.4], "W2");
    return capture(
      () =>
        x.matmul(w1).sigmoid().matmul(w2).sigmoid().named("f").sub(1).square().mul(0.5).named("E"),
      descend(0.25, w1, w2),
    );
  },
  "one-weight": () => {
    const w = weights(2, "w");
    return capture(() => w.mul(3).sub(10).square(), descend(0.01, w));
  },
  "two-relu-layers": () => {
    const x = given([0, 1], "x");
    const w1 = weights(
      [
        [0, 2],
        [1, 3],
      ],
      "W1",
    );
    const w2 = weights([1, 2], "W2");
    return capture(() => x.matmul(w1).relu().matmul(w2).named("y").sub(4).square());
  },
  "nested-function": () => {
    const [w10, w11, w12] = [weights(0.1, "w10"), weights(0.2, "w11"), weights(-0.3, "w12")];
    const [w20, w21] = [weights(0.4, "w20"), weights(0.5, "w21")];
    return capture(() =>
      w11
        .mul(1)
        .add(w12.mul(2))
        .add(w10)
        .tanh()
        .mul(w21)
        .add(w20)
        .sigmoid()
        .named("f")
        .sub(1)
        .square()
        .mul(0.5)
        .named("e"),
    );
  },
  "three-neurons": () => {
    const [w1, w2, w3] = [weights(0.32, "w1"), weights(0.18, "w2"), weights(0.23, "w3")];
    const x = given(1, "x");
    return capture(
      () => x.mul(w1).sigmoid().mul(w2).sigmoid().mul(w3).sigmoid().square().named("C"),
      descend(0.1, w1, w2, w3),
    );
  },
  "reused-node": () => {
    const a = weights(1, "a");
    return capture(() => {
      const b = a.add(a).named("b");
      return b.add(b).named("c");
    });
  },
};
