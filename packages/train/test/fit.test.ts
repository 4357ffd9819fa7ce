/**
 * The training loop: equal to the one by hand, stopped and resumed, and what it refuses.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor } from "@chainrule/core";
import {
  crossEntropy,
  defaultGenerator,
  Generator,
  manualSeed,
  mseLoss,
  noGrad,
  randn,
  tensor,
  zeros,
} from "@chainrule/core";
import { readSafetensors } from "@chainrule/formats";
import {
  Dropout,
  Embedding,
  Lambda,
  Linear,
  Module,
  MSELoss,
  Sequential,
  Tanh,
} from "@chainrule/nn";
import { Adam, CosineAnnealingLR, clipGradNorm_, LBFGS, Newton, SGD } from "@chainrule/optim";
import { describe, expect, test } from "vitest";
import type { Callback, FitResult, Run, RunStateDict } from "../src/index.ts";
import {
  accuracy,
  CsvLog,
  DataLoader,
  EarlyStopping,
  evaluate,
  fit,
  GradientWatch,
  historyToCsv,
  ModelCheckpoint,
  predict,
  readCsvFile,
  ScheduleStep,
  StopOnNaN,
  TensorDataset,
} from "../src/index.ts";

const quiet = { progress: "off", interrupt: false } as const;

/** 50 points in two classes, a network with dropout, Adam: all that a run can depend on. */
function setting(): {
  x: Tensor;
  y: Tensor;
  model: Sequential;
  optimizer: Adam;
  schedule: CosineAnnealingLR;
} {
  manualSeed(11);
  const x = randn([50, 2]);
  const y = x.prod(1).gt(0).to("int32");
  const dropout = new Dropout({ p: 0.2 });
  const model = new Sequential(new Linear(2, 8), new Tanh(), dropout, new Linear(8, 2));
  const optimizer = new Adam(model.parameters(), { lr: 0.05 });
  const schedule = new CosineAnnealingLR(optimizer, { tMax: 4 });
  return { x, y, model, optimizer, schedule };
}

const bits = (model: Module): string =>
  JSON.stringify(model.parameters().map((p) => Array.from(p.toTypedArray())));

const withoutTime = ({ history }: FitResult): object => ({ ...history, seconds: [] });

