/**
 * Faults in a VJP.
 */
import type { JointVJP, Tensor } from "@chainrule/core";
import { at, fromTypedArray, isGradEnabled, mul, newTensor, sameShape } from "@chainrule/core";
import type { Source } from "../draw.ts";
import type { AnyOp } from "../laws/law.ts";
import type { Fault } from "./fault.ts";
import { Effects, misread, readCarelessly, withRule } from "./fault.ts";

const isDifferentiable = (op: AnyOp): boolean => op.op.vjp !== null;

/** The gradient of one operand comes out wrong. */
function wrongGradient(
  name: string,
  change: (gradient: Tensor, operandShape: readonly number[], calls: number) => Tensor,
  appliesTo: (op: AnyOp) => boolean = isDifferentiable,
): Fault {
  return {
    name,
    appliesTo,
    plant: (op, source) => {
      const effects = new Effects();
      const choice = source.integer(0, 5);
      let calls = 0;
      const faulty = withRule(op, (right) => (cotangents, node) => {
        const found = right(cotangents, node);
        const candidates = found.flatMap((gradient, i) =>
          gradient !== null && node.needs(i) ? [i] : [],
        );
        const victim = candidates[choice % candidates.length];
        calls++;
        return found.map((gradient, i) =>
          gradient === null || i !== victim
            ? gradient
            : effects.compared(change(gradient, node.shapeOf(i), calls), gradient),
        );
      });
      return { op: faulty, effects: effects.total };
    },
  };
}

/** The rule works on something else than it should. */
function wrongRule(
  name: string,
  change: (right: JointVJP, source: Source, effects: Effects) => JointVJP,
  appliesTo: (op: AnyOp) => boolean = isDifferentiable,
): Fault {
  return {
    name,
    appliesTo,
    plant: (op, source) => {
      const effects = new Effects();
      return {
        op: withRule(op, (right) => change(right, source, effects)),
        effects: effects.total,
      };
    },
  };
}

/** Runs a rule in two ways and notes whether it mattered. */
function comparing(effects: Effects, faulty: JointVJP, right: JointVJP): JointVJP {
  return (cotangents, node) => {
    const wrong = faulty(cotangents, node);
    for (const [i, gradient] of right(cotangents, node).entries()) {
      if (gradient !== null && wrong[i] != null && sameShape(gradient.shape, wrong[i].shape))
        effects.compared(wrong[i], gradient);
    }
    return wrong;
  };
}

/** Does something to the plain numbers of a gradient, but keeps it in the graph of second derivatives. */
function scaledBy(gradient: Tensor, factors: (values: ArrayLike<number>) => Float64Array): Tensor {
  return mul(gradient, fromTypedArray(factors(gradient.toTypedArray()), gradient.shape));
}

/** The gradient summed over broadcast dimensions comes as an average, or as one of the copies. */
function forgottenSum(gradient: Tensor, shape: readonly number[], average: boolean): Tensor {
  const lead = gradient.ndim - shape.length;
  let result = gradient;
  for (let dim = gradient.ndim - 1; dim >= 0; dim--) {
    const length = gradient.shape[dim]!;
    const stretched = dim < lead || (shape[dim - lead] === 1 && length !== 1);
    if (!stretched || length === 0) continue;
    result = average
      ? mul(result.sum(dim, { keepdim: true }), 1 / length)
      : at(result, ...gradient.shape.map((_, i) => (i === dim ? "0:1" : ":")));
  }
  return result.reshape([...shape]);
}

