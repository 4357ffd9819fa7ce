/**
 * Compiling a function: it is called once to see what it computes, and from then on only that is computed.
 */
import { scalarTensor } from "../creation.ts";
import { getDefaultDType } from "../dtype.ts";
import { ArgumentError, GradError, quoted } from "../errors.ts";
import { capture, timesForgotten } from "../graph/capture.ts";
import { accumulate } from "../graph/chain-rule.ts";
import { callAccumulationHooks } from "../graph/hooks.ts";
import { isGradEnabled, refusePromise } from "../graph/mode.ts";
import { observers } from "../graph/observe.ts";
import { contiguousCopy } from "../op.ts";
import { Tensor } from "../tensor.ts";
import { isMapping } from "../transforms/batching.ts";
import { describe } from "./describe.ts";
import { fused } from "./fuse.ts";
import type { Program } from "./program.ts";
import { isUpToDate, Runner, withoutIdleCalls } from "./program.ts";
import { Recorder } from "./recorder.ts";
import type { Likeness } from "./signature.ts";
import {
  areLike,
  checkArguments,
  checkReturned,
  keyOf,
  likenessOf,
  tensorsIn,
  withTensors,
} from "./signature.ts";

/** A compiled function; called like the function itself. */
export interface Compiled<Args extends readonly unknown[], Value> {
  (...args: Args): Value;
  /** What it computes for such arguments, a call a line. */
  readonly describe: (...args: Args) => string;
}

/** So many kinds of arguments are remembered; the ones that were not used for longest are forgotten first. */
const mostPrograms = 32;

/**
 * A function that computes what `f` computes, faster: without building a graph, and with pointwise ops in one loop.
 *
 * At the first call with arguments of new shapes, `f` is called with tensors that have no numbers yet, to see which ops it
 * applies; gradients that it takes inside (`grad`, `backward`, `hessian`, …) are among them. What nothing depends on is
 * dropped, with its errors; what depends on constants alone is computed then and there, views cost nothing any more, and runs
 * of pointwise ops become one. From then on only this program runs. In float64 the results are those of `f`, bit for bit.
 * In float32 what is computed in one loop is not rounded in between, so that it also overflows and cancels less.
 *
 * - **Arguments**: tensors, also within arrays and plain objects, may hold other numbers at the next call. Everything else is
 *   part of what is compiled: with another number or another object `f` is compiled anew.
 * - **Tensors from outside**, such as the parameters of a model, are used where they are: an optimizer may change them in
 *   place between calls, and `f` may itself (`copy_`, `add_`, …; running statistics). If `f` reads their numbers (`item()`), it
 *   is compiled anew when they have changed. What else `f` finds outside stays as it was: see {@link forgetCompiled}.
 * - **Random numbers** are drawn at every call; so dropout works.
 * - **`backward`** inside adds to `grad` at every call. Setting gradients to null, clipping them and the step of an optimizer
 *   are left outside.
 * - **What `f` computes** takes no part in differentiation from outside: the gradient belongs inside.
 * - `f` itself runs where a program would miss something: under `vmap`, in another compiled function, while somebody watches
 *   (`inspect`, `detectAnomaly`), for arguments that have hooks, that were computed by recorded ops, or that share memory
 *   with a tensor from outside which `f` changes.
 *
 * Source: Frostig, Johnson & Leary, "Compiling machine learning programs via high-level tracing", SysML 2018.
 *
 * @throws {GradError} when compiling, where `f` reads numbers that are not known yet, does something that would happen only
 * once, or returns, without having taken a gradient, something that is still to be differentiated.
 * @throws {ArgumentError} when `f` is asynchronous, returns something else than tensors, plain values, and arrays and plain
 * objects of them, or is given typed arrays, maps or sets, whose content would be fixed.
 * @example
 * import { compile, tensor, valueAndGrad, type Tensor } from "@chainrule/core";
 * const step = compile(valueAndGrad((x: Tensor) => x.mul(x).add(1).log().sum()));
 * const { value, grad } = step(tensor([1, 2]));
 * value; // → tensor(2.3026)
 * grad; // → tensor([1.0, 0.8])
 */
export function compile<Args extends readonly unknown[], Value>(
  f: (...args: Args) => Value,
): Compiled<Args, Value> {
  if (typeof f !== "function")
    throw new ArgumentError(`compile: expected a function, not ${quoted(f)}.`);
  const programs = new Programs(f);
  const call = (...args: Args): Value => {
    const given = tensorsIn("compile", args);
    if (capture !== null || observers !== null || isMapping() || given.some(isToBeFollowed))
      return f(...args);
    const ready = programs.for(args, given);
    return given.some(({ storage }) => ready.program.changed.has(storage))
      ? f(...args)
      : run(ready, given);
  };
  return Object.assign(call, {
    describe: (...args: Args): string =>
      describe(programs.for(args, tensorsIn("compile", args)).program),
  });
}

