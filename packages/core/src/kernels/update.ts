/**
 * Loops that change several arrays at once, element by element, by scalar expressions.
 */
import type { TypedArray } from "../dtype.ts";
import type { Expression } from "../scalar/expression.ts";
import { InterpretedExpression } from "../scalar/interpreter.ts";
import { allToJavaScript, inputName, parameterName } from "../scalar/javascript.ts";
import { withSpecialFunctions } from "./loops.ts";
import { isInterpreted } from "./pointwise.ts";

/** What a loop is made from. */
export interface UpdateFormula {
  readonly parameterNames: readonly string[];
  /** The number of arrays; input i of the expressions is the element of array i. */
  readonly arrays: number;
  /** The new elements, and the place of their array. */
  readonly results: readonly { readonly at: number; readonly value: Expression }[];
}

type Loop = (
  length: number,
  parameters: readonly number[],
  arrays: readonly TypedArray[],
  starts: readonly number[],
) => void;

/** Elements that are interpreted before they are written. */
const blockLength = 1024;

/** A loop for each element type, and the interpreter where code must not be generated. */
export class UpdateLoops {
  private readonly formula: UpdateFormula;
  /** For float32, and for all others. */
  private single: Loop | undefined;
  private double: Loop | undefined;
  private interpreter: Loop | undefined;

  constructor(formula: UpdateFormula) {
    this.formula = formula;
  }

  /** Changes `length` elements of each array from its start on; all are read before any is written. */
  run(
    length: number,
    parameters: readonly number[],
    arrays: readonly TypedArray[],
    starts: readonly number[],
  ): void {
    this.loopFor(arrays[0]!)(length, parameters, arrays, starts);
  }

  private loopFor(first: TypedArray): Loop {
    if (isInterpreted()) {
      this.interpreter ??= interpretedLoop(this.formula);
      return this.interpreter;
    }
    if (first instanceof Float32Array) {
      this.single ??= generatedLoop(this.formula);
      return this.single;
    }
    this.double ??= generatedLoop(this.formula);
    return this.double;
  }
}

function generatedLoop({ parameterNames, arrays, results }: UpdateFormula): Loop {
  const roots = results.map(({ value }) => value);
  const source = allToJavaScript(roots, false);
  const constants = parameterNames.map(
    (name, i) => `const ${parameterName(name)} = parameters[${i}];`,
  );
  const views: string[] = [];
  const loads: string[] = [];
  for (let i = 0; i < arrays; i++) {
    views.push(`const array${i} = arrays[${i}], start${i} = starts[${i}];`);
    loads.push(`const ${inputName(i)} = array${i}[start${i} + i];`);
  }
  const stores = results.map(({ at }, i) => `array${at}[start${at} + i] = ${source.results[i]};`);
  return withSpecialFunctions<Loop>(`"use strict"; return function (length, parameters, arrays, starts) {
    ${constants.join(" ")}
    ${views.join(" ")}
    ${source.invariants}
    for (let i = 0; i < length; i++) {
      ${loads.join(" ")}
      ${source.statements}
      ${stores.join(" ")}
    }
  };`);
}

function interpretedLoop({ parameterNames, results }: UpdateFormula): Loop {
  const interpreted = results.map(({ value }) => new InterpretedExpression(value, false));
  const blocks = results.map(() => new Float64Array(blockLength));
  return (length, parameters, arrays, starts) => {
    const named = new Map(parameterNames.map((name, i) => [name, parameters[i]!]));
    for (let from = 0; from < length; from += blockLength) {
      const count = Math.min(blockLength, length - from);
      const loads = arrays.map((array, i) => (register: Float64Array, start: number, n: number) => {
        const first = starts[i]! + from + start;
        for (let k = 0; k < n; k++) register[k] = array[first + k]!;
      });
      for (const [i, expression] of interpreted.entries()) {
        expression.run(count, loads, named, (values, start, n) => {
          blocks[i]!.set(values.subarray(0, n), start);
        });
      }
      for (const [i, { at }] of results.entries())
        arrays[at]!.set(blocks[i]!.subarray(0, count), starts[at]! + from);
    }
  };
}
