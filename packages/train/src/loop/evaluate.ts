/**
 * Using a model: figures on some data, and predictions.
 */
import { ArgumentError, cat, checkOptions, noGrad, quoted, Tensor } from "@chainrule/core";
import { Module } from "@chainrule/nn";
import type { Metric, Metrics } from "../metrics/metric.ts";
import { namedMetrics } from "../metrics/metric.ts";
import type { EpochRecord } from "./history.ts";
import type { Objective, ObjectiveOptions } from "./objective.ts";
import { objectiveOf, refuseNonFinite, samplesIn } from "./objective.ts";
import type { StopSignal } from "./pause.ts";
import { Breather } from "./pause.ts";
import type { BatchOf, BatchSource, FitData } from "./source.ts";
import { sourceOf } from "./source.ts";
import { Totals } from "./totals.ts";

/** Options of {@link evaluate}. */
export interface EvaluateOptions<Batch, M extends Module> extends ObjectiveOptions<Batch, M> {
  metrics?: Metrics;
  /** Samples in a batch, where the data is no loader; 32 unless given. */
  batchSize?: number;
  /** Stops between two batches, with an error. */
  signal?: StopSignal;
}

/** Options of {@link predict}. */
export interface PredictOptions {
  /** Samples in a batch; 32 unless given. */
  batchSize?: number;
  /** Stops between two batches, with an error. */
  signal?: StopSignal;
}

/**
 * The mean loss of a model on some data, and its metrics. The model is in its mode for use (`eval`) meanwhile; no
 * gradients are recorded.
 *
 * @throws {ArgumentError} for unknown options, data that is none, and when the signal was aborted.
 * @example
 * import { mseLoss, tensor } from "@chainrule/core";
 * import { Identity } from "@chainrule/nn";
 * import { evaluate, mae } from "@chainrule/train";
 * const data = [tensor([[1], [2]]), tensor([[1], [4]])];
 * await evaluate(new Identity(), data, { loss: mseLoss, metrics: [mae] }); // → { loss: 2, mae: 1 }
 */
export async function evaluate<M extends Module, const Data extends FitData>(
  model: M,
  data: Data,
  options: EvaluateOptions<BatchOf<Data>, M>,
): Promise<EpochRecord> {
  const where = "evaluate";
  checkModel(where, model);
  checkOptions(where, options, ["loss", "step", "metrics", "batchSize", "signal"]);
  const { metrics, batchSize, signal } = options;
  const objective = objectiveOf(where, model, options);
  const named = namedMetrics(where, metrics, ["loss"]);
  const source = sourceOf(where, data, { batchSize });
  const record = await measure(where, model, source, objective, named, () => {
    if (signal?.aborted === true) throw stopped(where, signal);
    return false;
  });
  return record!;
}

/** Loss and metrics on some batches; `null` if it was stopped. */
export async function measure(
  where: string,
  model: Module,
  source: BatchSource,
  objective: Objective,
  metrics: readonly (readonly [name: string, metric: Metric])[],
  stop: () => boolean,
): Promise<EpochRecord | null> {
  const totals = new Totals(metrics);
  const breather = new Breather();
  let batches = 0;
  for await (const batch of source) {
    if (stop()) return null;
    const samples = samplesIn(where, batch);
    used(model, () => {
      const outcome = objective(batch);
      const loss = outcome.loss.item();
      refuseNonFinite(where, batch, loss);
      totals.add(where, outcome, loss, samples);
    });
    batches++;
    const pause = breather.due();
    if (pause !== null) await pause;
  }
  if (batches === 0) throw noBatches(where);
  return totals.record();
}

/**
 * The outputs of a model for some inputs, batch by batch, as one tensor. The model is in its mode for use (`eval`)
 * meanwhile; no gradients are recorded.
 *
 * `inputs` is a tensor, an array of tensors for a model with several inputs, or a data set or loader of either (without
 * targets).
 *
 * @throws {ArgumentError} for unknown options, inputs that are none, an output that is no tensor.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Linear } from "@chainrule/nn";
 * import { predict } from "@chainrule/train";
 * (await predict(new Linear(3, 2), tensor([[1, 2, 3], [4, 5, 6]]))).shape; // → [ 2, 2 ]
 */
export async function predict(
  model: Module,
  inputs: Tensor | FitData,
  options: PredictOptions = {},
): Promise<Tensor> {
  const where = "predict";
  checkModel(where, model);
  checkOptions(where, options, ["batchSize", "signal"]);
  const { batchSize, signal } = options;
  const data = inputs instanceof Tensor ? [inputs] : inputs;
  const forward = model.forward as (...inputs: readonly unknown[]) => unknown;
  const outputs: Tensor[] = [];
  const breather = new Breather();
  for await (const batch of sourceOf(where, data, { batchSize })) {
    if (signal?.aborted === true) throw stopped(where, signal);
    const output = used(model, () => forward(...(Array.isArray(batch) ? batch : [batch])));
    if (!(output instanceof Tensor)) {
      throw new ArgumentError(
        `${where}: the model gives ${quoted(output)}, not a tensor. Call its forward yourself.`,
        { output },
      );
    }
    outputs.push(output);
    const pause = breather.due();
    if (pause !== null) await pause;
  }
  if (outputs.length === 0) throw noBatches(where);
  return outputs.length === 1 ? outputs[0]! : cat(outputs);
}

/** Runs something with the model in its mode for use and without gradients, and puts each module's mode back. */
export function used<T>(model: Module, body: () => T): T {
  const training = model.modules().filter((module) => module.training);
  for (const module of training) module.training = false;
  try {
    return noGrad(body);
  } finally {
    for (const module of training) module.training = true;
  }
}

export function checkModel(where: string, model: unknown): asserts model is Module {
  if (!(model instanceof Module)) {
    throw new ArgumentError(
      `${where}: the model must be a Module such as new nn.Sequential(…), not ${quoted(model)}. A function becomes one by new nn.Lambda(f).`,
      { model },
    );
  }
}

export function noBatches(where: string): ArgumentError {
  return new ArgumentError(
    `${where}: the data gave no batch. A stream that was used up gives nothing; hand over a function that begins it anew.`,
  );
}

function stopped(where: string, { reason }: StopSignal): ArgumentError {
  return new ArgumentError(`${where}: stopped by its signal (${quoted(reason)}).`, { reason });
}
