/**
 * Faults in the shape rule, in forward, and in what an op refuses.
 */
import { ChainruleError, newTensor, noGrad, setInterpreted, Tensor } from "@chainrule/core";
import { bitDifference } from "../compare.ts";
import { mapLeaves, tensorsIn, withTensors } from "../structure.ts";
import type { Fault } from "./fault.ts";
import { Effects, readCarelessly, withForward } from "./fault.ts";

/** Operands are read wrong before the op sees them. */
function wrongOperands(name: string, read: (x: Tensor) => Tensor): Fault {
  return {
    name,
    appliesTo: () => true,
    plant: (op) => {
      const effects = new Effects();
      const faulty = withForward(op, (right) => (...args) => {
        const places = new Map<Tensor, Tensor>();
        const tensors = tensorsIn(args).map(({ tensor }) => {
          if (tensor.node !== null) return tensor;
          const misread = read(tensor);
          if (bitDifference(misread, tensor) === null) return tensor;
          misread.requiresGrad = tensor.requiresGrad;
          places.set(misread, tensor);
          return misread;
        });
        const result = right(...(withTensors(args, tensors) as readonly unknown[]));
        if (
          places.size > 0 &&
          isOther(
            result,
            noGrad(() => right(...args)),
          )
        )
          effects.note();
        // Gradients go to the operand that was misread.
        for (const { tensor } of tensorsIn(result)) {
          const { node } = tensor;
          if (node !== null)
            node.operands = node.operands.map((operand) => places.get(operand) ?? operand);
        }
        return result;
      });
      return { op: faulty, effects: effects.total };
    },
  };
}

function isOther(result: unknown, expected: unknown): boolean {
  const right = tensorsIn(expected);
  return tensorsIn(result).some(
    ({ tensor }, i) => bitDifference(tensor, right[i]!.tensor) !== null,
  );
}

/** The numbers of the result come out wrong. */
function wrongResult(
  name: string,
  change: (y: Tensor, operands: readonly Tensor[]) => boolean,
  appliesTo: Fault["appliesTo"] = () => true,
): Fault {
  return {
    name,
    appliesTo,
    plant: (op) => {
      const effects = new Effects();
      const faulty = withForward(op, (right) => (...args) => {
        const result = right(...args);
        const operands = tensorsIn(args).map(({ tensor }) => tensor);
        for (const { tensor } of tensorsIn(result)) {
          // A view shares the storage of its operand: to change it would be another fault.
          if (operands.some(({ storage }) => storage === tensor.storage)) continue;
          if (change(tensor, operands)) effects.note();
        }
        return result;
      });
      return { op: faulty, effects: effects.total };
    },
  };
}

/** For faults that single precision would hide. */
function changeDoubles(
  y: Tensor,
  operands: readonly Tensor[],
  change: (value: number, i: number) => number,
): boolean {
  return !operands.some(({ dtype }) => dtype === "float32") && changeFloats(y, change);
}

function changeFloats(y: Tensor, change: (value: number, i: number) => number): boolean {
  if (y.dtype !== "float64" && y.dtype !== "float32") return false;
  const { data } = y.storage;
  let changed = false;
  for (let i = 0; i < data.length; i++) {
    const value = change(data[i]!, i);
    changed ||= !Object.is(value, data[i]);
    data[i] = value;
  }
  return changed;
}

const wrongShapes: readonly Fault[] = [
  {
    name: "the shape rule forgets a dimension",
    change: (shape: readonly number[]) => shape.slice(1),
  },
  { name: "the shape rule adds a dimension", change: (shape: readonly number[]) => [...shape, 1] },
  {
    name: "the shape rule is one too long",
    change: (shape: readonly number[]) => shape.map((n, i) => (i === shape.length - 1 ? n + 1 : n)),
  },
  {
    name: "the shape rule turns dimensions round",
    change: (shape: readonly number[]) => shape.slice().reverse(),
  },
].map(
  ({ name, change }): Fault => ({
    name,
    appliesTo: (op) => op.op.kind !== "pointwise",
    plant: (op) => {
      const effects = new Effects();
      const definition = op.op;
      if (definition.kind === "pointwise") return { op, effects: effects.total };
      const shapesOf = (args: readonly unknown[]): (readonly number[])[] =>
        definition.shapesOf(args).map((shape) => {
          const wrong = change(shape);
          if (wrong.join() !== shape.join()) effects.note();
          return wrong;
        });
      return {
        op: withForward(op, (right) => right, { ...definition, shapesOf }),
        effects: effects.total,
      };
    },
  }),
);

