/**
 * General ops: a shape rule, a forward computation and the vector-Jacobian products, in one literal.
 */
import type { DType } from "./dtype.ts";
import { GradError } from "./errors.ts";
import { dispatchBatched, isBatched } from "./graph/batch.ts";
import type { Deferred } from "./graph/capture.ts";
import { capture, unforeseen } from "./graph/capture.ts";
import type { BatchRule, JointVJP, NodeOp, OperandVJP } from "./graph/node.ts";
import { observers, watched } from "./graph/observe.ts";
import { copyStrided } from "./kernels/copy.ts";
import type { OperandKind } from "./operands.ts";
import { convert, numberType } from "./operands.ts";
import { recordResult, recordResults } from "./record.ts";
import { newStorage, recordedInScope } from "./recycling.ts";
import type { EdgeCase, Rejection, Sample } from "./samples.ts";
import type { Shape } from "./shape.ts";
import { elementCount } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** A user's call, sorted into operands and canonical options. */
export interface Call<Options> {
  readonly operands: readonly unknown[];
  readonly options: Options;
}

/** How a view lies in the storage of its operand. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
}

interface CommonLiteral<Args extends readonly unknown[], Options> {
  readonly name: string;
  /** TeX of the forward computation. */
  readonly formula: string;
  /**
   * Sorts a user's arguments into operands and options with all defaults filled in, and refuses what is wrong with them.
   * The options stand in the graph for people and tools to read, so they are plain data.
   */
  readonly call: (...args: Args) => Call<Options>;
  /** What each operand may be; the last holds for all further ones. `["float"]` unless given. */
  readonly kinds?: readonly OperandKind[];
  /** Whether `forward` writes every element of its results, which then hold anything before; false unless given. */
  readonly fills?: boolean;
  /** Whether operands broadcast, so that the engine is to sum gradients back to their shapes. */
  readonly broadcasts?: boolean;
  /**
   * The gradients: one rule an operand (`null` where it has none) or one rule for all of them. Absent: no derivative.
   * Rules are written in tensor ops, so derivatives of any order follow.
   */
  readonly vjp?: readonly (OperandVJP<Options> | null)[] | JointVJP<Options>;
  /**
   * How `vmap` applies the op to many samples at once; see {@link BatchRule}. Without a rule it goes through them one by
   * one, which is always right.
   */
  readonly batch?: BatchRule<Options>;
  readonly samples: readonly Sample[];
  readonly rejects?: readonly Rejection[];
  readonly edges?: readonly EdgeCase[];
}

/** An op that computes new numbers, with one result. */
export interface KernelLiteral<Args extends readonly unknown[], Options>
  extends CommonLiteral<Args, Options> {
  /** The shape of the result; pure; throws what is wrong with the shapes before anything is computed. */
  readonly shape: (operands: readonly Tensor[], options: Options) => Shape;
  /** The element type of the result; that of the operands unless given. */
  readonly dtype?: (operands: readonly Tensor[], options: Options) => DType;
  /**
   * Computes the result into `result`, which is new, contiguous and, unless `fills` says otherwise, zero. What it returns is
   * kept for the VJP as `node.saved`.
   */
  readonly forward: (operands: readonly Tensor[], result: Tensor, options: Options) => unknown;
  /**
   * The tensor that `forward` returns for the VJP, where it returns one: its shape and type. Without it the gradient of a
   * function in which `node.saved` is read cannot be compiled.
   */
  readonly saves?: (operands: readonly Tensor[], shape: Shape, options: Options) => Deferred;
}

/** An op that computes new numbers, with several results. */
export interface MultipleLiteral<Args extends readonly unknown[], Options, Returned>
  extends CommonLiteral<Args, Options> {
  readonly shapes: (operands: readonly Tensor[], options: Options) => readonly Shape[];
  readonly dtypes?: (operands: readonly Tensor[], options: Options) => readonly DType[];
  /**
   * How the results lie in memory, without gaps: their strides, where they are to lie as an operand does. Row by row unless
   * given.
   */
  readonly strides?: (operands: readonly Tensor[], shapes: readonly Shape[]) => readonly Shape[];
  readonly forward: (
    operands: readonly Tensor[],
    results: readonly Tensor[],
    options: Options,
  ) => unknown;
  /** What the user gets, made of the results: `([values, indices]) => ({ values, indices })`. */
  readonly returns: (results: readonly Tensor[]) => Returned;
}

/** An op that only looks at the numbers of its operand in another order: it shares the storage. */
export interface ViewLiteral<Args extends readonly unknown[], Options>
  extends CommonLiteral<Args, Options> {
  /**
   * The layout of the result; pure; throws what is wrong. `null` where no strides can express it: the operand is copied
   * into row-major order then, and the rule is asked again.
   */
  readonly view: (operand: Tensor, options: Options) => Layout | null;
}

/** An op with several results, all of which look at the numbers of its operand: they share the storage. */
export interface MultipleViewLiteral<Args extends readonly unknown[], Options, Returned>
  extends CommonLiteral<Args, Options> {
  /** The layouts of the results; pure; throws what is wrong. */
  readonly views: (operand: Tensor, options: Options) => readonly Layout[];
  /** What the user gets, made of the results. */
  readonly returns: (results: readonly Tensor[]) => Returned;
}

