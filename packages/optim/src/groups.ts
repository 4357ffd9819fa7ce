/**
 * Parameters in groups, and what is refused of them.
 */
import { ArgumentError, checkOptions, GradError, quoted, Tensor } from "@chainrule/core";
import type { OptionRules } from "./options.ts";

/** What every optimizer has: a learning rate for schedules to change. */
export interface CommonOptions {
  /** The learning rate. */
  lr: number;
}

/** What optimizers have that follow the gradient of a penalized loss. */
export interface PenaltyOptions extends CommonOptions {
  /** L2 penalty (ridge): adds weightDecay·θ to the gradient; 0 unless given. */
  weightDecay: number;
  /** L1 penalty (lasso): adds l1·sign(θ) to the gradient; 0 unless given. With `weightDecay` beside it, ElasticNet. */
  l1: number;
  /** Climb instead of descend; penalties still shrink. */
  maximize: boolean;
}

/** Parameters that share their options. The options may be changed between steps; schedules change `lr`. */
export type ParamGroup<Options> = Options & {
  readonly params: readonly Tensor[];
  /** The learning rate with which a schedule began. */
  initialLr?: number;
};

/** Parameters for an optimizer, with options of their own where they differ. */
export type ParamGroupInput<Options> = GivenGroup & Partial<Options>;

/** A group before its options are known. */
export interface GivenGroup {
  readonly params: Iterable<Tensor>;
}

/** What an optimizer works on: tensors, or groups of them. */
export type Params<Options> = Iterable<Tensor> | Iterable<ParamGroupInput<Options>>;

/** What an optimizer remembers of one parameter: numbers, and tensors of the parameter's shape. */
export type ParameterState = Record<string, number | Tensor | null>;

/** What a kind of optimizer says of itself. */
export interface OptimizerKind<Options, State = ParameterState> {
  readonly name: string;
  readonly rules: OptionRules<Options>;
  /** Refuses options that do not go together. */
  readonly together?: (where: string, options: Options) => void;
  /** What is remembered of each parameter, as it is before the first step. */
  readonly remembers: Readonly<State>;
}

export function groupsFrom(
  name: string,
  params: Iterable<Tensor> | Iterable<GivenGroup>,
): readonly GivenGroup[] {
  refuseModule(name, params);
  if (params instanceof Tensor || params === null || typeof params !== "object") {
    throw new ArgumentError(
      `${name}: parameters are given as an array or another iterable, such as model.parameters() or [w, b].`,
      { params },
    );
  }
  if (!(Symbol.iterator in params)) {
    throw new ArgumentError(
      `${name}: parameters are given as an iterable; for groups, as an array of { params, lr, … }.`,
      { params },
    );
  }
  const list: readonly (Tensor | GivenGroup)[] = [...params];
  if (list.length === 0) throw emptyList(name);
  for (const entry of list) refuseModule(name, entry);
  const tensors = list.filter((entry): entry is Tensor => entry instanceof Tensor);
  if (tensors.length === list.length) return [{ params: tensors }];
  if (tensors.length > 0) {
    throw new ArgumentError(
      `${name}: tensors and groups are mixed. Put the tensors into a group: { params: […] }.`,
      { tensors: tensors.length, groups: list.length - tensors.length },
    );
  }
  return list.filter((entry): entry is GivenGroup => !(entry instanceof Tensor));
}

/** Refuses what has parameters where parameters are wanted: a module, or another optimizer. */
export function refuseModule(name: string, given: unknown): void {
  const hasThem =
    given !== null &&
    typeof given === "object" &&
    "parameters" in given &&
    typeof given.parameters === "function";
  if (!hasThem) return;
  throw new ArgumentError(
    `${name}: expected tensors to optimize, not ${quoted(given)}. Give its parameters: model.parameters().`,
    { given },
  );
}

/** The options that were given: an option that is `undefined` counts as left out. */
export function defined<Options extends object>(options: Options): Partial<Options> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Options>;
}

function emptyList(name: string): ArgumentError {
  return new ArgumentError(
    `${name}: there are no parameters to optimize. An iterator that was used up before gives none either.`,
  );
}

export function checkedGroup<Options>(
  kind: OptimizerKind<Options, unknown>,
  defaults: Partial<Options>,
  group: GivenGroup,
  others: ReadonlySet<Tensor>,
): ParamGroup<Options> {
  const { name, rules } = kind;
  checkOptions(name, group, ["params", ...Object.keys(rules)]);
  const { params, ...options } = group;
  refuseModule(name, params);
  if (params === undefined || params instanceof Tensor || !(Symbol.iterator in Object(params))) {
    throw new ArgumentError(`${name}: a group needs its parameters: { params: […], … }.`, {
      group,
    });
  }
  const list = [...params];
  if (list.length === 0) throw emptyList(name);
  const own = new Set<Tensor>();
  for (const [i, parameter] of list.entries()) {
    checkParameter(name, parameter, i);
    if (own.has(parameter) || others.has(parameter)) {
      throw new ArgumentError(
        `${name}: parameter ${i}${named(parameter)} is given twice${own.has(parameter) ? "" : ", in two groups"}. It would move twice at each step.`,
        { parameter: i },
      );
    }
    own.add(parameter);
  }
  const complete = { ...defaults, ...defined(options) } as Options;
  checkValues(kind, name, complete);
  return { ...complete, params: list };
}

export function checkValues<Options>(
  kind: OptimizerKind<Options, unknown>,
  where: string,
  options: Readonly<Options>,
): void {
  for (const name in kind.rules) {
    if (options[name] === undefined) {
      throw new ArgumentError(`${where}: ${name} is missing. Give { ${name}: … }.`, {
        option: name,
      });
    }
    kind.rules[name](where, name, options[name]);
  }
  kind.together?.(where, options);
}

function checkParameter(where: string, parameter: unknown, place: number): void {
  if (!(parameter instanceof Tensor)) {
    throw new ArgumentError(
      `${where}: parameter ${place} is no tensor, but ${quoted(parameter)}.`,
      { parameter: place },
    );
  }
  if (!parameter.isLeaf) {
    throw new GradError(
      `${where}: parameter ${place}${named(parameter)} is the result of ${parameter.node!.op.name}, not a leaf. Optimize what it was computed from.`,
      { parameter: place },
    );
  }
  if (!parameter.requiresGrad) {
    throw new GradError(
      `${where}: parameter ${place}${named(parameter)} does not require gradients, so it would never move. Set requiresGrad, or leave it out: parameters.filter((p) => p.requiresGrad).`,
      { parameter: place },
    );
  }
}

/** The tensors of a list that is not to be optimized, but weighed, averaged or clipped. */
export function tensorsOf(where: string, parameters: Tensor | Iterable<Tensor>): Tensor[] {
  refuseModule(where, parameters);
  const list = parameters instanceof Tensor ? [parameters] : [...parameters];
  if (list.length === 0) {
    throw new ArgumentError(
      `${where}: there are no parameters. An iterator that was used up before gives none either.`,
    );
  }
  for (const [i, parameter] of list.entries()) {
    if (!(parameter instanceof Tensor)) {
      throw new ArgumentError(`${where}: parameter ${i} is no tensor, but ${quoted(parameter)}.`, {
        parameter: i,
      });
    }
  }
  return list;
}

export function named(x: Tensor): string {
  return x.name === null ? "" : ` (${JSON.stringify(x.name)})`;
}