describe("fit", () => {
  test("equals the loop by hand, to the bit", async () => {
    const hand = setting();
    const loader = new DataLoader(new TensorDataset([hand.x, hand.y]), {
      batchSize: 8,
      shuffle: true,
    });
    const losses: number[] = [];
    for (let epoch = 0; epoch < 4; epoch++) {
      let sum = 0;
      for (const [x, y] of loader) {
        hand.optimizer.zeroGrad();
        const loss = crossEntropy(hand.model.forward(x), y);
        loss.backward();
        clipGradNorm_(hand.model.parameters(), 0.5);
        hand.optimizer.step();
        sum += loss.item() * y.numel();
      }
      hand.schedule.step();
      losses.push(sum / 50);
    }
    const { x, y, model, optimizer, schedule } = setting();
    const { history, ending } = await fit(model, [x, y], {
      loss: crossEntropy,
      optimizer,
      schedule,
      epochs: 4,
      batchSize: 8,
      clipGradNorm: 0.5,
      ...quiet,
    });
    expect(bits(model)).toBe(bits(hand.model));
    expect(history.loss).toEqual(losses);
    expect(history.epoch).toEqual([1, 2, 3, 4]);
    expect(history.lr[0]).toBe(0.05);
    expect(ending).toBe("completed");
  });

  test("averages gradients over batches", async () => {
    const [whole, parts] = [setting(), setting()];
    const train = ({ x, y, model }: ReturnType<typeof setting>, options: object) => {
      const plain = new Sequential(model.layers[0]!, model.layers[1]!, model.layers[3]!);
      const optimizer = new SGD(plain.parameters(), { lr: 0.5 });
      return fit(plain, [x.at(":48"), y.at(":48")], {
        loss: crossEntropy,
        optimizer,
        shuffle: false,
        ...options,
        ...quiet,
      });
    };
    await train(whole, { batchSize: 48 });
    await train(parts, { batchSize: 12, accumulate: 4 });
    for (const [i, parameter] of whole.model.parameters().entries()) {
      const other = parts.model.parameters()[i]!;
      expect(parameter.detach().sub(other.detach()).abs().max().item()).toBeLessThan(1e-6);
    }
  });

  test("goes on exactly, wherever it stopped", async () => {
    const options = {
      loss: crossEntropy,
      epochs: 3,
      batchSize: 16,
      metrics: [accuracy],
      validationSplit: 0.2,
      ...quiet,
    };
    const run = async (extra: Callback[], resume?: RunStateDict) => {
      const { x, y, model, optimizer, schedule } = setting();
      if (resume !== undefined) manualSeed(999); // the state brings its own
      const watch = new GradientWatch();
      const result = await fit(model, [x, y], {
        ...options,
        optimizer,
        callbacks: [
          new ScheduleStep(schedule),
          new EarlyStopping({ patience: 9 }),
          watch,
          ...extra,
        ],
        ...(resume === undefined ? {} : { resume }),
      });
      return { result, weights: bits(model), flow: watch.flow };
    };
    const states: RunStateDict[] = [];
    const keep: Callback = {
      onBatchEnd: (at) => void states.push(at.stateDict()),
      onEpochEnd: (at) => void states.push(at.stateDict()),
      onEpochBegin: (at) => void states.push(at.stateDict()),
    };
    const whole = await run([keep]);
    expect(states.length).toBe(3 * (3 + 2));
    for (const state of states) {
      const resumed = await run([{}], state);
      expect(resumed.weights).toBe(whole.weights);
      expect(resumed.flow).toEqual(whole.flow);
      expect(withoutTime(resumed.result)).toEqual(withoutTime(whole.result));
    }
    // Stopped by the user, and resumed from what fit gave.
    for (const batches of [1, 3, 4, 7]) {
      let left = batches;
      const stopper: Callback = { onBatchEnd: (at) => void (--left === 0 && at.stop("enough")) };
      const { result } = await run([stopper]);
      expect([result.ending, result.reason]).toEqual(["stopped", "enough"]);
      const resumed = await run([{}], result.state);
      expect(resumed.weights).toBe(whole.weights);
      expect(resumed.flow).toEqual(whole.flow);
      expect(withoutTime(resumed.result)).toEqual(withoutTime(whole.result));
    }
  });

  test("a state that does not fit changes nothing", async () => {
    const { x, y, model, optimizer } = setting();
    const options = { loss: crossEntropy, optimizer, ...quiet };
    const { state } = await fit(model, [x, y], options);
    const before = bits(model);
    const other = new Sequential(new Linear(2, 2));
    const broken = [
      [{ ...state, optimizer: {} }, /Adam.loadStateDict: expected what stateDict/],
      [{ ...state, model: other.stateDict() }, /the state does not fit/],
      [{ ...state, callbacks: [] as null[], step: -1 }, /step must be/],
      [{ ...state, callbacks: [null] }, /has 1 callbacks, but there are 0/],
      [{ ...state, totals: { ...state.totals, metrics: [[1]] } }, /has 1 metrics, but there are 0/],
      [{ ...state, more: 1 }, /unknown option "more"/],
    ] as const;
    manualSeed(77);
    for (const [resume, message] of broken) {
      await expect(fit(model, [x, y], { ...options, resume })).rejects.toThrow(message);
      expect(bits(model)).toBe(before);
      expect(defaultGenerator.getState()).toEqual({ seed: 77, counter: 0, left: 0 });
    }
  });

  test("stops at a signal and at Ctrl-C with the history so far", async () => {
    const controller = new AbortController();
    const { x, y, model, optimizer } = setting();
    const result = await fit(model, [x, y], {
      loss: crossEntropy,
      optimizer,
      epochs: 1000,
      signal: controller.signal,
      callbacks: [
        { onEpochEnd: (run) => void (run.epoch === 3 && controller.abort("time is up")) },
      ],
      ...quiet,
    });
    expect([result.ending, result.reason, result.history.epoch.length]).toEqual([
      "aborted",
      "time is up",
      3,
    ]);
    const before = process.listenerCount("SIGINT");
    const interrupted = await fit(model, [x, y], {
      loss: crossEntropy,
      optimizer,
      epochs: 1000,
      callbacks: [{ onEpochEnd: (run) => void (run.epoch === 2 && process.emit("SIGINT")) }],
      progress: "off",
    });
    expect([interrupted.ending, interrupted.history.epoch.length]).toEqual(["interrupted", 2]);
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  test("leaves room for others", async () => {
    const { x, y, model, optimizer } = setting();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await fit(model, [x, y], {
      loss: crossEntropy,
      optimizer,
      epochs: 150,
      batchSize: 4,
      ...quiet,
    });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  test("validates as evaluate does, and puts modes back", async () => {
    const { x, y, model, optimizer } = setting();
    const validationData = [x, y] as const;
    model.at(2).eval();
    const { history } = await fit(model, [x, y], {
      loss: crossEntropy,
      optimizer,
      metrics: { right: accuracy, half: () => 0.5 },
      validationData,
      ...quiet,
    });
    const figures = await evaluate(model, validationData, {
      loss: crossEntropy,
      metrics: { right: accuracy },
    });
    expect([history.valLoss, history.valRight, history.valHalf]).toEqual([
      [figures.loss],
      [figures.right],
      [0.5],
    ]);
    expect(model.modules().every((module) => module.training)).toBe(true);
    expect((await predict(model, x, { batchSize: 7 })).shape).toEqual([50, 2]);
    expect(String(await predict(model.eval(), x))).toBe(String(noGrad(() => model.forward(x))));
  });

  test("takes a step of one's own, several inputs, and losses as modules", async () => {
    class Add extends Module {
      readonly inner = new Linear(1, 1);
      forward(a: Tensor, b: Tensor): Tensor {
        return this.inner.forward(a.add(b));
      }
    }
    const x = randn([8, 1], { generator: new Generator(1) });
    const model = new Add();
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const { history } = await fit(model, [x, x, x.mul(2)], {
      loss: new MSELoss(),
      optimizer,
      epochs: 30,
      ...quiet,
    });
    expect(history.loss.at(-1)).toBeLessThan(history.loss[0]!);
    const samples = Array.from({ length: 8 }, (_, i) => ({ image: x.at(i), scale: i }));
    const auto = new Linear(1, 1);
    await fit(auto, new DataLoader(samples, { batchSize: 4 }), {
      step: ({ image, scale }, net) => {
        expect(scale.dtype).toBe("int32");
        return { loss: mseLoss(net.forward(image), image), output: image, target: image };
      },
      metrics: { same: () => 1 },
      optimizer: new SGD(auto.parameters(), { lr: 0.1 }),
      ...quiet,
    });
  });

  test("an optimizer may ask for the loss again and again", async () => {
    const { x, y, model, optimizer } = setting();
    let calls = 0;
    const twice = {
      paramGroups: optimizer.paramGroups,
      zeroGrad: () => optimizer.zeroGrad(),
      step: (closure: () => Tensor) => {
        closure();
        optimizer.step(closure);
      },
      stateDict: () => optimizer.stateDict(),
      loadStateDict: (state: never) => optimizer.loadStateDict(state),
    };
    const { history } = await fit(model, [x, y], {
      step: ([input, target]) => {
        calls++;
        return crossEntropy(model.forward(input), target);
      },
      optimizer: twice,
      batchSize: 50,
      epochs: 2,
      ...quiet,
    });
    expect([calls, history.loss.length]).toEqual([4, 2]);
  });

  test("bad input is refused, and says how to do it", async () => {
    const { x, y, model, optimizer } = setting();
    const good = { loss: crossEntropy, optimizer, ...quiet };
    const refuses = (data: unknown, options: object, message: RegExp): Promise<void> =>
      expect(fit(model, data as [Tensor, Tensor], { ...good, ...options })).rejects.toThrow(
        message,
      );
    await refuses([x, y.at(":49")], {}, /have 50, 49 rows/);
    await refuses([x, y.add(1)], {}, /target 2 .*is no class: there are 2/);
    await refuses([x.log(), y], {}, /sample \d+ of entry 0.* is NaN/);
    await refuses([x.at(":0"), y.at(":0")], {}, /the data set is empty/);
    await refuses([x], {}, /a batch must be \[input, target\]/);
    await refuses(x, {}, /expected tensors such as/);
    await refuses([x, y], { epoch: 5 }, /unknown option "epoch"/);
    await refuses([x, y], { epochs: 0 }, /epochs must be/);
    await refuses([x, y], { batchSize: 0.5 }, /batchSize must be/);
    await refuses([x, y], { loss: undefined }, /loss must be a function/);
    await refuses([x, y], { step: () => x }, /both a loss and a step/);
    await refuses([x, y], { loss: (o: Tensor) => o }, /the loss must be a single number/);
    await refuses([x, y], { optimizer: undefined }, /optimizer must be one/);
    const others = new SGD(new Linear(2, 2).parameters(), { lr: 1 });
    await refuses([x, y], { optimizer: others }, /moves none of the parameters of the Sequential/);
    await refuses([x, y], { metrics: ["accuracy"] }, /metric 0 is "accuracy", not a metric/);
    await refuses([x, y], { metrics: [accuracy, accuracy] }, /"accuracy" is taken/);
    await refuses([x, y], { metrics: { loss: accuracy } }, /"loss" is taken/);
    await refuses([x, y], { metrics: [() => 1] }, /cannot be a metric's name/);
    await refuses([x, y], { validationSplit: 1 }, /a share between 0 and 1/);
    await refuses([x, y], { validationSplit: 0.1, validationData: [x, y] }, /give one of them/);
    await refuses(
      new DataLoader(new TensorDataset([x, y])),
      { batchSize: 4 },
      /the loader's business/,
    );
    await refuses(
      new DataLoader(new TensorDataset([x, y])),
      { validationSplit: 0.5 },
      /cannot be split/,
    );
    await refuses([x, y], { callbacks: [5] }, /an array of objects/);
    await refuses(
      [x, y],
      { callbacks: [{ onEpochend() {} }] },
      /callback 0 has only "onEpochend", which nobody calls\. Known: onTrainBegin,/,
    );
    await refuses(
      [x, y],
      { callbacks: [{ onEpochEnd() {}, onepochBegin() {}, onBatchend() {} }] },
      /callback 0 has the unknown method "onBatchend"/,
    );
    await refuses(
      [x, y],
      { callbacks: [{ batchEnd: () => 1 }] },
      /callback 0 has only "batchEnd", which nobody calls/,
    );
    await refuses(
      [x, y],
      { callbacks: [new EarlyStopping()] },
      /no figure "valLoss".*validationSplit/,
    );
    await refuses([x, y], { progress: true }, /progress must be/);
    await refuses([x, y], { clipGradNorm: 0 }, /must be positive/);
    await refuses(new DataLoader([1]).constructor, {}, /expected tensors/);
    await refuses({ length: 0, async *[Symbol.asyncIterator]() {} }, {}, /the data gave no batch/);
    await refuses(
      {
        async *[Symbol.asyncIterator]() {
          yield [x.at(":0"), y.at(":0")];
        },
      },
      {},
      /an empty batch, of shape \[0, 2\]/,
    );
    await expect(fit(relu as never, [x, y], good)).rejects.toThrow(/the model must be a Module/);
    await expect(evaluate(model, [x, y], {})).rejects.toThrow(/evaluate: loss must be/);
    await expect(predict(model, [x], { size: 3 } as never)).rejects.toThrow(/unknown option/);
    const gone = AbortSignal.abort("no time");
    await expect(predict(model, x, { signal: gone })).rejects.toThrow(/stopped by its signal/);
  });
});

function relu(x: Tensor): Tensor {
  return x.relu();
}

describe("numbers that are none", () => {
  const rows = Array.from({ length: 20 }, (_, i) => [tensor([i, i === 13 ? Number.NaN : 1]), 1]);
  const model = () => new Linear(2, 1, { generator: new Generator(0) });
  const loss = (output: Tensor, target: Tensor): Tensor =>
    output.squeeze(1).sub(target).square().mean();

  test("in batches that nobody has checked are found when the loss is not finite", async () => {
    const net = model();
    const before = bits(net);
    const loader = new DataLoader(rows, { batchSize: 20 });
    const optimizer = new SGD(net.parameters(), { lr: 0.1 });
    await expect(fit(net, loader, { loss, optimizer, ...quiet })).rejects.toThrow(
      /fit: the loss is NaN, because sample 13 of entry 0, number 1 of its 2 is NaN\. Nothing/,
    );
    expect(bits(net)).toBe(before);
    await expect(evaluate(net, loader, { loss })).rejects.toThrow(/evaluate: the loss is NaN/);
  });

  test("may stand where they do no harm, and a loss may fail by itself", async () => {
    const net = model();
    const loader = new DataLoader(rows, { batchSize: 20 });
    const optimizer = new SGD(net.parameters(), { lr: 0.1 });
    const options = { optimizer, epochs: 1, ...quiet };
    const ignoring = () => net.weight.square().sum();
    expect(
      (await fit(net, loader, { ...options, step: ignoring })).history.loss[0],
    ).toBeGreaterThan(0);
    const failing = () => net.weight.sum().mul(Number.NaN);
    const clean = new DataLoader(rows.slice(0, 5), { batchSize: 5 });
    expect((await fit(net, clean, { ...options, step: failing })).history.loss[0]).toBeNaN();
  });
});

describe("optimizers that ask for the loss", () => {
  const x = randn([30, 3], { dtype: "float64", generator: new Generator(0) });
  const y = x.matmul(tensor([[1], [-2], [3]], { dtype: "float64" })).add(0.5);
  const make = () => new Linear(3, 1, { dtype: "float64", generator: new Generator(1) });

  test("Newton differentiates by itself, and is there after one step", async () => {
    const model = make();
    const optimizer = new Newton(model.parameters());
    const options = { loss: mseLoss, optimizer, epochs: 2, batchSize: 30, ...quiet };
    const { history } = await fit(model, [x, y], options);
    expect(history.loss[0]).toBeGreaterThan(1);
    expect(history.loss[1]).toBeLessThan(1e-25);
    await expect(fit(model, [x, y], { ...options, clipGradNorm: 1 })).rejects.toThrow(
      /clipGradNorm has nothing to clip/,
    );
  });

  test.each(["LBFGS", "Newton"] as const)(
    "%s sees the mean loss of the batches that make a step",
    async (name) => {
      const [whole, parts] = [make(), make()];
      const optimizerOf = (model: Linear) =>
        name === "LBFGS"
          ? new LBFGS(model.parameters(), { lineSearchFn: "strong_wolfe", maxIter: 3 })
          : new Newton(model.parameters(), { damping: 1 });
      for (const [model, more] of [
        [whole, { batchSize: 30 }],
        [parts, { batchSize: 10, accumulate: 3 }],
      ] as const) {
        const optimizer = optimizerOf(model);
        await fit(model, [x, y], { loss: mseLoss, optimizer, epochs: 2, ...more, ...quiet });
      }
      for (const [i, weight] of whole.weight.toTypedArray().entries())
        expect(parts.weight.toTypedArray()[i]).toBeCloseTo(weight, 10);
    },
  );
});

describe("callbacks", () => {
  test("are told of everything, in order, also when something fails", async () => {
    const { x, y, model, optimizer } = setting();
    const told: string[] = [];
    const note =
      (name: string) =>
      ({ epoch, batch, step }: Run): void =>
        void told.push(`${name} ${epoch} ${batch} ${step}`);
    const callback: Callback = {
      onTrainBegin: note("train"),
      onEpochBegin: note("epoch"),
      onGradients: note("gradients"),
      onBatchEnd: note("batch"),
      onEpochEnd: note("end"),
      onTrainEnd: note("over"),
    };
    const options = { loss: crossEntropy, optimizer, batchSize: 25, epochs: 2, ...quiet };
    await fit(model, [x, y], { ...options, callbacks: [callback] });
    expect(told).toEqual([
      "train 1 0 0",
      ...["epoch 1 0 0", "gradients 1 0 0", "batch 1 1 1", "gradients 1 1 1", "batch 1 2 2"],
      ...["end 1 0 2", "epoch 2 0 2", "gradients 2 0 2", "batch 2 1 3", "gradients 2 1 3"],
      ...["batch 2 2 4", "end 2 0 4", "over 2 0 4"],
    ]);
    told.length = 0;
    const failing: Callback = {
      onBatchEnd: () => {
        throw new Error("no");
      },
    };
    const failed = fit(model, [x, y], { ...options, callbacks: [callback, failing] });
    await expect(failed).rejects.toThrow("no");
    expect(told.at(-1)).toMatch(/^over 1/);
  });

  test("EarlyStopping puts the best weights back", async () => {
    const w = new Lambda((x: Tensor) => x);
    const model = new Sequential(new Linear(1, 1), w);
    const optimizer = new SGD(model.parameters(), { lr: 1e-9 });
    const figures = [3, 2, 2.5, Number.NaN, 2.2, 1];
    const seen: string[] = [];
    const stopping = new EarlyStopping({ monitor: "planned", mode: "min", patience: 3 });
    const x = tensor([[1], [2]]);
    const { ending, reason, history } = await fit(model, [x, x], {
      loss: (output, target) => mseLoss(output, target).mul(1e6),
      optimizer,
      epochs: 6,
      metrics: { planned: () => figures[seen.length]! },
      callbacks: [stopping, { onEpochEnd: () => void seen.push(bits(model)) }],
      ...quiet,
    });
    expect([ending, reason]).toEqual([
      "stopped",
      "planned has not improved for 3 epochs; the best was epoch 2",
    ]);
    expect(history.epoch.length).toBe(5);
    expect([stopping.best, stopping.bestEpoch]).toEqual([2, 2]);
    expect(bits(model)).toBe(seen[1]);
    expect(seen[1]).not.toBe(seen[4]);
  });

  test("StopOnNaN, GradientWatch, CsvLog, ModelCheckpoint", async () => {
    const { x, y, model, optimizer } = setting();
    const lines: string[] = [];
    const kept: number[] = [];
    const watch = new GradientWatch({ exploding: 1e-12 });
    const { history } = await fit(model, [x, y], {
      loss: crossEntropy,
      optimizer,
      epochs: 4,
      metrics: [accuracy],
      callbacks: [
        watch,
        new CsvLog((line) => lines.push(line)),
        new ModelCheckpoint((state) => kept.push(state.epochsDone), { every: 2 }),
      ],
      ...quiet,
    });
    expect(lines.join("").trim()).toBe(historyToCsv(history));
    expect(kept).toEqual([2, 4]);
    expect(watch.flow.length).toBe(4 * 4);
    expect(watch.warnings.length).toBe(4);
    expect(watch.warnings[0]).toMatch(/^0.weight: gradients explode \(\d/);
    const nan = await fit(model, [x, y], {
      loss: (output, target) => crossEntropy(output, target).mul(Number.NaN),
      optimizer: new SGD(model.parameters(), { lr: 0 }),
      epochs: 4,
      callbacks: [new StopOnNaN()],
      ...quiet,
    });
    expect(nan.reason).toBe("the loss of batch 1 in epoch 1 is NaN");
    const best: number[] = [];
    await fit(model, [x, y], {
      loss: crossEntropy,
      optimizer: new SGD(model.parameters(), { lr: 0 }),
      epochs: 3,
      metrics: { rank: () => 1 },
      callbacks: [
        new ModelCheckpoint((state) => best.push(state.epochsDone), {
          bestOnly: true,
          monitor: "rank",
        }),
      ],
      ...quiet,
    });
    expect(best).toEqual([1]);
    expect(() => new ModelCheckpoint(5 as never)).toThrow(/expected the path of a file or/);
    expect(() => new CsvLog("")).toThrow(/expected the path of a file or/);
    expect(() => new EarlyStopping({ patience: 0 })).toThrow(/patience must be/);
    expect(() => new EarlyStopping({ mode: "less" as never })).toThrow(/mode must be/);
    expect(() => new GradientWatch({ every: 0 })).toThrow(/every must be/);
    expect(() => new ScheduleStep({} as never)).toThrow(/expected a schedule/);
  });

  test("GradientWatch takes row-sparse gradients as the dense ones they stand for", async () => {
    const flows = await Promise.all(
      [true, false].map(async (sparse) => {
        const model = new Embedding(6, 3, { sparse, generator: new Generator(0) });
        const watch = new GradientWatch();
        await fit(model, [tensor([1, 4, 1], { dtype: "int32" }), zeros([3, 3])], {
          loss: (output, target) => output.sub(target).square().mean(),
          optimizer: new SGD(model.parameters(), { lr: 0.1 }),
          callbacks: [watch],
          ...quiet,
        });
        return watch.flow[0]!.rms;
      }),
    );
    expect(flows[0]).toBeGreaterThan(0);
    expect(flows[0]).toBeCloseTo(flows[1]!, 6);
  });

  test("the best weights and a log go to files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "chainrule-train-"));
    try {
      const { x, y, model, optimizer } = setting();
      const best = join(folder, "deep/best.safetensors");
      const { history } = await fit(model, [x, y], {
        loss: crossEntropy,
        optimizer,
        epochs: 3,
        metrics: { rank: () => 1 },
        callbacks: [
          new CsvLog(join(folder, "log.csv")),
          new ModelCheckpoint(best, { bestOnly: true, monitor: "rank" }),
        ],
        ...quiet,
      });
      const table = await readCsvFile(join(folder, "log.csv"));
      expect(table.column("loss")).toEqual(history.loss);
      const other = setting().model;
      other.loadStateDict(Object.fromEntries(readSafetensors(readFileSync(best)).tensors));
      const once = setting();
      await fit(once.model, [once.x, once.y], {
        loss: crossEntropy,
        optimizer: once.optimizer,
        ...quiet,
      });
      expect(bits(other)).toBe(bits(once.model));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("schedules step behind epochs or batches, or get their figure", async () => {
    const { x, y, model, optimizer } = setting();
    const calls: (number | undefined)[] = [];
    const schedule = { step: (figure?: number) => void calls.push(figure) };
    const options = { loss: crossEntropy, optimizer, batchSize: 10, epochs: 2, ...quiet };
    const { history } = await fit(model, [x, y], {
      ...options,
      callbacks: [new ScheduleStep(schedule, { monitor: "loss" })],
    });
    expect(calls).toEqual(history.loss);
    await fit(model, [x, y], {
      ...options,
      callbacks: [new ScheduleStep(schedule, { every: "batch" })],
    });
    expect(calls.length).toBe(2 + 10);
  });
});
