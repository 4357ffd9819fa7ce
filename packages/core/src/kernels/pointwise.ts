/**
 * Loops that apply a scalar expression to every element, with broadcasting.
 *
 * For each expression, each combination of element types and each manner of walking the operands (consecutive, the same
 * number again and again, or with a stride) a loop of its own is generated, so that the JavaScript engine compiles
 * straight machine code for it. Where code must not be generated, the expression is interpreted block by block.
 */
import type { DType, TypedArray } from "../dtype.ts";
import { dtypeCode } from "../dtype.ts";
import type { Expression, Input } from "../scalar/expression.ts";
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
 * A generated loop over `planes` of `rows` of `length` elements, from element `at` of `out` on. After the parameters come
 * for every operand: its array, the place of its first element, its steps within a row, from row to row and from plane to
 * plane.
 */
type Loop = (
  planes: number,
  rows: number,
  length: number,
  out: TypedArray,
  at: number,
  parameters: readonly number[],
  ...operands: unknown[]
) => void;

/** The expression as a function of numbers: parameters, then the inputs that it reads. */
type ScalarFunction = (parameters: readonly number[], ...inputs: number[]) => number;

function numberIn(x: Tensor): number {
  return x.storage.data[x.offset]!;
}

/** How an operand is walked within a row. */
const walk = { consecutive: 0, constant: 1, strided: 2 } as const;

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

function isInterpreted(): boolean {
  return interpretAlways || !canGenerateCode();
}

export class PointwiseKernel {
  private readonly root: Expression;
  /** The inputs that the expression reads, and for each its place among the tensors handed to `run`. */
  private readonly inputs: readonly Input[];
  private readonly places: readonly number[];
  private readonly parameterNames: readonly string[];
  private readonly loops = new Map<number, Loop>();
  private readonly scalars: (ScalarFunction | undefined)[] = [];
  private readonly interpreted: (InterpretedExpression | undefined)[] = [];

  /** `tensors`: the inputs for which `run` is handed a tensor, in this order. */
  constructor(root: Expression, tensors: readonly Input[]) {
    this.root = root;
    const parts = inOrder([root]);
    this.places = tensors.flatMap((input, i) => (parts.includes(input) ? [i] : []));
    this.inputs = this.places.map((place) => tensors[place]!);
    this.parameterNames = parts.flatMap((part) => (part.kind === "parameter" ? [part.name] : []));
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
    if (isInterpreted()) {
      this.interpret(out, tensors, values);
      return;
    }
    // The common cases need no loop nest: every operand lies like the result, or is a single number.
    let key: number = dtypeCode[out.dtype];
    const { places } = this;
    for (let i = 0; i < places.length; i++) {
      const x = tensors[places[i]!]!;
      let way: number = walk.consecutive;
      if (x.numel() === 1) way = length === 1 ? walk.consecutive : walk.constant;
      else if (!(sameShape(x.shape, shape) && isRowMajor(shape, x.strides))) {
        this.runNested(out, tensors, values);
        return;
      }
      key = key * 12 + dtypeCode[x.dtype] * 3 + way;
    }
    const loop = this.loopFor(key, out.dtype);
    const target = out.storage.data;
    const at = out.offset;
    switch (places.length) {
      case 1: {
        const x = tensors[places[0]!]!;
        loop(1, 1, length, target, at, values, x.storage.data, x.offset, 0, 0, 0);
        return;
      }
      case 2: {
        const x = tensors[places[0]!]!;
        const y = tensors[places[1]!]!;
        // biome-ignore format: an operand a line
        loop(
          1, 1, length, target, at, values,
          x.storage.data, x.offset, 0, 0, 0,
          y.storage.data, y.offset, 0, 0, 0,
        );
        return;
      }
      case 3: {
        const x = tensors[places[0]!]!;
        const y = tensors[places[1]!]!;
        const z = tensors[places[2]!]!;
        // biome-ignore format: an operand a line
        loop(
          1, 1, length, target, at, values,
          x.storage.data, x.offset, 0, 0, 0,
          y.storage.data, y.offset, 0, 0, 0,
          z.storage.data, z.offset, 0, 0, 0,
        );
        return;
      }
      default: {
        const operands: unknown[] = [];
        for (const place of places) {
          const x = tensors[place]!;
          operands.push(x.storage.data, x.offset, 0, 0, 0);
        }
        loop(1, 1, length, target, at, values, ...operands);
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
  private runNested(out: Tensor, tensors: readonly Tensor[], parameters: readonly number[]): void {
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
    const loop = this.loopFor(key, out.dtype);
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

  private loopFor(key: number, dtype: DType): Loop {
    let loop = this.loops.get(key);
    if (loop === undefined) {
      loop = this.compile(key, dtype === "int32");
      this.loops.set(key, loop);
    }
    return loop;
  }

  /** Writes the loop for one manner of walking. The element types are in the key only to keep the copies apart. */
  private compile(key: number, whole: boolean): Loop {
    const ways: number[] = [];
    let rest = key;
    for (let i = 0; i < this.inputs.length; i++) {
      ways.unshift(rest % 3);
      rest = Math.floor(rest / 12);
    }
    const { invariants, statements, result } = toJavaScript(this.root, whole);
    const parameters = ["planes", "rows", "length", "out", "at", "parameters"];
    let perPlane = "";
    let perRow = "";
    let perElement = "";
    let nextElement = "";
    let nextRow = "";
    for (const [i, { index }] of this.inputs.entries()) {
      const x = inputName(index);
      parameters.push(`data${i}`, `place${i}`, `step${i}`, `rowStep${i}`, `planeStep${i}`);
      perPlane += `let row${i} = place${i} + plane * planeStep${i}; `;
      if (ways[i] === walk.constant) perRow += `const ${x} = data${i}[row${i}]; `;
      else if (ways[i] === walk.consecutive) perElement += `const ${x} = data${i}[row${i} + i]; `;
      else {
        perRow += `let at${i} = row${i}; `;
        perElement += `const ${x} = data${i}[at${i}]; `;
        nextElement += `at${i} += step${i}; `;
      }
      nextRow += `row${i} += rowStep${i}; `;
    }
    const body = `"use strict"; return function (${parameters.join(", ")}) {
      ${this.constants()}${invariants}
      for (let plane = 0; plane < planes; plane++) {
        ${perPlane}
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
      }
    };`;
    return withSpecialFunctions<Loop>(body);
  }

  private constants(): string {
    const names = this.parameterNames;
    return names.map((name, i) => `const ${parameterName(name)} = parameters[${i}]; `).join("");
  }

  private scalarFunction(whole: boolean): ScalarFunction {
    const kind = whole ? 1 : 0;
    if (isInterpreted()) return this.interpretedScalar(whole);
    let scalar = this.scalars[kind];
    if (scalar === undefined) {
      const { invariants, statements, result } = toJavaScript(this.root, whole);
      const inputs = this.inputs.map(({ index }) => inputName(index));
      scalar = withSpecialFunctions<ScalarFunction>(
        `"use strict"; return function (${["parameters", ...inputs].join(", ")}) {
          ${this.constants()}${invariants}${statements}return ${result};
        };`,
      );
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

/** A function from a body that returns it, with the special functions of the algebra in scope. */
function withSpecialFunctions<F>(body: string): F {
  const make = generate<(...functions: unknown[]) => F>(Object.keys(specialFunctions), body);
  return make(...Object.values(specialFunctions));
}