/** What was used last, where all arguments are tensors: most calls are like the one before, and need no key. */
interface Latest<Value> {
  readonly setting: string;
  readonly like: readonly Likeness[];
  readonly ready: Ready<Value>;
}

/** Whether a gradient is to go on from an argument, or to somebody who wants to see it: a program gives it to the argument. */
function isToBeFollowed({ node, hooks, batch }: Tensor): boolean {
  return (node !== null && isGradEnabled()) || hooks !== null || batch !== null;
}

/** The programs of a function, by what their arguments are like. */
class Programs<Args extends readonly unknown[], Value> {
  private readonly f: (...args: Args) => Value;
  private readonly known = new Map<string, Ready<Value>>();
  private forgotten = timesForgotten();
  private latest: Latest<Value> | null = null;

  constructor(f: (...args: Args) => Value) {
    this.f = f;
  }

  for(args: Args, given: readonly Tensor[]): Ready<Value> {
    if (this.forgotten !== timesForgotten()) {
      this.known.clear();
      this.latest = null;
      this.forgotten = timesForgotten();
    }
    const setting = isGradEnabled() ? getDefaultDType() : `noGrad ${getDefaultDType()}`;
    const { latest } = this;
    if (
      latest !== null &&
      latest.setting === setting &&
      areLike(args, latest.like) &&
      isUpToDate(latest.ready.program)
    )
      return latest.ready;
    const key = `${setting} ${keyOf(args)}`;
    const known = this.known.get(key);
    const ready =
      known !== undefined && isUpToDate(known.program) ? known : prepare(this.f, args, given);
    // The latest is the last, so that the first is the one to go.
    this.known.delete(key);
    this.known.set(key, ready);
    if (this.known.size > mostPrograms) this.known.delete(this.known.keys().next().value!);
    const like = args.every((x) => x instanceof Tensor) ? given.map(likenessOf) : null;
    this.latest = like === null ? null : { setting, like, ready };
    return ready;
  }
}

/** A program, and what is needed to run it. */
interface Ready<Value> {
  readonly program: Program;
  readonly runner: Runner;
  /** What the function returned, with tensors that the results are to replace. */
  readonly value: Value;
  /** By output: the argument or the tensor from outside that it is, or `null` for what is computed. */
  readonly same: readonly (number | Tensor | null)[];
  /** By output: whether it was computed when the function was compiled, so that a copy is to be given. */
  readonly isConstant: readonly boolean[];
}

function prepare<Args extends readonly unknown[], Value>(
  f: (...args: Args) => Value,
  args: Args,
  given: readonly Tensor[],
): Ready<Value> {
  checkArguments(args);
  const recorder = new Recorder(given);
  const { value, program, tookGradients } = recorder.record(
    (inputs) => {
      const returned = refusePromise("compile", f(...withTensors(args, inputs)));
      checkReturned(returned);
      return returned;
    },
    (returned) => tensorsIn("compile", returned),
  );
  const returned = tensorsIn("compile", value);
  if (isGradEnabled() && !tookGradients) returned.forEach(refuseOpenGraph);
  const put = fused(withoutIdleCalls(program), (x) => recorder.isConstant(x));
  return {
    program: put,
    runner: new Runner(put),
    // Placeholders have no graph.
    value: withTensors(
      value,
      returned.map((x) => x.detach()),
    ),
    same: returned.map((x) => {
      const argument = recorder.argumentOf(x);
      if (argument >= 0) return argument;
      return recorder.isOutside(x) && x.isLeaf ? x : null;
    }),
    isConstant: returned.map((x) => recorder.isConstant(x)),
  };
}

/** What could be differentiated from outside must not be lost without a word. */
function refuseOpenGraph(x: Tensor): void {
  if (x.node === null || x.node.freed) return;
  throw new GradError(
    `compile: the function returns the result of ${x.node.op.name}, which is still to be differentiated; what a compiled function returns cannot be. Take the gradient inside (backward or grad), return x.detach(), or call it under noGrad.`,
    { op: x.node.op.name },
  );
}

function run<Value>(ready: Ready<Value>, given: readonly Tensor[]): Value {
  const { program, runner, value, same, isConstant } = ready;
  const { outputs, cotangents } = runner.run(given);
  const leaves = program.accumulations.map(({ leaf }) =>
    typeof leaf === "number" ? given[leaf]! : leaf,
  );
  for (const [i, arrived] of cotangents.entries()) accumulate(leaves[i]!, arrived);
  for (const leaf of leaves) callAccumulationHooks(leaf);
  const results = outputs.map((output, i) => {
    const one = same[i]!;
    if (one !== null) return typeof one === "number" ? given[one]! : one;
    if (isConstant[i]) return copyOf(output);
    // A view of a tensor from outside was recorded when the function was compiled.
    return output.isLeaf ? output : output.detach();
  });
  return withTensors(value, results);
}

function copyOf(x: Tensor): Tensor {
  return x.ndim === 0 ? scalarTensor(x.item(), x.dtype) : contiguousCopy(x);
}
