/**
 * Figures of merit, computed batch by batch.
 */
import { ArgumentError, checkOptions, quoted, Tensor } from "@chainrule/core";

/** What a metric has counted so far: plain numbers, so that it can be saved in the middle of an epoch. */
export type MetricState = number[];

/** A metric as its author writes it. */
export interface MetricDefinition<Options extends object> {
  readonly name: string;
  /** The options with their defaults; no others are known. */
  readonly defaults: Options;
  /** Refuses options out of range. */
  readonly check?: (options: Options) => void;
  /** Takes a batch into account, in place; the state begins empty. */
  readonly update: (state: MetricState, output: Tensor, target: Tensor, options: Options) => void;
  /** The figure for everything so far; NaN where there is none. */
  readonly value: (state: MetricState, options: Options) => number;
}

/**
 * A figure of merit: a function of outputs and targets, and what `fit` and `evaluate` need to compute it over an epoch as
 * if all of it were one batch.
 */
export interface Metric<Options extends object = object> {
  (output: Tensor, target: Tensor, options?: Partial<Options>): number;
  /** Its name in histories and tables. */
  readonly label: string;
  update(state: MetricState, output: Tensor, target: Tensor): void;
  value(state: MetricState): number;
  /** The same metric with other options, and another label if one is given. */
  with(options: Partial<Options>, label?: string): Metric<Options>;
}

/**
 * Makes a metric of one's own.
 *
 * @throws {ArgumentError} in use, for unknown options and for anything but tensors.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { defineMetric } from "@chainrule/train";
 * const within = defineMetric({
 *   name: "within",
 *   defaults: { distance: 1 },
 *   update: (state, output, target, { distance }) => {
 *     state[0] = (state[0] ?? 0) + output.sub(target).abs().le(distance).sum().item();
 *     state[1] = (state[1] ?? 0) + target.numel();
 *   },
 *   value: ([close = 0, all = 0]) => close / all,
 * });
 * within(tensor([1, 2, 3]), tensor([1.5, 2, 7])); // → 0.6666666666666666
 * within(tensor([1, 2, 3]), tensor([1.5, 2, 7]), { distance: 0.1 }); // → 0.3333333333333333
 */
export function defineMetric<Options extends object>(
  definition: MetricDefinition<Options>,
): Metric<Options> {
  return made(definition, definition.defaults, definition.name);
}

function made<Options extends object>(
  definition: MetricDefinition<Options>,
  base: Options,
  label: string,
): Metric<Options> {
  const { name, defaults, check } = definition;
  const complete = (given: Partial<Options> | undefined): Options => {
    checkOptions(name, given, Object.keys(defaults));
    const options = { ...base, ...given };
    check?.(options);
    return options;
  };
  const update = (
    state: MetricState,
    output: Tensor,
    target: Tensor,
    options: Options = base,
  ): void => {
    checkTensor(name, "the output", output);
    checkTensor(name, "the target", target);
    definition.update(state, output.detach(), target.detach(), options);
  };
  const whole = (output: Tensor, target: Tensor, given?: Partial<Options>): number => {
    const options = complete(given);
    const state: MetricState = [];
    update(state, output, target, options);
    return definition.value(state, options);
  };
  return Object.assign(whole, {
    label,
    update: (state: MetricState, output: Tensor, target: Tensor) => update(state, output, target),
    value: (state: MetricState) => definition.value(state, base),
    with: (options: Partial<Options>, other?: string) =>
      made(definition, complete(options), other ?? label),
  });
}

/** A plain function of outputs and targets as a metric: its mean over the batches, weighted by their samples. */
export type MetricFunction = (output: Tensor, target: Tensor) => number | Tensor;

/** Metrics for `fit` and `evaluate`: in an array, or by name. */
export type Metrics =
  | readonly (Metric | MetricFunction)[]
  | Readonly<Record<string, Metric | MetricFunction>>;

/** The metrics with their names. @throws {ArgumentError} for names that are taken or no words, and for no functions. */
export function namedMetrics(
  where: string,
  metrics: Metrics | undefined,
  reserved: readonly string[],
): readonly (readonly [name: string, metric: Metric])[] {
  if (metrics === undefined) return [];
  const isList = Array.isArray(metrics);
  if (metrics === null || typeof metrics !== "object") {
    throw new ArgumentError(
      `${where}: metrics must be an array such as [accuracy], or an object of metrics by name, not ${quoted(metrics)}.`,
      { metrics },
    );
  }
  const taken = new Set(reserved);
  return Object.entries(metrics).map(([key, given]: [string, unknown]) => {
    if (typeof given !== "function") {
      throw new ArgumentError(
        `${where}: metric ${isList ? key : quoted(key)} is ${quoted(given)}, not a metric such as accuracy, and not a function of output and target.`,
        { key },
      );
    }
    const metric = isMetric(given) ? given : averaged(given as MetricFunction);
    const name = isList ? metric.label : key;
    if (!/^[A-Za-z]\w*$/.test(name)) {
      throw new ArgumentError(
        `${where}: ${quoted(name)} cannot be a metric's name, which is a word. Give the metrics in an object: { name: metric }.`,
        { name },
      );
    }
    if (taken.has(name)) {
      throw new ArgumentError(
        `${where}: the name ${quoted(name)} is taken already. Give the metrics in an object with other names.`,
        { name },
      );
    }
    taken.add(name);
    return [name, metric] as const;
  });
}

function isMetric(value: object): value is Metric {
  return "update" in value && "value" in value && "label" in value;
}

function averaged(compute: MetricFunction): Metric {
  return defineMetric({
    name: compute.name,
    defaults: {},
    update: (state, output, target) => {
      const figure = compute(output, target);
      const count = target.ndim === 0 ? 1 : target.size(0);
      state[0] =
        (state[0] ?? 0) + count * Number(figure instanceof Tensor ? figure.item() : figure);
      state[1] = (state[1] ?? 0) + count;
    },
    value: ([sum = 0, count = 0]) => sum / count,
  });
}

function checkTensor(where: string, what: string, value: unknown): void {
  if (!(value instanceof Tensor)) {
    throw new ArgumentError(`${where}: ${what} must be a tensor, not ${quoted(value)}.`, { value });
  }
}
