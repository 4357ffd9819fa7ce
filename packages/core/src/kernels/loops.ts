/**
 * The source of the loops over pointwise expressions.
 */
import type { TypedArray } from "../dtype.ts";
import type { Expression, Input } from "../scalar/expression.ts";
import { inputName, parameterName, toJavaScript } from "../scalar/javascript.ts";
import type { Primitive } from "../scalar/primitives.ts";
import { specialFunctions } from "../scalar/primitives.ts";
import { generate } from "./specialize.ts";

/**
 * A generated loop over `planes` of `rows` of `length` elements, from element `at` of `out` on. After the parameters come
 * for every operand: its array, the place of its first element, its steps within a row, from row to row and from plane to
 * plane.
 */
export type Loop = (
  planes: number,
  rows: number,
  length: number,
  out: TypedArray,
  at: number,
  parameters: readonly number[],
  ...operands: unknown[]
) => void;

/** The expression as a function of numbers: parameters, then the inputs that it reads. */
export type ScalarFunction = (parameters: readonly number[], ...inputs: number[]) => number;

/** How an operand is walked within a row. */
export const walk = { consecutive: 0, constant: 1, strided: 2 } as const;

/** What the source of a loop is written from. */
export interface Formula {
  readonly root: Expression;
  /** The inputs that the root reads, in the order of the operands of the loop. */
  readonly inputs: readonly Input[];
  readonly parameterNames: readonly string[];
  /** Whether the result is int32. */
  readonly whole: boolean;
}

/** How the operands are walked, from a key in which each has its element type and its way: 12 combinations. */
export function waysOf(key: number, count: number): number[] {
  const ways: number[] = [];
  let rest = key;
  for (let i = 0; i < count; i++) {
    ways.unshift(rest % 3);
    rest = Math.floor(rest / 12);
  }
  return ways;
}

/** So many elements are computed in one turn of a loop, unless their text is longer than this. */
const atATime = 4;
const longestRepeated = 400;

/**
 * Writes the loop for one manner of walking each operand; over bits if the formula only selects.
 *
 * The counting of a loop and its checks cost as much as a sum or a product, so short formulas are written out for four
 * elements in a row.
 */
export function compileLoop(
  formula: Formula,
  ways: readonly number[],
  selection: Selection | null,
): Loop {
  const parameters = ["planes", "rows", "length", "out", "at", "parameters"];
  let views = "";
  let perPlane = "";
  let perRow = "";
  let nextRow = "";
  for (const [i, input] of formula.inputs.entries()) {
    parameters.push(`data${i}`, `place${i}`, `step${i}`, `rowStep${i}`, `planeStep${i}`);
    perPlane += `let row${i} = place${i} + plane * planeStep${i}; `;
    if (ways[i] === walk.constant)
      perRow += `const ${inputName(input.index)} = data${i}[row${i}]; `;
    else if (ways[i] === walk.strided) perRow += `let at${i} = row${i}; `;
    nextRow += `row${i} += rowStep${i}; `;
    if (selection?.sources.includes(input)) views += bitsOf(`bits${i}`, `data${i}`);
  }
  const source = toJavaScript(selection?.condition ?? formula.root, formula.whole);
  const element = (ahead: number): string => {
    const index = ahead === 0 ? "i" : `i + ${ahead}`;
    const bits = new Map<Expression, string>();
    let loads = "";
    let next = "";
    for (const [i, input] of formula.inputs.entries()) {
      const place = ways[i] === walk.consecutive ? `row${i} + ${index}` : `at${i}`;
      if (ways[i] !== walk.constant)
        loads += `const ${inputName(input.index)} = data${i}[${place}]; `;
      if (ways[i] === walk.strided) next += `at${i} += step${i}; `;
      bits.set(input, `bits${i}[${ways[i] === walk.constant ? `row${i}` : place}]`);
    }
    const store =
      selection !== null
        ? `bits[at + ${index}] = ${selectedBits(selection, source.result, bits)}`
        : `out[at + ${index}] = ${source.result}`;
    return `{ ${loads}${source.statements}${store}; ${next}}`;
  };
  const one = element(0);
  const several =
    one.length <= longestRepeated
      ? `for (; i < even; i += ${atATime}) {
            ${Array.from({ length: atATime }, (_, ahead) => element(ahead)).join("\n            ")}
          }`
      : "";
  const body = `"use strict"; return function (${parameters.join(", ")}) {
      ${selection !== null ? bitsOf("bits", "out") : ""}${views}
      ${constantsOf(formula)}${source.invariants}
      const even = length - (length % ${atATime});
      for (let plane = 0; plane < planes; plane++) {
        ${perPlane}
        for (let row = 0; row < rows; row++) {
          ${perRow}
          let i = 0;
          ${several}
          for (; i < length; i++) ${one}
          at += length;
          ${nextRow}
        }
      }
    };`;
  return withSpecialFunctions<Loop>(body);
}

