/**
 * Calls of every loss, drawn at random.
 */
import type { Draw, Shape, Tensor } from "@chainrule/core";
import { within } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import type { Recipe } from "./drawn.ts";
import { distinct, unit } from "./drawn.ts";

/** A loss of predictions and targets. */
function loss(
  make: (reduction: object, draw: Draw) => nn.Module,
  inputs: (draw: Draw) => readonly unknown[],
): Recipe {
  return (draw) => {
    const module = make({ reduction: draw.pick(["mean", "sum", "none"] as const) }, draw);
    return { make: () => module.clone(), inputs: inputs(draw) };
  };
}

/** Numbers below −0.5, and others above 0.5: away from one another. */
function apart(draw: Draw): Tensor[] {
  const shape = draw.shape(1, 2);
  return [draw.tensor(shape, within(-2, -0.6)), draw.tensor(shape, within(0.7, 2))];
}

function signs(draw: Draw, shape: Shape): Tensor {
  return draw.mask(shape).to("float64").mul(2).sub(1).detach();
}

function scoresAndClasses(draw: Draw): unknown[] {
  const [samples, classes] = [draw.integer(1, 3), draw.integer(2, 3)];
  return [draw.tensor([samples, classes], distinct), draw.indices([samples], classes)];
}

/** Every loss, and how a call of it is drawn. */
export const losses: Readonly<Record<string, Recipe>> = {
  MSELoss: loss((options) => new nn.MSELoss(options), apart),
  L1Loss: loss((options) => new nn.L1Loss(options), apart),
  SmoothL1Loss: loss(
    (options, draw) => new nn.SmoothL1Loss({ ...options, beta: draw.pick([0.5, 6]) }),
    apart,
  ),
  HuberLoss: loss(
    (options, draw) => new nn.HuberLoss({ ...options, delta: draw.pick([0.5, 6]) }),
    apart,
  ),
  CrossEntropyLoss: loss(
    (options, draw) => new nn.CrossEntropyLoss({ ...options, labelSmoothing: draw.pick([0, 0.2]) }),
    scoresAndClasses,
  ),
  NLLLoss: loss((options) => new nn.NLLLoss(options), scoresAndClasses),
  BCELoss: loss(
    (options) => new nn.BCELoss(options),
    (draw) => {
      const shape = draw.shape(1, 2);
      return [draw.tensor(shape, unit), draw.tensor(shape, unit)];
    },
  ),
  BCEWithLogitsLoss: loss(
    (options) => new nn.BCEWithLogitsLoss(options),
    (draw) => {
      const shape = draw.shape(1, 2);
      return [draw.tensor(shape), draw.tensor(shape, unit)];
    },
  ),
  CTCLoss: loss(
    (options) => new nn.CTCLoss(options),
    (draw) => [
      draw.tensor([4, 2, 3]),
      draw.indices([2, 2], 2).add(1).detach(),
      [4, draw.integer(3, 4)],
      [draw.integer(1, 2), 1],
    ],
  ),
  KLDivLoss: loss(
    (options, draw) => new nn.KLDivLoss({ ...options, logTarget: draw.boolean() }),
    (draw) => {
      const shape = draw.shape(1, 2);
      return [draw.tensor(shape, within(-2, -0.1)), draw.tensor(shape, unit)];
    },
  ),
  PoissonNLLLoss: loss(
    (options, draw) => new nn.PoissonNLLLoss({ ...options, logInput: draw.boolean() }),
    (draw) => {
      const shape = draw.shape(1, 2);
      return [draw.tensor(shape, unit), draw.tensor(shape, within(2, 4))];
    },
  ),
  GaussianNLLLoss: loss(
    (options, draw) => new nn.GaussianNLLLoss({ ...options, full: draw.boolean() }),
    (draw) => {
      const shape = draw.shape(1, 2);
      return [draw.tensor(shape), draw.tensor(shape), draw.tensor(shape, within(0.3, 2))];
    },
  ),
  HingeLoss: loss(
    (options, draw) => new nn.HingeLoss({ ...options, squared: draw.boolean() }),
    (draw) => {
      const scores = draw.tensor([3], within(-2, 2, { avoid: [-1, 1] }));
      return [scores, signs(draw, [3])];
    },
  ),
  PerceptronLoss: loss(
    (options) => new nn.PerceptronLoss(options),
    (draw) => [draw.tensor([3], within(-2, 2, { avoid: [0] })), signs(draw, [3])],
  ),
  HingeEmbeddingLoss: loss(
    (options) => new nn.HingeEmbeddingLoss(options),
    (draw) => [draw.tensor([3], within(-2, 2, { avoid: [1] })), signs(draw, [3])],
  ),
  MarginRankingLoss: loss(
    (options, draw) => new nn.MarginRankingLoss({ ...options, margin: draw.pick([0, 0.5]) }),
    (draw) => [...apart(draw).map((x) => x.flatten().narrow(0, 0, 1)), signs(draw, [1])],
  ),
  SoftMarginLoss: loss(
    (options) => new nn.SoftMarginLoss(options),
    (draw) => [draw.tensor([3]), signs(draw, [3])],
  ),
  MultiMarginLoss: loss(
    // Scores lie on a grid: no difference of theirs is this margin.
    (options, draw) =>
      new nn.MultiMarginLoss({ ...options, margin: 0.93, p: draw.pick([1, 2] as const) }),
    scoresAndClasses,
  ),
  MultiLabelMarginLoss: loss(
    (options) => new nn.MultiLabelMarginLoss(options),
    (draw) => [
      draw.tensor([2, 3], distinct),
      draw.pick([
        [
          [0, -1, 1],
          [2, 1, -1],
        ],
        [
          [1, 2, -1],
          [-1, 0, 0],
        ],
      ]),
    ],
  ),
  MultiLabelSoftMarginLoss: loss(
    (options) => new nn.MultiLabelSoftMarginLoss(options),
    (draw) => [draw.tensor([2, 3]), draw.mask([2, 3]).to("float64").detach()],
  ),
  CosineEmbeddingLoss: loss(
    (options) => new nn.CosineEmbeddingLoss(options),
    (draw) => {
      const domain = within(0.3, 2);
      return [draw.tensor([2, 3], domain), draw.tensor([2, 3], domain), signs(draw, [2])];
    },
  ),
  TripletMarginLoss: loss(
    (options, draw) => new nn.TripletMarginLoss({ ...options, swap: draw.boolean() }),
    (draw) => [
      draw.tensor([2, 3], within(-2, -1)),
      draw.tensor([2, 3], within(0.2, 1)),
      draw.tensor([2, 3], within(1.5, 2)),
    ],
  ),
  TripletMarginWithDistanceLoss: loss(
    (options) => new nn.TripletMarginWithDistanceLoss(options),
    (draw) => [
      draw.tensor([2, 3], within(-2, -1)),
      draw.tensor([2, 3], within(0.2, 1)),
      draw.tensor([2, 3], within(1.5, 2)),
    ],
  ),
};
