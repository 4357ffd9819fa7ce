import { tensor } from "@chainrule/core";
import type { LRScheduler } from "@chainrule/optim";
import {
  Adagrad,
  Adam,
  ChainedScheduler,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiplicativeLR,
  MultiStepLR,
  OneCycleLR,
  PolynomialLR,
  ReduceLROnPlateau,
  SequentialLR,
  SGD,
  StepLR,
  WarmupLR,
} from "@chainrule/optim";
import { describe, expect, test } from "vitest";

const leaf = () => tensor([1, 2], { requiresGrad: true });

const ratesOf = (schedule: LRScheduler, steps: number): number[] =>
  Array.from({ length: steps }, () => {
    schedule.step();
    return schedule.getLastLr()[0]!;
  });

describe("schedules", () => {
  const optimizer = (): SGD => new SGD([leaf()], { lr: 1 });

  test("refuse what is no optimizer, and broken options", () => {
    // @ts-expect-error no optimizer
    expect(() => new StepLR({}, { stepSize: 1 })).toThrow(/StepLR: expected an optimizer/);
    expect(() => new StepLR(optimizer(), { stepSize: 0 })).toThrow(
      /stepSize must be a whole number of at least 1/,
    );
    // @ts-expect-error missing
    expect(() => new StepLR(optimizer())).toThrow(/stepSize must be a whole number/);
    // @ts-expect-error PyTorch's name
    expect(() => new CosineAnnealingLR(optimizer(), { T_max: 1 })).toThrow(
      /unknown option "T_max"/,
    );
  });

  test("a cosine falls, rises, and is exact at its ends, however short", () => {
    const rates = (tMax: number, etaMin: number, steps: number): number[] => {
      const schedule = new CosineAnnealingLR(optimizer(), { tMax, etaMin });
      return Array.from({ length: steps }, () => {
        schedule.step();
        return schedule.getLastLr()[0]!;
      });
    };
    expect(rates(1, 0.5, 4)).toEqual([0.5, 1, 0.5, 1]);
    const longer = rates(10, 0.1, 20);
    expect(longer[9]).toBeCloseTo(0.1, 12);
    expect(longer[19]).toBeCloseTo(1, 12);
  });

  test("work together, and go on from their state", () => {
    const sgd = optimizer();
    const step = new StepLR(sgd, { stepSize: 2, gamma: 0.5 });
    const cosine = new CosineAnnealingLR(sgd, { tMax: 8 });
    for (let i = 0; i < 3; i++) {
      step.step();
      cosine.step();
    }
    const expected = (0.5 * (1 + Math.cos((3 * Math.PI) / 8))) / 2;
    expect(sgd.paramGroups[0]!.lr).toBeCloseTo(expected, 12);
    const resumed = optimizer();
    const other = new CosineAnnealingLR(resumed, { tMax: 8 });
    resumed.loadStateDict(sgd.stateDict());
    other.loadStateDict(cosine.stateDict());
    const state = cosine.stateDict();
    cosine.step();
    other.step();
    expect(other.getLastLr()).toEqual(cosine.getLastLr());
    expect(() => other.loadStateDict({ ...state, lastEpoch: -1 })).toThrow(/lastEpoch must be/);
    expect(() => other.loadStateDict({ ...state, baseLrs: [] })).toThrow(/expected 1 base rates/);
    expect(other.lastEpoch).toBe(4);
  });

  test("in a chain a cosine turns around from the rate that the others left", () => {
    const sgd = optimizer();
    const schedule = new ChainedScheduler([
      new ExponentialLR(sgd, { gamma: 0.5 }),
      new CosineAnnealingLR(sgd, { tMax: 2, etaMin: 0.1 }),
    ]);
    for (let i = 0; i < 3; i++) schedule.step();
    // Epoch 2 ends at the bottom, 0.1; epoch 3 halves it and adds (1 − 0.1)·(1 − cos(π/2))/2, as PyTorch does.
    expect(schedule.getLastLr()[0]).toBeCloseTo(0.05 + 0.45, 14);
  });

  test("in a chain warm restarts begin with the base rate", () => {
    const sgd = optimizer();
    new ConstantLR(sgd, { factor: 0.5 });
    new CosineAnnealingWarmRestarts(sgd, { t0: 3 });
    expect(sgd.paramGroups[0]!.lr).toBe(1);
  });

  test("that end at 0 are never rounded below it, which would be no rate", () => {
    for (let totalIters = 1; totalIters <= 200; totalIters++) {
      const sgd = optimizer();
      const schedule = new LinearLR(sgd, { endFactor: 0, totalIters });
      for (let i = 0; i < totalIters + 2; i++) schedule.step();
      expect(sgd.paramGroups[0]!.lr).toBeGreaterThanOrEqual(0);
      expect(sgd.paramGroups[0]!.lr).toBeLessThan(1e-13);
      sgd.step();
    }
  });

  test("take a group that was added later with its own rate", () => {
    const sgd = optimizer();
    const schedule = new StepLR(sgd, { stepSize: 1, gamma: 0.5 });
    sgd.addParamGroup({ params: [leaf()], lr: 8 });
    schedule.step();
    expect(schedule.getLastLr()).toEqual([0.5, 4]);
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      "milestones that are none",
      () => new MultiStepLR(optimizer(), { milestones: 3 as never }),
      /milestones must be a list/,
    ],
    [
      "a milestone between epochs",
      () => new MultiStepLR(optimizer(), { milestones: [1.5] }),
      /one of the milestones must be a whole number/,
    ],
    ["a factor of 0", () => new ConstantLR(optimizer(), { factor: 0 }), /factor must be more than/],
    [
      "a start above 1",
      () => new LinearLR(optimizer(), { startFactor: 2 }),
      /startFactor must be more than 0 and at most 1/,
    ],
    ["an end below 0", () => new LinearLR(optimizer(), { endFactor: -1 }), /endFactor must be/],
    [
      "no iterations",
      () => new PolynomialLR(optimizer(), { totalIters: 0 }),
      /totalIters must be a whole number/,
    ],
    ["no gamma", () => new ExponentialLR(optimizer(), {} as never), /gamma/],
    [
      "no function",
      () => new LambdaLR(optimizer(), { lrLambda: 1 as never }),
      /lrLambda must be a function/,
    ],
    [
      "two functions for one group",
      () => new MultiplicativeLR(optimizer(), { lrLambda: [() => 1, () => 1] }),
      /2 functions were given for 1 groups/,
    ],
    [
      "a restart after nothing",
      () => new CosineAnnealingWarmRestarts(optimizer(), { t0: 0 }),
      /t0 must be/,
    ],
    [
      "a mode that is none",
      () => new CyclicLR(optimizer(), { baseLr: 0, maxLr: 1, mode: "round" as never }),
      /mode must be "triangular"/,
    ],
    [
      "a scale mode that is none",
      () =>
        new CyclicLR(optimizer(), {
          baseLr: 0,
          maxLr: 1,
          scaleFn: () => 1,
          scaleMode: "x" as never,
        }),
      /scaleMode must be "cycle" or "iterations"/,
    ],
    [
      "momentum of an optimizer without",
      () => new CyclicLR(new Adagrad([leaf()]), { baseLr: 0, maxLr: 1 }),
      /group 0 has neither momentum nor betas\. Give \{ cycleMomentum: false \}/,
    ],
    [
      "rates for other groups",
      () => new CyclicLR(optimizer(), { baseLr: [0, 1], maxLr: 1 }),
      /baseLr has 2 numbers for 1 groups/,
    ],
    [
      "a cycle of unknown length",
      () => new OneCycleLR(optimizer(), { maxLr: 1, epochs: 3 }),
      /give totalSteps, or both epochs and stepsPerEpoch/,
    ],
    [
      "a part above 1",
      () => new OneCycleLR(optimizer(), { maxLr: 1, totalSteps: 3, pctStart: 2 }),
      /pctStart must be from 0 to 1/,
    ],
    [
      "a strategy that is none",
      () =>
        new OneCycleLR(optimizer(), { maxLr: 1, totalSteps: 3, annealStrategy: "exp" as never }),
      /annealStrategy must be "cos" or "linear"/,
    ],
    [
      "a factor that raises",
      () => new ReduceLROnPlateau(optimizer(), { factor: 1 }),
      /factor must be at least 0 and less than 1/,
    ],
    [
      "no mode",
      () => new ReduceLROnPlateau(optimizer(), { mode: "least" as never }),
      /mode must be "min" or "max"/,
    ],
    [
      "no threshold mode",
      () => new ReduceLROnPlateau(optimizer(), { thresholdMode: "x" as never }),
      /thresholdMode must be/,
    ],
    [
      "smallest rates for other groups",
      () => new ReduceLROnPlateau(optimizer(), { minLr: [1, 2] }),
      /minLr has 2 numbers for 1 groups/,
    ],
    ["nothing to chain", () => new ChainedScheduler([]), /expected a list of schedules/],
    [
      "what is no schedule",
      () => new ChainedScheduler([optimizer() as never]),
      /schedule 0 is none/,
    ],
    [
      "schedules of two optimizers",
      () =>
        new ChainedScheduler([
          new ConstantLR(optimizer()),
          new ExponentialLR(optimizer(), { gamma: 1 }),
        ]),
      /schedule 1 was made for another optimizer/,
    ],
    [
      "a warm-up for another optimizer",
      () =>
        new WarmupLR(optimizer(), {
          totalIters: 2,
          after: new StepLR(optimizer(), { stepSize: 1 }),
        }),
      /schedule 1 was made for another optimizer/,
    ],
    ["a warm-up of no length", () => new WarmupLR(optimizer(), { totalIters: 0 }), /totalIters/],
  ])("refuse %s", (_name, make, message) => {
    expect(make).toThrow(message);
  });

  test("in sequence need milestones between them that rise", () => {
    const sgd = optimizer();
    const parts = (): LRScheduler[] => [1, 2, 3].map(() => new ExponentialLR(sgd, { gamma: 0.5 }));
    const make = (milestones: number[]) => () =>
      new SequentialLR(sgd, { schedulers: parts(), milestones });
    expect(make([1])).toThrow(/3 schedules need 2 milestones between them, not 1/);
    expect(make([3, 2])).toThrow(/milestones must rise, not 3, 2/);
    expect(ratesOf(make([1, 3])(), 5)).toEqual([1, 0.5, 1, 0.5, 0.25]);
    // Of two that begin at once the second one does.
    expect(ratesOf(make([2, 2])(), 4)).toEqual([0.5, 1, 0.5, 0.25]);
  });

  test("may stand in one another", () => {
    const sgd = optimizer();
    const inner = new SequentialLR(sgd, {
      schedulers: [
        new ConstantLR(sgd, { factor: 0.5, totalIters: 9 }),
        new ExponentialLR(sgd, { gamma: 0.5 }),
      ],
      milestones: [1],
    });
    const chained = new ChainedScheduler([inner, new StepLR(sgd, { stepSize: 2, gamma: 0.1 })]);
    const schedule = new WarmupLR(sgd, { totalIters: 1, after: chained });
    expect(schedule.getLastLr()).toEqual([0.5]);
    const rates = ratesOf(schedule, 4);
    for (const [i, rate] of [0.5, 1, 0.05, 0.025].entries()) expect(rates[i]).toBeCloseTo(rate, 12);
    const state = schedule.stateDict();
    const expected = ratesOf(schedule, 3);
    schedule.loadStateDict(state);
    expect(ratesOf(schedule, 3)).toEqual(expected);
    expect(() => schedule.loadStateDict({ ...state, schedulers: [] })).toThrow(
      /expected the states of 2 schedules/,
    );
  });

  test("of one cycle end with an error, and nothing has moved then", () => {
    const sgd = new SGD([leaf()], { lr: 1, momentum: 0.9 });
    const schedule = new OneCycleLR(sgd, { maxLr: 1, totalSteps: 2 });
    ratesOf(schedule, 2);
    const [lr] = schedule.getLastLr();
    expect(() => schedule.step()).toThrow(/this is step 3, but the schedule was made for 2/);
    expect(schedule.getLastLr()).toEqual([lr]);
    expect(schedule.lastEpoch).toBe(2);
  });

  test("of groups that were added later", () => {
    const sgd = optimizer();
    const lambda = new LambdaLR(sgd, { lrLambda: [(epoch) => 1 / (1 + epoch)] });
    const cyclic = new CyclicLR(sgd, { baseLr: [1], maxLr: 2, cycleMomentum: false });
    sgd.addParamGroup({ params: [leaf()], lr: 3 });
    expect(() => lambda.step()).toThrow(/group 1 was added later and has no function/);
    expect(() => cyclic.step()).toThrow(/group 1 was added later and has no baseLr/);
    expect(lambda.lastEpoch).toBe(0);
    expect(sgd.paramGroups[1]!.lr).toBe(3);
  });

  test("of functions of one's own", () => {
    const byCycle = { baseLr: 0, maxLr: 1, stepSizeUp: 1, cycleMomentum: false };
    const a = new CyclicLR(optimizer(), { ...byCycle, scaleFn: (cycle) => cycle });
    expect(ratesOf(a, 4)).toEqual([1, 0, 2, 0]);
    const b = new CyclicLR(optimizer(), {
      ...byCycle,
      scaleFn: (step) => step,
      scaleMode: "iterations",
    });
    expect(ratesOf(b, 4)).toEqual([1, 0, 3, 0]);
    const broken = new LambdaLR(optimizer(), {
      lrLambda: (epoch) => (epoch === 0 ? 1 : Number.NaN),
    });
    expect(() => broken.step()).toThrow(/the factor must be a number, not NaN/);
  });

  test("set Adam's first beta where others have momentum", () => {
    const adam = new Adam([leaf()], { betas: [0.9, 0.99] });
    const schedule = new CyclicLR(adam, { baseLr: 1, maxLr: 2, stepSizeUp: 1 });
    schedule.step();
    expect(adam.paramGroups[0]!.betas).toEqual([0.8, 0.99]);
    expect(() => schedule.loadStateDict({ ...schedule.stateDict(), momenta: [] })).toThrow(
      /expected 1 momenta/,
    );
  });

  test("with warm restarts go on between epochs", () => {
    const schedule = new CosineAnnealingWarmRestarts(optimizer(), { t0: 2, tMult: 2 });
    schedule.step(0.5);
    expect(schedule.getLastLr()[0]).toBeCloseTo((1 + Math.cos(Math.PI / 4)) / 2, 14);
    schedule.step(4);
    expect(schedule.getLastLr()[0]).toBeCloseTo(0.5, 14);
    expect(() => schedule.step(-1)).toThrow(/at least 0, not -1/);
    expect(() => schedule.step(Number.NaN)).toThrow(/not NaN/);
    expect(schedule.lastEpoch).toBe(4);
    schedule.step();
    expect(schedule.lastEpoch).toBe(5);
  });

  test("on a plateau take numbers and tensors, and count NaN as bad", () => {
    const schedule = new ReduceLROnPlateau(optimizer(), { patience: 1, minLr: [0.3], factor: 0.5 });
    for (const figure of [tensor(2), tensor(Number.NaN), Number.NaN]) schedule.step(figure);
    expect(schedule.getLastLr()).toEqual([0.5]);
    for (const figure of [3, 3, 3]) schedule.step(figure);
    expect(schedule.getLastLr()).toEqual([0.3]);
    expect(() => schedule.step()).toThrow(/a figure is needed/);
    expect(() => schedule.step("1" as never)).toThrow(/the figure must be a number/);
    const state = schedule.stateDict();
    expect(() => schedule.loadStateDict({ ...state, watched: undefined as never })).toThrow();
    expect(() => new StepLR(optimizer(), { stepSize: 1 }).loadStateDict(state)).toThrow(
      /unknown option "watched"/,
    );
    schedule.begin("base");
    expect(schedule.getLastLr()).toEqual([1]);
  });
});
