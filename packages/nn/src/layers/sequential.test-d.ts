import type { Tensor } from "@chainrule/core";
import { relu } from "@chainrule/core";
import type { Layer } from "@chainrule/nn";
import { Linear, Module, Sequential } from "@chainrule/nn";
import { expectTypeOf, it } from "vitest";

declare const x: Tensor;

it("keeps the types of its layers, by place and by name", () => {
  const byPlace = new Sequential(new Linear(2, 3), relu, new Linear(3, 1));
  expectTypeOf(byPlace.layers[0]).toEqualTypeOf<Linear>();
  expectTypeOf(byPlace.layers[2].outFeatures).toBeNumber();
  expectTypeOf(byPlace.forward(x)).toEqualTypeOf<Tensor>();
  expectTypeOf(byPlace.at(1)).toEqualTypeOf<Layer>();
  const byName = new Sequential({ encode: new Linear(2, 1), inner: new Sequential(relu) });
  expectTypeOf(byName.layers.encode).toEqualTypeOf<Linear>();
  expectTypeOf(byName.layers.inner.layers[0]).toEqualTypeOf<typeof relu>();
  // @ts-expect-error there is no such layer
  byName.layers.decode;
  // @ts-expect-error there is no third layer
  byPlace.layers[3];
});

it("takes layers of one tensor only", () => {
  class Pair extends Module {
    override forward(a: Tensor, b: Tensor): Tensor {
      return a.add(b);
    }
  }
  // @ts-expect-error a pair is wanted
  new Sequential(new Pair());
  // @ts-expect-error the result is no tensor
  new Sequential((y: Tensor) => y.item());
  const layers: Layer[] = [new Linear(1, 1)];
  expectTypeOf(new Sequential(...layers).layers).toEqualTypeOf<Layer[]>();
});

it("a module has the forward of its class", () => {
  class Two extends Module {
    override forward(a: Tensor, scale = 1): { readonly y: Tensor } {
      return { y: a.mul(scale) };
    }
  }
  expectTypeOf(new Two().forward(x, 2)).toEqualTypeOf<{ readonly y: Tensor }>();
  // @ts-expect-error a string is no scale
  new Two().forward(x, "2");
});