/** The expression as a function of numbers. */
export function compileScalar(formula: Formula): ScalarFunction {
  const { invariants, statements, result } = toJavaScript(formula.root, formula.whole);
  const inputs = formula.inputs.map(({ index }) => inputName(index));
  return withSpecialFunctions<ScalarFunction>(
    `"use strict"; return function (${["parameters", ...inputs].join(", ")}) {
      ${constantsOf(formula)}${invariants}${statements}return ${result};
    };`,
  );
}

function constantsOf({ parameterNames }: Formula): string {
  return parameterNames
    .map((name, i) => `const ${parameterName(name)} = parameters[${i}]; `)
    .join("");
}

/** An expression that takes one of two operands as it is, or 0 in the place of one. */
export interface Selection {
  readonly condition: Expression;
  /** What is taken where the condition is true, and where it is false. */
  readonly sources: readonly [Expression, Expression];
}

export function selectionOf(root: Expression): Selection | null {
  if (root.kind !== "application") return null;
  const { primitive, operands } = root;
  const [condition, a, b] =
    primitive === "where"
      ? operands
      : primitive === "maximum" || primitive === "minimum"
        ? [firstIsTaken(primitive, operands), ...operands]
        : [];
  const isPlain = (x: Expression) =>
    x.kind === "input" || (x.kind === "constant" && Object.is(x.value, 0));
  if (condition === undefined || !isPlain(a!) || !isPlain(b!)) return null;
  return { condition, sources: [a!, b!] };
}

/** The condition under which `maximum` or `minimum` takes the first of its operands. */
function firstIsTaken(primitive: "maximum" | "minimum", [a, b]: readonly Expression[]): Expression {
  // These expressions live in the loop only; their ids keep clear of those of their builder.
  const application = (id: number, name: Primitive, ...operands: Expression[]): Expression => ({
    kind: "application",
    id: 1e6 + id,
    primitive: name,
    operands,
  });
  const isBeyond = application(1, primitive === "maximum" ? "gt" : "lt", a!, b!);
  return application(0, "logicalOr", isBeyond, application(2, "ne", a!, a!));
}

/** The statement that makes a view of the bits of a float32 array. */
function bitsOf(name: string, array: string): string {
  return `const ${name} = new Int32Array(${array}.buffer, ${array}.byteOffset, ${array}.length); `;
}

/** The bits of one or the other, by a mask that is all ones where the condition is true. */
function selectedBits(
  { sources }: Selection,
  condition: string,
  bits: ReadonlyMap<Expression, string>,
): string {
  const [a, b] = sources.map((source) => bits.get(source));
  const mask = `-!!(${condition})`;
  if (a === undefined) return b === undefined ? "0" : `${b} & ~${mask}`;
  return b === undefined ? `${a} & ${mask}` : `${b} ^ ((${a} ^ ${b}) & ${mask})`;
}

/** A function from a body that returns it, with the special functions of the algebra in scope. */
export function withSpecialFunctions<F>(body: string): F {
  const make = generate<(...functions: unknown[]) => F>(Object.keys(specialFunctions), body);
  return make(...Object.values(specialFunctions));
}