/** What is known of a general op; found as `op` on its function. */
export interface OpDefinition extends NodeOp {
  readonly kind: "kernel" | "multiple" | "view" | "views";
  /** What each operand may be; the last holds for all further ones. */
  readonly kinds: readonly OperandKind[];
  /** The shapes that the shape rule foresees for a call, without computing it. */
  readonly shapesOf: (args: readonly unknown[]) => readonly Shape[];
  readonly samples: readonly Sample[];
  readonly rejects: readonly Rejection[];
  readonly edges: readonly EdgeCase[];
}

/**
 * The function of an op. Write the signature out on the constant that holds it, so that editors show its names and its
 * documentation: `export const outer: Op<(a: TensorLike, b: TensorLike) => Tensor> = defineOp({ … })`.
 */
export type Op<Signature> = Signature & { readonly op: OpDefinition };

/** Looks a call over without running it: operands converted, options canonical. */
interface Prepared<Options> {
  readonly operands: readonly Tensor[];
  readonly options: Options;
}

/** A literal of any of the four forms. */
export type OpLiteral<Args extends readonly unknown[], Options, Returned> =
  | ViewLiteral<Args, Options>
  | MultipleViewLiteral<Args, Options, Returned>
  | KernelLiteral<Args, Options>
  | MultipleLiteral<Args, Options, Returned>;

/**
 * Defines an op of the core. Users have `defineOp` of `user-op.ts`, which is the same but for one thing: of rules in this
 * package the engine knows that they keep nothing, so that it may use their buffers again (see `recycling.ts`).
 */
export function defineOp<Args extends readonly unknown[], Options>(
  literal: ViewLiteral<Args, Options>,
): Op<(...args: Args) => Tensor>;
export function defineOp<Args extends readonly unknown[], Options>(
  literal: KernelLiteral<Args, Options>,
): Op<(...args: Args) => Tensor>;
export function defineOp<Args extends readonly unknown[], Options, Returned>(
  literal: MultipleLiteral<Args, Options, Returned>,
): Op<(...args: Args) => Returned>;
export function defineOp<Args extends readonly unknown[], Options, Returned>(
  literal: MultipleViewLiteral<Args, Options, Returned>,
): Op<(...args: Args) => Returned>;
export function defineOp<Args extends readonly unknown[], Options, Returned>(
  literal: OpLiteral<Args, Options, Returned>,
): Op<(...args: Args) => Tensor | Returned> {
  return makeOp(literal, true);
}

