/**
 * Loops that apply a scalar expression to every element, with broadcasting.
 *
 * For each expression, each combination of element types and each manner of walking the operands (consecutive, the same
 * number again and again, or with a stride) a loop of its own is generated, so that the JavaScript engine compiles
 * straight machine code for it. Where code must not be generated, the expression is interpreted block by block.
 */
import { mayAccelerate } from "../accelerated/backend.ts";
import { AcceleratedPointwise } from "../accelerated/pointwise.ts";
import type { DType, TypedArray } from "../dtype.ts";
import { dtypeCode } from "../dtype.ts";
import type { Expression, Input } from "../scalar/expression.ts";
import { inOrder } from "../scalar/expression.ts";
import type { Load } from "../scalar/interpreter.ts";
import { InterpretedExpression } from "../scalar/interpreter.ts";
import type { Shape } from "../shape.ts";
import { broadcastStrides, isRowMajor, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Loop, ScalarFunction, Selection } from "./loops.ts";
import { compileLoop, compileScalar, selectionOf, walk, waysOf } from "./loops.ts";
import { forEachRow, mergeDimensions } from "./rows.ts";
import { canGenerateCode } from "./specialize.ts";

function numberIn(x: Tensor): number {
  return x.storage.data[x.offset]!;
}

/** The step along the dimension at this place from the end; 0 where there is none, or where the operand broadcasts. */
function stepFromEnd(x: Tensor, place: number): number {
  const dim = x.shape.length - place;
  return dim < 0 || x.shape[dim] === 1 ? 0 : x.strides[dim]!;
}

/**
 * From this length on a loop that only selects between float32 operands moves their bits under a mask. A branch for each
 * element costs more, since nobody can foresee the sign of an activation; a view of the bits costs a fraction of a
 * microsecond.
 */
const leastLengthForBits = 512;

/** What the kernel needs of an operand beside its step within a row. */
interface Walk {
  readonly data: TypedArray;
  readonly step: number;
  readonly rowStep: number;
  readonly planeStep: number;
}

const noParameters: readonly number[] = Object.freeze([]);

let interpretAlways = false;

/** Interprets expressions even where code could be generated: for tests that compare both. Returns what was before. */
export function setInterpreted(on: boolean): boolean {
  const before = interpretAlways;
  interpretAlways = on;
  return before;
}

/** Whether expressions are interpreted: where code must not be generated, and in tests. */
export function isInterpreted(): boolean {
  return interpretAlways || !canGenerateCode();
}

export class PointwiseKernel {
  private readonly root: Expression;
  /** The inputs that the expression reads, and for each its place among the tensors handed to `run`. */
  private readonly inputs: readonly Input[];
  private readonly places: readonly number[];
  private readonly parameterNames: readonly string[];
  private readonly loops = new Map<number, Loop>();
  private readonly loopsOverBits = new Map<number, Loop>();
  private readonly scalars: (ScalarFunction | undefined)[] = [];
  private readonly interpreted: (InterpretedExpression | undefined)[] = [];
  /** The operands' steps within a row and from row to row, for the loop that is called next. */
  private readonly steps: number[] = [];
  private readonly rowSteps: number[] = [];
  /** The same in WebAssembly; made when there is first much to do. */
  private accelerated: AcceleratedPointwise | undefined;
  /** What the root selects from, if that is all it does. */
  private readonly selection: Selection | null;

  /** `tensors`: the inputs for which `run` is handed a tensor, in this order. */
  constructor(root: Expression, tensors: readonly Input[]) {
    this.root = root;
    const parts = inOrder([root]);
    this.places = tensors.flatMap((input, i) => (parts.includes(input) ? [i] : []));
    this.inputs = this.places.map((place) => tensors[place]!);
    this.parameterNames = parts.flatMap((part) => (part.kind === "parameter" ? [part.name] : []));
    this.selection = selectionOf(root);
  }

  /** Whether the result is made of bits of its operands: they and the result are float32, and there are many. */
  private selectsBits(out: Tensor, tensors: readonly Tensor[]): boolean {
    if (this.selection === null || out.dtype !== "float32" || out.numel() < leastLengthForBits)
      return false;
    for (let i = 0; i < this.inputs.length; i++) {
      const isSelected = this.selection.sources.includes(this.inputs[i]!);
      if (isSelected && tensors[this.places[i]!]!.dtype !== "float32") return false;
    }
    return true;
  }

  private valuesOf(parameters: Readonly<Record<string, number>>): readonly number[] {
    const names = this.parameterNames;
    return names.length === 0 ? noParameters : names.map((name) => parameters[name]!);
  }