export const gradientFaults: readonly Fault[] = [
  wrongGradient("the factor 1 + 5e-4", (gradient) => mul(gradient, 1 + 5e-4)),
  wrongGradient("the factor 1 − 1e-4", (gradient) => mul(gradient, 1 - 1e-4)),
  wrongGradient("the wrong sign", (gradient) => mul(gradient, -1)),
  wrongGradient("the factor 2", (gradient) => mul(gradient, 2)),
  wrongGradient("a forgotten term", (gradient) => mul(gradient, 0)),
  wrongGradient("a constant added", (gradient) => gradient.add(1e-3)),
  wrongGradient("the last element forgotten", (gradient) =>
    scaledBy(gradient, (values) =>
      Float64Array.from(values, (_, i) => (i === values.length - 1 ? 0 : 1)),
    ),
  ),
  wrongGradient("negative gradients cut off", (gradient) =>
    scaledBy(gradient, (values) => Float64Array.from(values, (value) => (value < 0 ? 0 : 1))),
  ),
  wrongGradient("the transpose", (gradient) =>
    gradient.ndim < 2 ? gradient : gradient.mT.reshape([...gradient.shape]),
  ),
  wrongGradient("elements in reverse", (gradient) => {
    if (gradient.numel() < 2) return gradient;
    const flat = gradient.reshape([gradient.numel()]);
    const swapped = Array.from({ length: gradient.numel() }, (_, i) =>
      at(flat, gradient.numel() - 1 - i),
    );
    return swapped
      .reduce(
        (sum, one, i) => sum.add(one.mul(unit(i, gradient.numel()))),
        newTensor("float64", [gradient.numel()]),
      )
      .reshape([...gradient.shape]);
  }),
  wrongGradient(
    "an average over broadcast copies",
    (gradient, shape) => forgottenSum(gradient, shape, true),
    (op) => op.op.broadcasts && isDifferentiable(op),
  ),
  wrongGradient(
    "one of the broadcast copies",
    (gradient, shape) => forgottenSum(gradient, shape, false),
    (op) => op.op.broadcasts && isDifferentiable(op),
  ),
  wrongGradient("other bits at each pass", (gradient, _shape, calls) =>
    mul(gradient, 1 + calls * 2 ** -45),
  ),
  wrongGradient("not zero for a cotangent of zero", (gradient) => gradient.add(1e-14)),
  wrongRule(
    "no second derivative",
    (right, _source, effects) => (cotangents, node) =>
      right(cotangents, node).map((gradient) => {
        if (gradient === null || !isGradEnabled() || !gradient.requiresGrad) return gradient;
        effects.note();
        return gradient.detach();
      }),
  ),
  wrongRule("the cotangent forgotten", (right, _source, effects) =>
    comparing(
      effects,
      (cotangents, node) =>
        right(
          cotangents.map((v) => (v === null ? null : v.mul(0).add(1))),
          node,
        ),
      right,
    ),
  ),
  wrongRule("the cotangent squared", (right, _source, effects) =>
    comparing(
      effects,
      (cotangents, node) =>
        right(
          cotangents.map((v) => (v === null ? null : v.mul(v))),
          node,
        ),
      right,
    ),
  ),
  wrongRule("the cotangent read as if contiguous", (right, _source, effects) =>
    comparing(
      effects,
      (cotangents, node) =>
        right(
          cotangents.map((v) =>
            v === null || v.node !== null ? v : readCarelessly(v, { strides: true, offset: true }),
          ),
          node,
        ),
      right,
    ),
  ),
  wrongRule("operands exchanged", (right, _source, effects) =>
    comparing(
      effects,
      (cotangents, node) => {
        const { length } = node.operands;
        const isExchange = length >= 2 && sameShape(node.shapeOf(0), node.shapeOf(1));
        return right(
          cotangents,
          isExchange ? misread(node, { operand: (i) => node.operand(i > 1 ? i : 1 - i) }) : node,
        );
      },
      right,
    ),
  ),
  wrongRule("the result taken for the operand", (right, _source, effects) =>
    comparing(
      effects,
      (cotangents, node) =>
        right(
          cotangents,
          misread(node, {
            operand: (i) =>
              i === 0 && cotangents[0] != null && sameShape(node.shapeOf(0), cotangents[0].shape)
                ? node.result
                : node.operand(i),
          }),
        ),
      right,
    ),
  ),
  wrongRule("the operand taken for the result", (right, _source, effects) =>
    comparing(
      effects,
      (cotangents, node) =>
        right(
          cotangents,
          misread(node, {
            resultAt: (i) =>
              cotangents[i] != null && sameShape(node.shapeOf(0), cotangents[i].shape)
                ? node.operand(0)
                : node.resultAt(i),
          }),
        ),
      right,
    ),
  ),
  wrongRule("operands read as if contiguous", (right, _source, effects) =>
    comparing(
      effects,
      (cotangents, node) =>
        right(
          cotangents,
          misread(node, {
            operand: (i) => {
              const operand = node.operand(i);
              return operand.isLeaf
                ? readCarelessly(operand, { strides: true, offset: true })
                : operand;
            },
          }),
        ),
      right,
    ),
  ),
  wrongRule(
    "no look at the version of what was saved",
    (right, _source, effects) => (cotangents, node) => {
      const unchecked = (tensor: Tensor | undefined, checked: () => Tensor): Tensor => {
        try {
          return checked();
        } catch (error) {
          effects.note();
          if (tensor === undefined) throw error;
          return tensor;
        }
      };
      return right(
        cotangents,
        misread(node, {
          operand: (i) => unchecked(node.operands[i], () => node.operand(i)),
          resultAt: (i) => unchecked(resultsOf(node)[i], () => node.resultAt(i)),
        }),
      );
    },
  ),
];

function unit(i: number, length: number): Tensor {
  const x = newTensor("float64", [length]);
  x.storage.data[i] = 1;
  return x;
}

function resultsOf(node: object): readonly Tensor[] {
  const results: unknown = Reflect.get(node, "results");
  return Array.isArray(results) ? results : [];
}
