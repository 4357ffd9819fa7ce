/**
 * Laws of shapes and element types.
 */
import type { Tensor } from "@chainrule/core";
import {
  broadcastShapes,
  elementCount,
  formatShape,
  isFloating,
  sameShape,
  to,
} from "@chainrule/core";
import { withTensors } from "../structure.ts";
import type { Law, OpCall } from "./law.ts";
import { LawViolation } from "./law.ts";

/** The shape rule foresees, without computing, what forward gives. */
export const shapeRule: Law = {
  name: "shape rule = forward",
  statement:
    "the shapes that the shape rule foresees are those of the results, and no result is larger than its storage",
  appliesTo: () => true,
  onCall: (call) => {
    const results = call.run(call.operands.map(({ tensor }) => tensor));
    const foreseen = foreseenShapes(call);
    const found = results.map(({ shape }) => shape);
    if (
      foreseen.length !== found.length ||
      !foreseen.every((shape, i) => sameShape(shape, found[i]!))
    ) {
      throw new LawViolation(
        `the shape rule foresees ${listed(foreseen)}, but forward gives ${listed(found)}`,
      );
    }
    for (const result of results) checkBounds(result);
  },
};

function foreseenShapes(call: OpCall): readonly (readonly number[])[] {
  const { op } = call.op;
  if (op.kind !== "pointwise")
    return op.shapesOf(
      withTensors(
        call.args,
        call.operands.map(({ tensor }) => tensor.detach()),
      ) as readonly unknown[],
    );
  const shapes = call.operands.map(({ tensor }) => tensor.shape);
  return [shapes.reduce((met, shape) => broadcastShapes(op.name, met, shape), [])];
}

/** Typed arrays give `undefined` and swallow writes beyond their end without a word. */
function checkBounds({ shape, strides, offset, storage }: Tensor): void {
  if (elementCount(shape) === 0) return;
  let last = offset;
  let first = offset;
  for (const [i, length] of shape.entries()) {
    const reach = (length - 1) * strides[i]!;
    if (reach > 0) last += reach;
    else first += reach;
  }
  if (first < 0 || last >= storage.data.length) {
    throw new LawViolation(
      `the result reaches from element ${first} to ${last} of a storage of ${storage.data.length}`,
    );
  }
}

function listed(shapes: readonly (readonly number[])[]): string {
  return shapes.map(formatShape).join(", ") || "no result";
}

/** float32 in, float32 out; float64 in, float64 out; and each gradient has the type of its operand. */
export const dtypes: Law = {
  name: "dtypes",
  statement:
    "a call on float32 has results of the shapes and kinds that it has on float64, in float32, and gradients in float32",
  appliesTo: () => true,
  onCall: (call) => {
    const wide = call.run(call.operands.map(({ tensor }) => tensor));
    if (call.operands.some(({ tensor }) => tensor.dtype === "float32")) return;
    const leaves = call.operands.map(({ tensor }) => {
      if (tensor.dtype !== "float64") return tensor;
      const narrow = to(tensor, "float32");
      narrow.requiresGrad = true;
      return narrow;
    });
    const narrow = call.run(leaves);
    if (namesDType(call.args)) return;
    for (const [i, result] of wide.entries()) {
      const expected = result.dtype === "float64" ? "float32" : result.dtype;
      if (narrow[i]?.dtype !== expected || !sameShape(narrow[i].shape, result.shape)) {
        throw new LawViolation(
          `result ${i} is ${result.dtype} ${formatShape(result.shape)} on float64, but ${narrow[i]?.dtype} ${formatShape(narrow[i]?.shape ?? [])} on float32`,
        );
      }
    }
    for (const [i, gradient] of call.gradients(narrow, leaves).entries()) {
      if (gradient !== null && isFloating(gradient.dtype) && gradient.dtype !== leaves[i]!.dtype) {
        throw new LawViolation(
          `operand ${i} is ${leaves[i]!.dtype}, but its gradient is ${gradient.dtype}`,
        );
      }
    }
  },
};

/** Whether the call names the type of its result. */
function namesDType(args: readonly unknown[]): boolean {
  return args.some(
    (arg) =>
      arg === "float64" ||
      (arg !== null &&
        typeof arg === "object" &&
        "dtype" in arg &&
        typeof arg.dtype === "string" &&
        !("storage" in arg)),
  );
}