  /** Fills `out`, which is contiguous, from tensors that broadcast to its shape. */
  run(out: Tensor, tensors: readonly Tensor[], parameters: Readonly<Record<string, number>>): void {
    const { shape } = out;
    const length = out.numel();
    if (length === 0) return;
    const values = this.valuesOf(parameters);
    if (this.runAccelerated(out, tensors, values)) return;
    if (isInterpreted()) {
      this.interpret(out, tensors, values);
      return;
    }
    // The common cases need no loop nest: every operand lies like the result, or is a single number.
    const byBits = this.selectsBits(out, tensors);
    let key: number = dtypeCode[out.dtype];
    const { places } = this;
    for (let i = 0; i < places.length; i++) {
      const x = tensors[places[i]!]!;
      let way: number = walk.consecutive;
      if (x.numel() === 1) way = length === 1 ? walk.consecutive : walk.constant;
      else if (!(sameShape(x.shape, shape) && isRowMajor(shape, x.strides))) {
        if (shape.length > 2) this.runNested(out, tensors, values, byBits);
        else this.runRows(out, tensors, values, byBits);
        return;
      }
      key = key * 12 + dtypeCode[x.dtype] * 3 + way;
      this.steps[i] = 0;
      this.rowSteps[i] = 0;
    }
    this.call(this.loopFor(key, out.dtype, byBits), 1, length, out, tensors, values);
  }

  private runAccelerated(
    out: Tensor,
    tensors: readonly Tensor[],
    parameters: readonly number[],
  ): boolean {
    if (out.dtype !== "float32" || interpretAlways || !mayAccelerate(out.numel())) return false;
    this.accelerated ??= new AcceleratedPointwise(this.root, this.inputs, this.parameterNames);
    const operands: Tensor[] = [];
    for (let i = 0; i < this.places.length; i++) operands.push(tensors[this.places[i]!]!);
    return this.accelerated.run(out, operands, parameters);
  }

  /** Results of one or two dimensions, from operands with any strides. */
  private runRows(
    out: Tensor,
    tensors: readonly Tensor[],
    parameters: readonly number[],
    byBits: boolean,
  ): void {
    const { shape } = out;
    const rows = shape.length === 2 ? shape[0]! : 1;
    const length = shape[shape.length - 1]!;
    let key: number = dtypeCode[out.dtype];
    for (let i = 0; i < this.places.length; i++) {
      const x = tensors[this.places[i]!]!;
      const step = stepFromEnd(x, 1);
      const way = step === 1 ? walk.consecutive : step === 0 ? walk.constant : walk.strided;
      key = key * 12 + dtypeCode[x.dtype] * 3 + way;
      this.steps[i] = step;
      this.rowSteps[i] = stepFromEnd(x, 2);
    }
    this.call(this.loopFor(key, out.dtype, byBits), rows, length, out, tensors, parameters);
  }

  /** Calls a loop over rows with the steps that are noted for the operands. */
  private call(
    loop: Loop,
    rows: number,
    length: number,
    out: Tensor,
    tensors: readonly Tensor[],
    parameters: readonly number[],
  ): void {
    const { places, steps, rowSteps } = this;
    const target = out.storage.data;
    const at = out.offset;
    switch (places.length) {
      case 1: {
        const x = tensors[places[0]!]!;
        // biome-ignore format: an operand a line
        loop(
          1, rows, length, target, at, parameters,
          x.storage.data, x.offset, steps[0]!, rowSteps[0]!, 0,
        );
        return;
      }
      case 2: {
        const x = tensors[places[0]!]!;
        const y = tensors[places[1]!]!;
        // biome-ignore format: an operand a line
        loop(
          1, rows, length, target, at, parameters,
          x.storage.data, x.offset, steps[0]!, rowSteps[0]!, 0,
          y.storage.data, y.offset, steps[1]!, rowSteps[1]!, 0,
        );
        return;
      }
      case 3: {
        const x = tensors[places[0]!]!;
        const y = tensors[places[1]!]!;
        const z = tensors[places[2]!]!;
        // biome-ignore format: an operand a line
        loop(
          1, rows, length, target, at, parameters,
          x.storage.data, x.offset, steps[0]!, rowSteps[0]!, 0,
          y.storage.data, y.offset, steps[1]!, rowSteps[1]!, 0,
          z.storage.data, z.offset, steps[2]!, rowSteps[2]!, 0,
        );
        return;
      }
      default: {
        const operands: unknown[] = [];
        for (const [i, place] of places.entries()) {
          const x = tensors[place]!;
          operands.push(x.storage.data, x.offset, steps[i]!, rowSteps[i]!, 0);
        }
        loop(1, rows, length, target, at, parameters, ...operands);
      }
    }
  }

  /** The value for operands of one number each. */
  single(
    tensors: readonly Tensor[],
    parameters: Readonly<Record<string, number>>,
    dtype: DType,
  ): number {
    const evaluate = this.scalarFunction(dtype === "int32");
    const { places } = this;
    const values = this.valuesOf(parameters);
    switch (places.length) {
      case 1:
        return evaluate(values, numberIn(tensors[places[0]!]!));
      case 2:
        return evaluate(values, numberIn(tensors[places[0]!]!), numberIn(tensors[places[1]!]!));
      default:
        return evaluate(values, ...places.map((place) => numberIn(tensors[place]!)));
    }
  }

