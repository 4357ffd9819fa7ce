/**
 * Layers one after the other.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, IndexError, quoted } from "@chainrule/core";
import type { Layer } from "../module.ts";
import { Module } from "../module.ts";
import { isModule } from "../registry.ts";
import { Lambda } from "./lambda.ts";

/** What can stand in a {@link Sequential}: a layer, or a function from tensor to tensor. */
export type Step = Layer | ((x: Tensor) => Tensor);

/** What a {@link Sequential} is given: layers one by one, or one object of them. */
export type Steps = readonly Step[] | readonly [Readonly<Record<string, Step>>];

/** The layers as they were given: a tuple, or the object. */
export type LayersOf<Given extends Steps> = Given extends readonly Step[]
  ? Given
  : Given extends readonly [infer Named]
    ? Named
    : never;

/**
 * Layers one after the other: the output of each is the input of the next.
 *
 * Given one by one, they are called `0`, `1`, …; given in an object, by its keys. `layers` holds them as they were given,
 * so each keeps its type. A function such as `relu`, or one of your own, becomes a layer by itself.
 *
 * @throws {ArgumentError} for anything that is no layer and no function.
 * @example
 * import { randn, relu } from "@chainrule/core";
 * import { Linear, Sequential } from "@chainrule/nn";
 * const model = new Sequential(new Linear(2, 16), relu, new Linear(16, 1));
 * model.forward(randn([100, 2])).shape; // → [ 100, 1 ]
 * model.layers[0].outFeatures; // → 16
 * const named = new Sequential({ encode: new Linear(8, 2), decode: new Linear(2, 8) });
 * named.layers.encode.weight.shape; // → [ 2, 8 ]
 * named;
 * // →
 * // Sequential(
 * //   (encode): Linear(inFeatures=8, outFeatures=2, bias=true)
 * //   (decode): Linear(inFeatures=2, outFeatures=8, bias=true)
 * // )
 */
export class Sequential<const Given extends Steps = readonly Step[]> extends Module {
  static override readonly isConfined = true;

  /** The layers as they were given: a tuple, or an object of them. */
  readonly layers: LayersOf<Given>;
  private readonly steps: readonly (readonly [name: string, layer: Layer])[];

  constructor(...given: Given) {
    super();
    const [first] = given;
    const isNamed =
      given.length === 1 && typeof first === "object" && first !== null && !isModule(first);
    const layers: object = isNamed ? first : given;
    this.steps = Object.entries(layers).map(([name, step]) => [name, layerOf(name, step)]);
    this.layers = layers as LayersOf<Given>;
  }

  /** How many layers there are. */
  get length(): number {
    return this.steps.length;
  }

  /**
   * The layer at a place; negative places count from the end.
   *
   * @throws {IndexError} when there is none.
   */
  at(index: number): Layer {
    const step = this.steps.at(index);
    if (step === undefined || !Number.isInteger(index)) {
      throw new IndexError(
        `Sequential: there is no layer ${quoted(index)} among ${this.steps.length}.`,
        { index, length: this.steps.length },
      );
    }
    return step[1];
  }

  *[Symbol.iterator](): IterableIterator<Layer> {
    for (const [, layer] of this.steps) yield layer;
  }

  override members(): readonly (readonly [name: string, value: unknown])[] {
    return this.steps;
  }

  override forward(x: Tensor): Tensor {
    let y = x;
    for (const [, layer] of this.steps) y = layer.forward(y);
    return y;
  }
}

function layerOf(name: string, step: unknown): Layer {
  if (isModule(step)) return step as Layer;
  if (typeof step === "function") return new Lambda(step as (x: Tensor) => Tensor);
  throw new ArgumentError(
    `Sequential: layer ${name} is ${quoted(step)}, neither a module nor a function of a tensor.`,
    { layer: name },
  );
}
