/**
 * Layers one after the other.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, IndexError, quoted } from "@chainrule/core";
import type { Layer } from "../module.ts";
import { Module } from "../module.ts";
import { isModule } from "../registry.ts";

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
 * so each keeps its type. Functions such as `relu`, or one of your own, need no layer around them.
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
  /** The layers as they were given: a tuple, or an object of them. */
  readonly layers: LayersOf<Given>;
  private readonly steps: readonly (readonly [name: string, step: Step])[];

  constructor(...given: Given) {
    super();
    const [first] = given;
    const isNamed =
      given.length === 1 && typeof first === "object" && first !== null && !isModule(first);
    const layers: object = isNamed ? first : given;
    this.steps = Object.entries(layers).map(([name, step]) => [name, checkStep(name, step)]);
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
  at(index: number): Step {
    const step = this.steps.at(index);
    if (step === undefined || !Number.isInteger(index)) {
      throw new IndexError(
        `Sequential: there is no layer ${quoted(index)} among ${this.steps.length}.`,
        { index, length: this.steps.length },
      );
    }
    return step[1];
  }

  *[Symbol.iterator](): IterableIterator<Step> {
    for (const [, step] of this.steps) yield step;
  }

  override members(): readonly (readonly [name: string, value: unknown])[] {
    return this.steps;
  }

  override forward(x: Tensor): Tensor {
    let y = x;
    for (const [, step] of this.steps) y = typeof step === "function" ? step(y) : step.forward(y);
    return y;
  }
}

function checkStep(name: string, step: unknown): Step {
  if (isModule(step) || typeof step === "function") return step as Step;
  throw new ArgumentError(
    `Sequential: layer ${name} is ${quoted(step)}, neither a module nor a function of a tensor.`,
    { layer: name },
  );
}
