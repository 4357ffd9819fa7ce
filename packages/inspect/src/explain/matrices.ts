/**
 * The worked example of a larger network: matrix by matrix, op by op.
 */

import { TensorNames } from "../trace/names.ts";
import { learningRate } from "../trace/rate.ts";
import type { Trace, TraceNode, TraceRef, TraceValue } from "../trace/schema.ts";
import type { Block, Section, Table } from "./document.ts";
import type { Expression } from "./expression.ts";
import {
  isKnownFunction,
  negative,
  number,
  one,
  partial,
  power,
  product,
  quantity,
  sum,
} from "./expression.ts";
import type { NumberText } from "./neurons.ts";
import type { Words } from "./words.ts";

/** A matrix larger than this is told by its shape and norm. */
const mostRows = 6;

/** The sections of the worked example. */
export function matrixSections(trace: Trace, words: Words, numberText: NumberText): Section[] {
  const names = new TensorNames(trace);
  const symbol = (ref: TraceRef): Expression => quantity(names.of(ref), [], Number.NaN);
  const gradient = (ref: TraceRef, of: string): Expression =>
    partial(of, { base: names.of(ref), above: "", subscripts: [] }, Number.NaN);
  const tableOf = (
    name: Expression,
    formula: Expression | null,
    value: TraceValue | null,
    remark: string | null,
  ): Block => ({ kind: "table", table: toTable(name, formula, value, remark, words, numberText) });

  const leaves = trace.nodes.filter(({ kind, outputs }) => kind === "leaf" && outputs.length > 0);
  const sections: Section[] = [
    {
      heading: words.given,
      blocks: [
        { kind: "sentence", text: words.givenText },
        ...leaves.map((node) =>
          tableOf(symbol({ node: node.id, output: 0 }), null, node.outputs[0]!.value, null),
        ),
      ],
    },
    {
      heading: words.forward,
      blocks: [
        { kind: "sentence", text: words.forwardMatrices },
        ...trace.nodes
          .filter(({ kind }) => kind === "op")
          .flatMap((node) =>
            node.outputs.map((tensor, output) =>
              tableOf(
                symbol({ node: node.id, output }),
                forwardFormula(node, node.operands.map(symbol)),
                tensor.value,
                null,
              ),
            ),
          ),
      ],
    },
  ];
  const [output] = trace.outputs;
  if (trace.backward === null || output === undefined) {
    sections.push({
      heading: words.backward,
      blocks: [{ kind: "sentence", text: words.notComputed }],
    });
  } else {
    const loss = names.of(output);
    const blocks: Block[] = [{ kind: "sentence", text: words.backwardMatrices }];
    for (const { node: id, operand, raw, value, total } of trace.backward.contributions) {
      const node = trace.nodes[id - 1]!;
      const target = node.operands[operand]!;
      const behind = id === output.node ? one : gradient({ node: id, output: 0 }, loss);
      const rule = backwardFormula(
        node,
        operand,
        node.operands.map(symbol),
        symbol({ node: id, output: 0 }),
        behind,
      );
      const remark = raw === null ? null : words.summedOverCopies;
      blocks.push(tableOf(gradient(target, loss), rule, value, remark));
      if (total !== null) {
        blocks.push({ kind: "sentence", text: words.paths(countOf(trace, target)) });
        blocks.push(tableOf(gradient(target, loss), null, total, null));
      }
    }
    sections.push({ heading: words.backward, blocks });
  }
  if (trace.update !== null && trace.update.length > 0) {
    const rate = learningRate(trace);
    const loss = output === undefined ? "L" : names.of(output);
    sections.push({
      heading: words.update,
      blocks: [
        {
          kind: "sentence",
          text: rate === null ? words.updateOther : words.updateRate(numberText(rate)),
        },
        ...trace.update.map(({ target, after }) =>
          tableOf(
            quantity(`${names.of(target)}′`, [], Number.NaN),
            rate === null
              ? null
              : sum([symbol(target), product(number(-rate), gradient(target, loss))]),
            after,
            null,
          ),
        ),
      ],
    });
  }
  return sections;
}

