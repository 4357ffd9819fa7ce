import type { LRScheduler, Scheduled } from "@chainrule/optim";
import * as optim from "@chainrule/optim";
import { describe, expect, test } from "vitest";
import { camelCased, differences, readCases, toTensor } from "./golden.ts";

interface Inner {
  readonly scheduler: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
}

interface Schedule extends Inner {
  readonly id: string;
  readonly optimizer: {
    readonly name: "SGD" | "Adam";
    readonly kwargs: { readonly lr: number };
    readonly param_groups: readonly Readonly<Record<string, number>>[];
  };
  readonly lrs: readonly (readonly number[])[];
  readonly momenta?: readonly (readonly number[])[];
  readonly metrics?: readonly number[];
}

/** The expressions in the file, as functions. */
const lambdas: Readonly<Record<string, (epoch: number) => number>> = {
  "0.95 ** epoch": (epoch) => 0.95 ** epoch,
  "0.98 ** epoch": (epoch) => 0.98 ** epoch,
  "1 / (1 + 0.1 * epoch)": (epoch) => 1 / (1 + 0.1 * epoch),
  "1 / (1 + epoch)": (epoch) => 1 / (1 + epoch),
  "0.97": () => 0.97,
  "1 - 1 / (10 + epoch)": (epoch) => 1 - 1 / (10 + epoch),
};

/** Names that are not those of the file in camelCase. */
const renamed: Readonly<Record<string, string>> = { T_max: "tMax", T_0: "t0", T_mult: "tMult" };

type Kind = new (optimizer: Scheduled, options: never) => LRScheduler;

/** What the package exports, by name. */
const exported: Readonly<Record<string, unknown>> = { ...optim };

function schedule(optimizer: Scheduled, { scheduler, kwargs }: Inner): LRScheduler {
  const { schedulers, lr_lambda, ...rest } = kwargs;
  const names = Object.entries(rest).map(([name, value]) => [renamed[name] ?? name, value]);
  const options: Record<string, unknown> = camelCased(Object.fromEntries(names));
  if (lr_lambda !== undefined) {
    options.lrLambda = Array.isArray(lr_lambda)
      ? lr_lambda.map((text) => lambdas[text]!)
      : lambdas[lr_lambda as string]!;
  }
  if (schedulers !== undefined) {
    options.schedulers = (schedulers as Inner[]).map((inner) => schedule(optimizer, inner));
    if (scheduler === "ChainedScheduler")
      return new optim.ChainedScheduler(options.schedulers as LRScheduler[]);
  }
  const Kind = exported[scheduler] as Kind;
  return new Kind(optimizer, options as never);
}

function optimizerOf({ optimizer: { name, kwargs, param_groups } }: Schedule) {
  const groups = (param_groups.length === 0 ? [{}] : param_groups).map((own) => ({
    ...own,
    params: [toTensor({ shape: [], data: [0] }).requiresGrad_()],
  }));
  return name === "SGD" ? new optim.SGD(groups, kwargs) : new optim.Adam(groups, kwargs);
}

/** The momenta of all groups, under either name. */
const momentaOf = (optimizer: Scheduled): number[] =>
  optimizer.paramGroups.map(({ momentum, betas }) => betas?.[0] ?? momentum!);

describe("schedules", () => {
  const schedules = readCases<Schedule>("schedulers.jsonl.gz");

  test("there are as many as the file should hold", () => {
    expect(schedules.length).toBe(42);
  });

  test.each(schedules.map((one) => [one.id, one] as const))("%s", (_id, one) => {
    const optimizer = optimizerOf(one);
    const made = schedule(optimizer, one);
    const problems: string[] = [];
    for (let epoch = 0; epoch < 200; epoch++) {
      const rates = one.lrs.map((group) => group[epoch]!);
      problems.push(...differences(`epoch ${epoch}`, made.getLastLr(), rates, 1e-12));
      if (one.momenta !== undefined) {
        const expected = one.momenta.map((group) => group[epoch]!);
        const found = momentaOf(optimizer);
        problems.push(...differences(`momentum ${epoch}`, found, expected, 1e-12));
      }
      if (one.metrics === undefined) made.step();
      else (made as optim.ReduceLROnPlateau).step(one.metrics[epoch]!);
    }
    expect(problems).toEqual([]);
  });

  test.each(schedules.map((one) => [one.id, one] as const))(
    "%s goes on from its state, whichever was loaded first",
    (_id, one) => {
      const optimizer = optimizerOf(one);
      const made = schedule(optimizer, one);
      const advance = (which: LRScheduler, epoch: number): void => {
        if (one.metrics === undefined) which.step();
        else (which as optim.ReduceLROnPlateau).step(one.metrics[epoch]!);
      };
      for (let epoch = 0; epoch < 37; epoch++) advance(made, epoch);
      // As it comes back from a file.
      const state = JSON.parse(JSON.stringify(made.stateDict()));
      const ofOptimizer = optimizer.stateDict();
      const [first, second] = [optimizerOf(one), optimizerOf(one)];
      const resumed = schedule(first, one);
      first.loadStateDict(ofOptimizer);
      resumed.loadStateDict(state);
      second.loadStateDict(ofOptimizer);
      const other = schedule(second, one);
      other.loadStateDict(state);
      for (let epoch = 37; epoch < 120; epoch++) {
        for (const [which, its] of [
          [resumed, first],
          [other, second],
        ] as const) {
          expect(which.getLastLr()).toEqual(made.getLastLr());
          if (one.momenta !== undefined) expect(momentaOf(its)).toEqual(momentaOf(optimizer));
        }
        for (const which of [made, resumed, other]) advance(which, epoch);
      }
    },
  );
});