let noise = 0;

export const forwardFaults: readonly Fault[] = [
  ...wrongShapes,
  wrongOperands("strides forgotten", (x) => readCarelessly(x, { strides: true })),
  wrongOperands("the offset forgotten", (x) => readCarelessly(x, { offset: true })),
  wrongResult("another last bit each time", (y, operands) =>
    changeDoubles(y, operands, (value, i) =>
      i === 0 ? value + (Math.abs(value) + 1) * 1e-15 * (++noise % 7) : value,
    ),
  ),
  wrongResult(
    "single precision in float64",
    (y, operands) => y.dtype === "float64" && changeDoubles(y, operands, Math.fround),
  ),
  wrongResult(
    "a value that its gradient does not know",
    (y, operands) => {
      const [x] = operands;
      if (x === undefined || x.numel() === 0) return false;
      const first = x.storage.data[x.offset]!;
      return changeDoubles(y, operands, (value) => value + 1e-3 * Math.sin(first));
    },
    (op) => op.op.vjp !== null,
  ),
  wrongResult("operands changed", (_y, operands) => {
    const [x] = operands;
    if (x === undefined || x.numel() === 0 || x.dtype !== "float64") return false;
    x.storage.data[x.offset]! += 2 ** -30;
    return true;
  }),
  wrongResult(
    "other numbers when interpreted",
    (y, operands) => {
      const isInterpreted = setInterpreted(false);
      setInterpreted(isInterpreted);
      return isInterpreted && changeDoubles(y, operands, (value) => value * (1 + 2 ** -40));
    },
    (op) => op.op.kind === "pointwise",
  ),
  wrongResult(
    "NaN swallowed",
    (y) => changeFloats(y, (value) => (Number.isNaN(value) ? 0 : value)),
    (op) => op.op.edges.some(({ result }) => result.some(Number.isNaN)),
  ),
  {
    name: "nothing for nothing: empty tensors are refused",
    appliesTo: () => true,
    plant: (op) => {
      const effects = new Effects();
      const faulty = withForward(op, (right) => (...args) => {
        if (tensorsIn(args).some(({ tensor }) => tensor.numel() === 0)) {
          effects.note();
          throw new RangeError("Invalid array length");
        }
        return right(...args);
      });
      return { op: faulty, effects: effects.total };
    },
  },
  {
    name: "float64 results from float32",
    appliesTo: () => true,
    plant: (op) => {
      const effects = new Effects();
      const faulty = withForward(
        op,
        (right) =>
          (...args) =>
            mapLeaves(right(...args), (leaf) => {
              if (!(leaf instanceof Tensor) || leaf.dtype !== "float32") return leaf;
              effects.note();
              return leaf.to("float64");
            }),
      );
      return { op: faulty, effects: effects.total };
    },
  },
  {
    name: "bad calls accepted",
    appliesTo: (op) => op.op.rejects.length > 0,
    plant: (op) => {
      const effects = new Effects();
      const faulty = withForward(op, (right) => (...args) => {
        try {
          return right(...args);
        } catch (error) {
          if (error instanceof ChainruleError) effects.note();
          return newTensor("float32", []);
        }
      });
      return { op: faulty, effects: effects.total };
    },
  },
  {
    name: "an error of no type",
    appliesTo: (op) => op.op.rejects.length > 0,
    plant: (op) => {
      const effects = new Effects();
      const faulty = withForward(op, (right) => (...args) => {
        try {
          return right(...args);
        } catch (error) {
          effects.note();
          throw new Error(error instanceof Error ? error.message : "");
        }
      });
      return { op: faulty, effects: effects.total };
    },
  },
  {
    name: "operands changed before the call is refused",
    appliesTo: (op) => op.op.rejects.length > 0,
    plant: (op) => {
      const effects = new Effects();
      const faulty = withForward(op, (right) => (...args) => {
        try {
          return right(...args);
        } catch (error) {
          for (const { tensor } of tensorsIn(args)) {
            if (tensor.numel() === 0) continue;
            tensor.storage.data[tensor.offset]! ^= 1;
            effects.note();
          }
          throw error;
        }
      });
      return { op: faulty, effects: effects.total };
    },
  },
];