function countOf(trace: Trace, target: TraceRef): number {
  return trace.backward!.contributions.filter(({ node, operand }) => {
    const ref = trace.nodes[node - 1]!.operands[operand]!;
    return ref.node === target.node && ref.output === target.output;
  }).length;
}

function toTable(
  name: Expression,
  formula: Expression | null,
  value: TraceValue | null,
  remark: string | null,
  words: Words,
  numberText: NumberText,
): Table {
  if (value === null) return { name, formula, rows: null, remark };
  const { shape, data } = value;
  const columns = shape.at(-1) ?? 1;
  const count = shape.reduce((all, length) => all * length, 1);
  const rows = columns === 0 ? 0 : count / columns;
  const notes = [remark];
  if (data === null || rows > mostRows || columns > mostRows) {
    notes.unshift(words.shape(`[${shape.join(", ")}]`));
    const norm =
      data === null
        ? Number(value.summary?.rms ?? Number.NaN) * Math.sqrt(count)
        : Math.hypot(...data.map(Number));
    notes.push(`${words.norm} ${numberText(norm)}`);
    return { name, formula, rows: null, remark: notes.filter((note) => note !== null).join("; ") };
  }
  return {
    name,
    formula,
    rows: Array.from({ length: rows }, (_, i) =>
      data.slice(i * columns, (i + 1) * columns).map(Number),
    ),
    remark,
  };
}

/** What an op computes, in matrices. */
function forwardFormula(node: TraceNode, operands: readonly Expression[]): Expression {
  const [a, b, c] = operands;
  switch (node.op) {
    case "add":
      return sum([a!, b!]);
    case "sub":
      return sum([a!, negative(b!)]);
    case "mul":
      return elementwise(a!, b!);
    case "neg":
      return negative(a!);
    case "square":
      return power(a!, 2);
    case "matmul":
      return { kind: "matrixProduct", left: a!, right: b! };
    case "linear": {
      const weighted: Expression = {
        kind: "matrixProduct",
        left: a!,
        right: { kind: "transpose", of: b! },
      };
      return c === undefined ? weighted : sum([weighted, c]);
    }
    default:
      return { kind: "call", function: node.op!, operands };
  }
}

/** A number times a tensor is a plain product. */
function elementwise(left: Expression, right: Expression): Expression {
  return left.kind === "number" || right.kind === "number"
    ? product(left, right)
    : { kind: "elementwise", left, right };
}

/** The vector-Jacobian product of an op for one operand, where it can be said in matrices; else by its name. */
function backwardFormula(
  node: TraceNode,
  operand: number,
  operands: readonly Expression[],
  result: Expression,
  behind: Expression,
): Expression {
  const [a, b] = operands;
  const isFirst = operand === 0;
  const areMatrices = node.operands.length >= 2;
  switch (node.op) {
    case "add":
      return behind;
    case "sub":
      return isFirst ? behind : negative(behind);
    case "mul":
      return elementwise(behind, isFirst ? b! : a!);
    case "neg":
      return negative(behind);
    case "square":
      return elementwise(behind, product(number(2), a!));
    case "matmul":
      if (!areMatrices) break;
      return isFirst
        ? { kind: "matrixProduct", left: behind, right: { kind: "transpose", of: b! } }
        : { kind: "matrixProduct", left: { kind: "transpose", of: a! }, right: behind };
    case "linear":
      if (operand === 2) return { kind: "call", function: "sum", operands: [behind] };
      return isFirst
        ? { kind: "matrixProduct", left: behind, right: b! }
        : { kind: "matrixProduct", left: { kind: "transpose", of: behind }, right: a! };
    case "sigmoid":
      return elementwise(behind, elementwise(result, sum([one, negative(result)])));
    case "tanh":
      return elementwise(behind, sum([one, negative(power(result, 2))]));
    default:
  }
  return isKnownFunction(node.op!)
    ? elementwise(behind, { kind: "call", function: `${node.op}′`, operands: [a!] })
    : { kind: "call", function: `${node.op}ᵀ`, operands: [behind] };
}