/** Makes the function of an op; `confined`: its rules keep nothing of what they are given or make. */
export function makeOp<Args extends readonly unknown[], Options, Returned>(
  literal: OpLiteral<Args, Options, Returned>,
  confined: boolean,
): Op<(...args: Args) => Tensor | Returned> {
  const kinds = literal.kinds ?? ["float"];
  const isCleared = literal.fills !== true;
  const prepare = (args: Args): Prepared<Options> => {
    const { operands, options } = literal.call(...args);
    return { operands: convert(literal.name, kinds, operands), options };
  };
  const shapesOf = (args: readonly unknown[]): readonly Shape[] => {
    const { operands, options } = prepare(args as Args);
    if ("view" in literal)
      return [
        (literal.view(operands[0]!, options) ?? viewOfCopy(literal, operands[0]!, options)).shape,
      ];
    if ("views" in literal) return literal.views(operands[0]!, options).map(({ shape }) => shape);
    return "shapes" in literal
      ? literal.shapes(operands, options)
      : [literal.shape(operands, options)];
  };
  const vjp = (literal.vjp ?? null) as NodeOp["vjp"];
  const definition: OpDefinition = {
    kind: kindOf(literal),
    name: literal.name,
    formula: literal.formula,
    broadcasts: literal.broadcasts ?? false,
    vjp,
    batch: (literal.batch ?? null) as NodeOp["batch"],
    confined: confined ? vjp : null,
    repeat: (operands, options) => compute(operands, options),
    kinds,
    shapesOf,
    samples: literal.samples,
    rejects: literal.rejects ?? [],
    edges: literal.edges ?? [],
  };

  let compute: (operands: readonly Tensor[], options: Options) => readonly Tensor[];
  let returned: (results: readonly Tensor[]) => Tensor | Returned = (results) => results[0]!;
  if ("view" in literal) {
    compute = (operands, options) => {
      const source = operands[0]!;
      capture?.sees(source);
      const layout = literal.view(source, options);
      const base = layout === null ? contiguousCopy(source) : source;
      const { shape, strides, offset } = layout ?? viewOfCopy(literal, source, options, base);
      const result = new Tensor(base.storage, base.dtype, shape, strides, offset);
      recordResult(definition, operands, options, undefined, result);
      if (layout === null && result.node !== null) recordedInScope(base.storage);
      return [result];
    };
  } else if ("views" in literal) {
    compute = (operands, options) => {
      const { storage, dtype } = operands[0]!;
      capture?.sees(operands[0]!);
      const results = literal
        .views(operands[0]!, options)
        .map(({ shape, strides, offset }) => new Tensor(storage, dtype, shape, strides, offset));
      recordResults(definition, operands, options, undefined, results);
      return results;
    };
    returned = literal.returns;
  } else if ("shapes" in literal) {
    compute = (operands, options) => {
      const shapes = literal.shapes(operands, options);
      const dtypes =
        literal.dtypes?.(operands, options) ?? shapes.map(() => numberType(kinds, operands));
      const strides = literal.strides?.(operands, shapes);
      if (capture?.defers(operands) === true) {
        const kinds = shapes.map(
          (shape, i): Deferred => ({ shape, dtype: dtypes[i]!, strides: strides?.[i] }),
        );
        const again = (given: readonly Tensor[]) => compute(given, options);
        const results = capture.call(definition, operands, options, kinds, again);
        recordResults(definition, operands, options, unforeseen(definition), results);
        return results;
      }
      const results = shapes.map((shape, i) => fresh(dtypes[i]!, shape, isCleared, strides?.[i]));
      const saved = literal.forward(operands, results, options);
      recordResults(definition, operands, options, saved, results);
      if (confined)
        for (const { node, storage } of results) if (node !== null) recordedInScope(storage);
      return results;
    };
    returned = literal.returns;
  } else {
    compute = (operands, options) => {
      const shape = literal.shape(operands, options);
      const dtype = literal.dtype?.(operands, options) ?? numberType(kinds, operands);
      if (capture?.defers(operands) === true) {
        const saved = literal.saves?.(operands, shape, options);
        const deferred = [{ shape, dtype }, ...(saved === undefined ? [] : [saved])];
        const again = (given: readonly Tensor[]): readonly Tensor[] => {
          if (saved === undefined) return compute(given, options);
          const result = fresh(dtype, shape, isCleared);
          return [result, literal.forward(given, result, options) as Tensor];
        };
        const [result, left] = capture.call(definition, operands, options, deferred, again);
        recordResult(definition, operands, options, left ?? unforeseen(definition), result!);
        return [result!];
      }
      const result = fresh(dtype, shape, isCleared);
      const saved = literal.forward(operands, result, options);
      recordResult(definition, operands, options, saved, result);
      if (confined && result.node !== null) {
        recordedInScope(result.storage);
        if (saved instanceof Tensor) recordedInScope(saved.storage);
      }
      return [result];
    };
  }

  const apply = (operands: readonly Tensor[], options: Options): Tensor | Returned =>
    isBatched(operands)
      ? dispatchBatched(definition, operands, options, apply)
      : returned(compute(operands, options));
  const checkedCall = (args: Args): Tensor | Returned => {
    const { operands, options } = prepare(args);
    return apply(operands, options);
  };
  // Apart, since a closure over its arguments would cost every call an allocation.
  const watchedCall = (args: Args): Tensor | Returned =>
    watched(definition, args, () => checkedCall(args));
  const call = (...args: Args): Tensor | Returned =>
    observers === null ? checkedCall(args) : watchedCall(args);
  return Object.assign(Object.defineProperty(call, "name", { value: literal.name }), {
    op: definition,
  });
}

function kindOf(literal: object): OpDefinition["kind"] {
  if ("view" in literal) return "view";
  if ("views" in literal) return "views";
  return "shapes" in literal ? "multiple" : "kernel";
}

function viewOfCopy<Args extends readonly unknown[], Options>(
  literal: ViewLiteral<Args, Options>,
  source: Tensor,
  options: Options,
  copy: Tensor = contiguousCopy(source),
): Layout {
  const layout = literal.view(copy, options);
  if (layout === null)
    throw new GradError(`${literal.name}: the view rule gave no layout for a contiguous tensor.`);
  return layout;
}

function fresh(dtype: DType, shape: Shape, isCleared: boolean, strides?: Shape): Tensor {
  return new Tensor(newStorage(dtype, elementCount(shape), isCleared), dtype, shape, strides);
}

/** What a copy is called where a compiled function is described; it is never recorded. */
const copyOp: NodeOp = {
  name: "copy",
  formula: "y = x",
  broadcasts: false,
  vjp: null,
  batch: null,
  repeat: null,
};

/** The same numbers in row-major order in storage of their own; outside of the graph. */
export function contiguousCopy(x: Tensor): Tensor {
  if (capture?.defers([x]) === true) {
    const { dtype, shape } = x;
    return capture.call(copyOp, [x], {}, [{ dtype, shape }], ([given]) => [
      contiguousCopy(given!),
    ])[0]!;
  }
  const copy = fresh(x.dtype, x.shape, false);
  copyStrided(copy.storage.data, 0, x.storage.data, x.offset, x.shape, x.strides);
  return copy;
}

/** `x` itself if it is contiguous, else a copy: for kernels that want to walk plain memory. */
export function contiguousOperand(x: Tensor): Tensor {
  return x.isContiguous() ? x : contiguousCopy(x);
}