  /** Any strides: dimensions are merged, and the three innermost are left to the generated loop. */
  private runNested(
    out: Tensor,
    tensors: readonly Tensor[],
    parameters: readonly number[],
    byBits: boolean,
  ): void {
    const operands = this.places.map((place) => tensors[place]!);
    const { lengths, strides } = mergeDimensions(
      out.shape,
      operands.map((x) => broadcastStrides(x.shape, x.strides, out.shape)),
    );
    const rank = lengths.length;
    const length = rank > 0 ? lengths[rank - 1]! : 1;
    const rows = rank > 1 ? lengths[rank - 2]! : 1;
    const planes = rank > 2 ? lengths[rank - 3]! : 1;
    let key: number = dtypeCode[out.dtype];
    const walks = operands.map((x, i): Walk => {
      const view = strides[i]!;
      const step = rank > 0 ? view[rank - 1]! : 0;
      const way = step === 1 ? walk.consecutive : step === 0 ? walk.constant : walk.strided;
      key = key * 12 + dtypeCode[x.dtype] * 3 + way;
      return {
        data: x.storage.data,
        step,
        rowStep: rank > 1 ? view[rank - 2]! : 0,
        planeStep: rank > 2 ? view[rank - 3]! : 0,
      };
    });
    const loop = this.loopFor(key, out.dtype, byBits);
    const outer = Math.max(rank - 3, 0);
    const block = planes * rows * length;
    let at = out.offset;
    // forEachRow walks the outer dimensions; its rows are walked here one place at a time.
    forEachRow(
      [...lengths.slice(0, outer), 1],
      strides.map((view) => [...view.slice(0, outer), 0]),
      operands.map((x) => x.offset),
      (count, steps, places) => {
        for (let n = 0; n < count; n++) {
          const args: unknown[] = [];
          for (let i = 0; i < walks.length; i++) {
            const { data, step, rowStep, planeStep } = walks[i]!;
            args.push(data, places[i]! + n * steps[i]!, step, rowStep, planeStep);
          }
          loop(planes, rows, length, out.storage.data, at, parameters, ...args);
          at += block;
        }
      },
    );
  }

  /** The key holds types and ways of the operands in the order of the inputs; see `run`. */
  private loopFor(key: number, dtype: DType, byBits: boolean): Loop {
    const loops = byBits ? this.loopsOverBits : this.loops;
    let loop = loops.get(key);
    if (loop === undefined) {
      const { root, inputs, parameterNames } = this;
      loop = compileLoop(
        { root, inputs, parameterNames, whole: dtype === "int32" },
        waysOf(key, inputs.length),
        byBits ? this.selection : null,
      );
      loops.set(key, loop);
    }
    return loop;
  }

  private scalarFunction(whole: boolean): ScalarFunction {
    const kind = whole ? 1 : 0;
    if (isInterpreted()) return this.interpretedScalar(whole);
    let scalar = this.scalars[kind];
    if (scalar === undefined) {
      const { root, inputs, parameterNames } = this;
      scalar = compileScalar({ root, inputs, parameterNames, whole });
      this.scalars[kind] = scalar;
    }
    return scalar;
  }

  private interpretedScalar(whole: boolean): ScalarFunction {
    const interpreted = this.interpreter(whole);
    return (parameters, ...values) => {
      const loads: Load[] = [];
      for (const [i, { index }] of this.inputs.entries()) {
        loads[index] = (register) => {
          register[0] = values[i]!;
        };
      }
      let result = 0;
      interpreted.run(1, loads, this.byName(parameters), (found) => {
        result = found[0]!;
      });
      return result;
    };
  }

  private interpreter(whole: boolean): InterpretedExpression {
    const kind = whole ? 1 : 0;
    let interpreted = this.interpreted[kind];
    if (interpreted === undefined) {
      interpreted = new InterpretedExpression(this.root, whole);
      this.interpreted[kind] = interpreted;
    }
    return interpreted;
  }

  private byName(parameters: readonly number[]): ReadonlyMap<string, number> {
    return new Map(this.parameterNames.map((name, i) => [name, parameters[i]!]));
  }

  private interpret(out: Tensor, tensors: readonly Tensor[], parameters: readonly number[]): void {
    const interpreted = this.interpreter(out.dtype === "int32");
    const operands = this.places.map((place) => tensors[place]!);
    const strides = operands.map((x): Shape => broadcastStrides(x.shape, x.strides, out.shape));
    const named = this.byName(parameters);
    const target = out.storage.data;
    let done = out.offset;
    forEachRow(
      out.shape,
      strides,
      operands.map((x) => x.offset),
      (length, steps, places) => {
        const loads: Load[] = [];
        for (const [i, { index }] of this.inputs.entries()) {
          const { data } = operands[i]!.storage;
          const step = steps[i]!;
          const first = places[i]!;
          loads[index] = (register, start, count) => {
            let at = first + start * step;
            for (let k = 0; k < count; k++) {
              register[k] = data[at]!;
              at += step;
            }
          };
        }
        interpreted.run(length, loads, named, (values, start, count) => {
          for (let k = 0; k < count; k++) target[done + start + k] = values[k]!;
        });
        done += length;
      },
    );
  }
}
