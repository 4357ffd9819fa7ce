/**
 * What all optimizers share: parameters in groups, their options, and state that can be saved.
 */
import {
  ArgumentError,
  checkOptions,
  formatShape,
  fullLike,
  ShapeError,
  sameShape,
  Tensor,
} from "@chainrule/core";
import type {
  CommonOptions,
  GivenGroup,
  OptimizerKind,
  ParameterState,
  ParamGroup,
  ParamGroupInput,
  Params,
} from "./groups.ts";
import { checkedGroup, checkValues, defined, groupsFrom, named } from "./groups.ts";

/** An optimizer's memory as plain data; parameters are named by their place, counted over all groups. */
export interface OptimizerStateDict {
  readonly state: Readonly<Record<number, Readonly<ParameterState>>>;
  readonly paramGroups: readonly Readonly<Record<string, unknown>>[];
}

/**
 * The base of all optimizers: groups of parameters with their options, and state that is saved and loaded.
 *
 * A kind of optimizer gives its options, their defaults and their rules to the constructor. One in which each parameter
 * follows its own gradient extends {@link GradientOptimizer}.
 */
export abstract class Optimizer<
  Options extends CommonOptions,
  State extends ParameterState = ParameterState,
> {
  /** The parameters, in groups with their options; schedules and users may change the options. */
  readonly paramGroups: ParamGroup<Options>[] = [];
  /** Whether it differentiates the loss itself: the closure then returns the loss with its graph, without `backward`. */
  readonly differentiates: boolean = false;
  protected readonly kind: OptimizerKind<Options, State>;
  /** The options of groups that do not say otherwise. */
  private readonly defaults: Partial<Options>;
  /** What is remembered of the parameters that have moved. */
  protected readonly memory = new Map<Tensor, State>();

  /**
   * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
   * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
   */
  protected constructor(
    params: Params<Options>,
    kind: OptimizerKind<Options, State>,
    defaults: Partial<Options>,
    options: Partial<Options>,
  ) {
    checkOptions(kind.name, options, Object.keys(kind.rules));
    this.kind = kind;
    this.defaults = { ...defaults, ...defined(options) };
    for (const group of groupsFrom(kind.name, params)) this.add(group);
  }

  /**
   * Adds parameters to be optimized, with options of their own.
   *
   * @throws {ArgumentError} as the constructor, or when a parameter is in another group already.
   */
  addParamGroup(group: ParamGroupInput<Options>): void {
    this.add(group);
  }

  private add(group: GivenGroup): void {
    const others = new Set(this.parameters());
    this.paramGroups.push(checkedGroup(this.kind, this.defaults, group, others));
  }

  /** All parameters, group by group. */
  parameters(): Tensor[] {
    return this.paramGroups.flatMap((group) => [...group.params]);
  }

  /** Forgets all gradients: the next backward pass begins anew. */
  zeroGrad(): void {
    for (const group of this.paramGroups)
      for (const parameter of group.params) parameter.grad = null;
  }

  /** Makes one step; a closure computes the loss, with gradients, as often as the optimizer needs it. */
  abstract step(): void;
  abstract step(closure: () => Tensor): Tensor;

  /** What is remembered of a parameter. */
  protected stateOf(parameter: Tensor): State {
    let state = this.memory.get(parameter);
    if (state === undefined) {
      state = { ...this.kind.remembers };
      this.memory.set(parameter, state);
    }
    return state;
  }

  /** A copy of everything that the next step depends on beside parameters and gradients. */
  stateDict(): OptimizerStateDict {
    const state: Record<number, ParameterState> = {};
    let place = 0;
    const paramGroups = this.paramGroups.map(({ params, ...options }) => {
      const places = params.map((parameter) => {
        const remembered = this.memory.get(parameter);
        if (remembered !== undefined) state[place] = copied(remembered);
        return place++;
      });
      return { ...structuredClone(options), params: places };
    });
    return { state, paramGroups };
  }

  /**
   * Goes on from what {@link stateDict} gave: the next steps are the same to the bit.
   *
   * @throws {ArgumentError} when groups or options differ in number or name.
   * @throws {ShapeError} when a remembered tensor does not have its parameter's shape. Nothing has changed then.
   */
  loadStateDict(dict: OptimizerStateDict): void {
    const { name, rules } = this.kind;
    const where = `${name}.loadStateDict`;
    if (dict === null || typeof dict !== "object" || !Array.isArray(dict.paramGroups)) {
      throw new ArgumentError(`${where}: expected what stateDict() gave.`, { dict });
    }
    const sizes = dict.paramGroups.map(({ params }) =>
      Array.isArray(params) ? params.length : -1,
    );
    const own = this.paramGroups.map(({ params }) => params.length);
    if (sizes.join() !== own.join()) {
      throw new ArgumentError(
        `${where}: the groups have ${sizes.join(", ")} parameters, but this optimizer's have ${own.join(", ")}. Make the optimizer with the same groups.`,
        { found: sizes, expected: own },
      );
    }
    const options = dict.paramGroups.map(({ params, initialLr, ...rest }) => {
      checkOptions(where, rest, Object.keys(rules));
      const complete = structuredClone(rest) as object as Options;
      checkValues(this.kind, where, complete);
      return initialLr === undefined ? complete : { ...complete, initialLr };
    });
    const parameters = this.parameters();
    const memory = Object.entries(dict.state ?? {}).map(([place, remembered]) => {
      const parameter = parameters[Number(place)];
      if (parameter === undefined) {
        throw new ArgumentError(`${where}: there is no parameter ${place}.`, { place });
      }
      return [parameter, this.restored(where, Number(place), parameter, remembered)] as const;
    });
    for (const [i, group] of this.paramGroups.entries()) Object.assign(group, options[i]);
    this.memory.clear();
    for (const [parameter, state] of memory) this.memory.set(parameter, state);
  }

  /** What was remembered of a parameter, as copies. */
  private restored(
    where: string,
    place: number,
    parameter: Tensor,
    state: Readonly<ParameterState>,
  ): State {
    const copy: ParameterState = {};
    const { remembers } = this.kind;
    checkOptions(`${where}, parameter ${place}`, state, Object.keys(remembers));
    for (const key of Object.keys(remembers)) {
      const value = state[key];
      if (value instanceof Tensor) {
        const tensor = this.fitted(key, value, parameter);
        if (tensor === null) {
          throw new ShapeError(
            `${where}: ${key} of parameter ${place}${named(parameter)} has shape ${formatShape(value.shape)}, but the parameter has ${formatShape(parameter.shape)}.`,
            { parameter: place, key },
          );
        }
        copy[key] = snapshot(tensor);
      } else if (typeof value === "number" || value === null) {
        copy[key] = value;
      } else {
        throw new ArgumentError(
          `${where}: ${key} of parameter ${place} is ${value === undefined ? "missing" : "no number and no tensor"}.`,
          { parameter: place, key },
        );
      }
    }
    return copy as State;
  }

  /** A remembered tensor as it fits its parameter, `null` if it does not. */
  protected fitted(_key: string, value: Tensor, parameter: Tensor): Tensor | null {
    return sameShape(value.shape, parameter.shape) ? value.to(parameter.dtype) : null;
  }
}

/**
 * A remembered tensor, in the element type that its parameter has now. Before the first step every element is `initial`.
 */
export function tensorOf<Key extends string>(
  state: Record<Key, Tensor | null>,
  key: Key,
  parameter: Tensor,
  initial = 0,
): Tensor {
  let tensor = state[key] ?? fullLike(parameter, initial);
  if (tensor.dtype !== parameter.dtype) tensor = tensor.to(parameter.dtype);
  if (tensor !== state[key]) state[key] = tensor;
  return tensor;
}

function copied(state: ParameterState): ParameterState {
  return Object.fromEntries(
    Object.entries(state).map(([key, value]) => [
      key,
      value instanceof Tensor ? snapshot(value) : value,
    ]),
  );
}

function snapshot(x: Tensor): Tensor {
  return fullLike(x, 0).copy_(x);
}
