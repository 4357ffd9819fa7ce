/**
 * Loops that apply a scalar expression to every element, with broadcasting.
 *
 * For each expression, each combination of element types and each manner of walking the operands (consecutive, the same
 * number again and again, or with a stride) a loop of its own is generated, so that the JavaScript engine compiles
 * straight machine code for it. Where code must not be generated, the expression is interpreted block by block.
 */
import type { TypedArray } from "../dtype.ts";
import { dtypeCode } from "../dtype.ts";
import type { Expression } from "../scalar/expression.ts";
import { inOrder } from "../scalar/expression.ts";
import type { Load } from "../scalar/interpreter.ts";
import { InterpretedExpression } from "../scalar/interpreter.ts";
import { inputName, parameterName, toJavaScript } from "../scalar/javascript.ts";
import { specialFunctions } from "../scalar/primitives.ts";
import type { Shape } from "../shape.ts";
import { broadcastStrides, isRowMajor, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { forEachRow, mergeDimensions } from "./rows.ts";
import { canGenerateCode, generate } from "./specialize.ts";

/**
 * A generated loop over `rows` rows of `length` elements. After the result and the parameters come, for every operand:
 * its array, the place of its first element, its step within a row and from row to row.
 */
type Loop = (
  rows: number,
  length: number,
  out: TypedArray,
  parameters: readonly number[],
  ...operands: unknown[]
) => void;

/** The expression as a function of numbers: parameters, then the inputs that it reads. */
type ScalarFunction = (parameters: readonly number[] | undefined, ...inputs: number[]) => number;

function numberIn(x: Tensor): number {
  return x.storage.data[x.offset]!;
}

/** How an operand is walked within a row. */
const walk = { consecutive: 0, constant: 1, strided: 2 } as const;

let interpretAlways = false;

/** Interprets expressions even where code could be generated: for tests that compare both. Returns what was before. */
export function setInterpreted(on: boolean): boolean {
  const before = interpretAlways;
  interpretAlways = on;
  return before;
}

export class PointwiseKernel {
  /** The inputs that the expression reads, by their index among the tensors handed to `run`. */
  private readonly inputs: readonly number[];
  private readonly parameterNames: readonly string[];
  private readonly root: Expression;
  private readonly loops = new Map<number, Loop>();
  private interpreted: InterpretedExpression | undefined;
  private scalar: ScalarFunction | undefined;

  constructor(root: Expression) {
    this.root = root;
    const parts = inOrder([root]);
    const indices = parts.flatMap((part) => (part.kind === "input" ? [part.index] : []));
    this.inputs = indices.sort((a, b) => a - b);
    this.parameterNames = parts.flatMap((part) => (part.kind === "parameter" ? [part.name] : []));
  }

  /** Which inputs are read. */
  get reads(): readonly number[] {
    return this.inputs;
  }

  /** If the expression is nothing but one input, its index: nothing is to be computed then. */
  get onlyInput(): number | undefined {
    return this.root.kind === "input" ? this.root.index : undefined;
  }

  /** Fills `out`, contiguous and of shape `shape`, from the inputs, which broadcast to that shape. */
  run(
    out: Tensor,
    inputs: readonly (Tensor | undefined)[],
    parameters: Readonly<Record<string, number>>,
  ): void {
    const { shape } = out;
    const length = out.numel();
    if (length === 0) return;
    const values: number[] = [];
    for (const name of this.parameterNames) values.push(parameters[name]!);
    // The common cases need no loop nest: every operand lies like the result, or is a single number.
    let key: number = dtypeCode[out.dtype];
    const read = this.inputs;
    for (let i = 0; i < read.length; i++) {
      const x = inputs[read[i]!]!;
      let way: number = walk.consecutive;
      if (x.numel() === 1) way = length === 1 ? walk.consecutive : walk.constant;
      else if (!(sameShape(x.shape, shape) && isRowMajor(shape, x.strides))) {
        this.runNested(out, inputs, values);
        return;
      }
      key = key * 12 + dtypeCode[x.dtype] * 3 + way;
    }
    if (interpretAlways || !canGenerateCode()) {
      this.runNested(out, inputs, values);
      return;
    }
    const loop = this.loopFor(key);
    const target = out.storage.data;
    switch (read.length) {
      case 1: {
        const x = inputs[read[0]!]!;
        loop(1, length, target, values, x.storage.data, x.offset, 0, 0);
        return;
      }
      case 2: {
        const x = inputs[read[0]!]!;
        const y = inputs[read[1]!]!;
        loop(
          1,
          length,
          target,
          values,
          x.storage.data,
          x.offset,
          0,
          0,
          y.storage.data,
          y.offset,
          0,
          0,
        );
        return;
      }
      case 3: {
        const x = inputs[read[0]!]!;
        const y = inputs[read[1]!]!;
        const z = inputs[read[2]!]!;
        loop(
          1,
          length,
          target,
          values,
          x.storage.data,
          x.offset,
          0,
          0,
          y.storage.data,
          y.offset,
          0,
          0,
          z.storage.data,
          z.offset,
          0,
          0,
        );
        return;
      }
      default: {
        const operands: unknown[] = [];
        for (const index of read)
          operands.push(inputs[index]!.storage.data, inputs[index]!.offset, 0, 0);
        loop(1, length, target, values, ...operands);
      }
    }
  }

  /** The value for operands of one number each. */
  single(
    inputs: readonly (Tensor | undefined)[],
    parameters: Readonly<Record<string, number>>,
  ): number {
    const evaluate = this.scalarFunction();
    const read = this.inputs;
    const given: number[] | undefined = this.parameterNames.length === 0 ? undefined : [];
    if (given !== undefined) for (const name of this.parameterNames) given.push(parameters[name]!);
    switch (read.length) {
      case 1:
        return evaluate(given, numberIn(inputs[read[0]!]!));
      case 2:
        return evaluate(given, numberIn(inputs[read[0]!]!), numberIn(inputs[read[1]!]!));
      default:
        return evaluate(given, ...read.map((index) => numberIn(inputs[index]!)));
    }
  }

  private scalarFunction(): ScalarFunction {
    if (interpretAlways || !canGenerateCode()) return this.interpretedScalar();
    this.scalar ??= this.compileScalar();
    return this.scalar;
  }

  private interpretedScalar(): ScalarFunction {
    this.interpreted ??= new InterpretedExpression(this.root);
    const interpreted = this.interpreted;
    return (parameters, ...values) => {
      const named = new Map(this.parameterNames.map((name, i) => [name, parameters![i]!]));
      const loads: Load[] = [];
      for (const [i, index] of this.inputs.entries()) {
        loads[index] = (register) => {
          register[0] = values[i]!;
        };
      }
      let result = 0;
      interpreted.run(1, loads, named, (found) => {
        result = found[0]!;
      });
      return result;
    };
  }

  private compileScalar(): ScalarFunction {
    const { statements, result } = toJavaScript(this.root);
    const constants = this.parameterNames
      .map((name, i) => `const ${parameterName(name)} = parameters[${i}]; `)
      .join("");
    const body = `"use strict"; return function (${["parameters", ...this.inputs.map(inputName)].join(", ")}) {
      ${constants}${statements}return ${result};
    };`;
    const make = generate<(...functions: unknown[]) => ScalarFunction>(
      Object.keys(specialFunctions),
      body,
    );
    return make(...Object.values(specialFunctions));
  }

  /** Any strides: dimensions are merged, the two innermost are left to the generated loop. */
  private runNested(
    out: Tensor,
    inputs: readonly (Tensor | undefined)[],
    parameters: readonly number[],
  ): void {
    const operands = this.inputs.map((index) => inputs[index]!);
    const strides = operands.map((x) => broadcastStrides(x.shape, x.strides, out.shape));
    if (interpretAlways || !canGenerateCode()) {
      this.interpret(out, operands, strides, parameters);
      return;
    }
    const nest = mergeDimensions(out.shape, strides);
    const rank = nest.lengths.length;
    const length = rank > 0 ? nest.lengths[rank - 1]! : 1;
    const rows = rank > 1 ? nest.lengths[rank - 2]! : 1;
    let key: number = dtypeCode[out.dtype];
    for (const [i, x] of operands.entries()) {
      const step = rank > 0 ? nest.strides[i]![rank - 1]! : 0;
      key =
        key * 12 +
        dtypeCode[x.dtype] * 3 +
        (step === 1 ? walk.consecutive : step === 0 ? walk.constant : walk.strided);
    }
    const loop = this.loopFor(key);
    const outerStrides = nest.strides.map((view) => [...view.slice(0, Math.max(rank - 2, 0)), 0]);
    const outerShape = [...nest.lengths.slice(0, Math.max(rank - 2, 0)), 1];
    const block = rows * length;
    let done = 0;
    // forEachRow walks the outer dimensions; its rows are walked here one place at a time.
    forEachRow(
      outerShape,
      outerStrides,
      operands.map((x) => x.offset),
      (count, steps, places) => {
        for (let n = 0; n < count; n++) {
          const args: unknown[] = [];
          for (const [i, x] of operands.entries()) {
            const view = nest.strides[i]!;
            args.push(
              x.storage.data,
              places[i]! + n * steps[i]!,
              rank > 0 ? view[rank - 1] : 0,
              rank > 1 ? view[rank - 2] : 0,
            );
          }
          const target =
            done === 0 && block === out.numel()
              ? out.storage.data
              : out.storage.data.subarray(done, done + block);
          loop(rows, length, target, parameters, ...args);
          done += block;
        }
      },
    );
  }

  private loopFor(key: number): Loop {
    let loop = this.loops.get(key);
    if (loop === undefined) {
      loop = this.compile(key);
      this.loops.set(key, loop);
    }
    return loop;
  }

  /** Writes the loop for one manner of walking. The element types are in the key only to keep the copies apart. */
  private compile(key: number): Loop {
    const ways: number[] = [];
    let rest = key;
    for (let i = 0; i < this.inputs.length; i++) {
      ways.unshift(rest % 3);
      rest = Math.floor(rest / 12);
    }
    const { statements, result } = toJavaScript(this.root);
    const parameters = ["rows", "length", "out", "parameters"];
    let perRow = "";
    let perElement = "";
    let nextElement = "";
    let nextRow = "";
    for (const [i, index] of this.inputs.entries()) {
      const x = inputName(index);
      parameters.push(`data${index}`, `row${index}`, `step${index}`, `rowStep${index}`);
      if (ways[i] === walk.constant) perRow += `const ${x} = data${index}[row${index}]; `;
      else if (ways[i] === walk.consecutive)
        perElement += `const ${x} = data${index}[row${index} + i]; `;
      else {
        perRow += `let at${index} = row${index}; `;
        perElement += `const ${x} = data${index}[at${index}]; `;
        nextElement += `at${index} += step${index}; `;
      }
      nextRow += `row${index} += rowStep${index}; `;
    }
    const constants = this.parameterNames
      .map((name, i) => `const ${parameterName(name)} = parameters[${i}]; `)
      .join("");
    const body = `"use strict"; return function (${parameters.join(", ")}) {
      ${constants}
      let at = 0;
      for (let row = 0; row < rows; row++) {
        ${perRow}
        for (let i = 0; i < length; i++) {
          ${perElement}${statements}
          out[at + i] = ${result};
          ${nextElement}
        }
        at += length;
        ${nextRow}
      }
    };`;
    const names = Object.keys(specialFunctions);
    const make = generate<(...functions: unknown[]) => Loop>(names, body);
    return make(...Object.values(specialFunctions));
  }

  private interpret(
    out: Tensor,
    operands: readonly Tensor[],
    strides: readonly Shape[],
    parameters: readonly number[],
  ): void {
    this.interpreted ??= new InterpretedExpression(this.root);
    const interpreted = this.interpreted;
    const named = new Map(this.parameterNames.map((name, i) => [name, parameters[i]!]));
    const target = out.storage.data;
    let done = 0;
    forEachRow(
      out.shape,
      strides,
      operands.map((x) => x.offset),
      (length, steps, places) => {
        const loads: Load[] = [];
        for (const [i, index] of this.inputs.entries()) {
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
