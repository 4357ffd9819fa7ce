import type { DType, IndexItem, Shape, TensorLike } from "@chainrule/core";
import {
  defineOp,
  grad,
  hessian,
  jacobian,
  jvp,
  pointwise,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
  within,
} from "@chainrule/core";
import { describe, expectTypeOf, it } from "vitest";

declare const x: Tensor;

describe("tensors", () => {
  it("have state", () => {
    expectTypeOf(x.shape).toEqualTypeOf<Shape>();
    expectTypeOf(x.dtype).toEqualTypeOf<DType>();
    expectTypeOf(x.grad).toEqualTypeOf<Tensor | null>();
    expectTypeOf(x.item()).toBeNumber();
    expectTypeOf(x.size()).toEqualTypeOf<Shape>();
    expectTypeOf(x.size(0)).toBeNumber();
  });

  it("have every op as a method, its first argument being this", () => {
    expectTypeOf(x.mul).parameters.toEqualTypeOf<[b: TensorLike]>();
    expectTypeOf(x.add(1)).toEqualTypeOf<Tensor>();
    expectTypeOf(x.matmul(x)).toEqualTypeOf<Tensor>();
    expectTypeOf(x.sum(0, { keepdim: true })).toEqualTypeOf<Tensor>();
    expectTypeOf(x.at).parameters.toEqualTypeOf<IndexItem[]>();
    expectTypeOf(x.leakyRelu({ negativeSlope: 0.1 })).toEqualTypeOf<Tensor>();
  });

  it("refuse options that do not exist", () => {
    // @ts-expect-error keepDim is spelt keepdim
    x.sum(0, { keepDim: true });
    // @ts-expect-error relu takes no options
    x.relu({ slope: 1 });
    // @ts-expect-error float16 does not exist
    tensor(1, { dtype: "float16" });
  });

  it("cannot be written over", () => {
    // @ts-expect-error the shape is read-only
    x.shape = [1];
    // @ts-expect-error and so are its lengths
    x.shape[0] = 1;
  });
});

describe("transforms", () => {
  const loss = (parameters: { w: Tensor; layers: Tensor[] }, scale: Tensor): Tensor =>
    parameters.w.mul(scale).sum();

  it("grad has the nesting of the argument, and takes numbers", () => {
    const found = grad(loss)({ w: 1, layers: [x, 2] }, 3);
    expectTypeOf(found).toEqualTypeOf<{ w: Tensor; layers: Tensor[] }>();
    expectTypeOf(valueAndGrad(loss)({ w: x, layers: [] }, x).value).toEqualTypeOf<Tensor>();
    expectTypeOf(grad((t: Tensor) => t)(2)).toEqualTypeOf<Tensor>();
    expectTypeOf(grad(x, x)).toEqualTypeOf<Tensor>();
    expectTypeOf(grad(x, [x, x])).toEqualTypeOf<Tensor[]>();
    expectTypeOf(grad(x, [x], { allowUnused: true })).toEqualTypeOf<(Tensor | null)[]>();
  });

  it("vjp, jvp, jacobian, hessian and vmap keep the types of functions", () => {
    const f = (a: Tensor, b: Tensor): Tensor => a.mul(b);
    expectTypeOf(vjp(f, x, x).pullback(x)).toEqualTypeOf<[a: Tensor, b: Tensor]>();
    expectTypeOf(jvp(f, [x, x], [x, x]).tangent).toEqualTypeOf<Tensor>();
    expectTypeOf(jacobian(f)(x, x)).toEqualTypeOf<Tensor>();
    expectTypeOf(
      hessian((p: { a: Tensor; b: Tensor }) => f(p.a, p.b))({ a: x, b: x }).a.b,
    ).toEqualTypeOf<Tensor>();
    expectTypeOf(vmap(f)).toEqualTypeOf<(a: Tensor, b: Tensor) => Tensor>();
  });
});

describe("ops of one's own", () => {
  it("pointwise: a function of as many tensors as there are names, and of its parameters", () => {
    const blend = pointwise({
      name: "blend",
      operands: ["a", "b"],
      parameters: { weight: 0.5 },
      value: (s, a, b, p) => s.add(s.mul(p.weight, a), s.mul(s.sub(s.one, p.weight), b)),
      derivative: (s, _a, _b, _y, p) => [p.weight, s.sub(s.one, p.weight)],
      samples: [{ args: [within(-1, 1), within(-1, 1)] }],
    });
    expectTypeOf(blend(x, 2)).toEqualTypeOf<Tensor>();
    expectTypeOf(blend(x, 2, { weight: 0.1 })).toEqualTypeOf<Tensor>();
    // @ts-expect-error two operands are needed
    blend(x);
  });

  it("defineOp: the signature of its call", () => {
    const scaled = defineOp({
      name: "scaled",
      formula: "y = c x",
      call: (a: TensorLike, factor: number) => ({ operands: [a], options: { factor } }),
      shape: ([a]) => a!.shape,
      forward: ([a], y, { factor }) => {
        expectTypeOf(factor).toBeNumber();
        y.storage.data.set(a!.toTypedArray());
      },
      vjp: [(cotangent, { options }) => cotangent.mul(options.factor)],
      samples: [],
    });
    expectTypeOf(scaled(x, 2)).toEqualTypeOf<Tensor>();
    // @ts-expect-error the factor is needed
    scaled(x);
  });
});

describe("the class", () => {
  it("can be asked for", () => {
    expectTypeOf<Tensor>().toEqualTypeOf<InstanceType<typeof Tensor>>();
  });
});
