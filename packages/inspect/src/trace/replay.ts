/**
 * A trace computed anew with other numbers in its leaves, by the ops that recorded it.
 */
import type { NodeOp } from "@chainrule/core";
import { ArgumentError, type Tensor } from "@chainrule/core";
import { capture } from "./capture.ts";
import { fromTraceData, numbersOf, toTraceNumber } from "./data.ts";
import { obstacleToReplay } from "./obstacle.ts";
import { learningRate, stepped } from "./rate.ts";
import { vouchFor } from "./read.ts";
import type { Trace, TraceChange, TraceTensor } from "./schema.ts";
import { tensorOf } from "./values.ts";

/**
 * Replays a trace; `leaves` gives other numbers for some leaves, by node id. An update that was a plain step against the
 * gradient is made again; of any other nobody knows the rule, and it is left out.
 */
export function replay(
  trace: Trace,
  leaves: Readonly<Record<number, readonly number[]>>,
  opNamed: (name: string) => NodeOp | undefined,
): Trace {
  const obstacle = obstacleToReplay(trace, (name) => opNamed(name) !== undefined);
  if (obstacle !== null)
    throw new ArgumentError(`replay: not possible (${obstacle.kind} ${obstacle.what}).`);
  const results: (readonly Tensor[])[] = [];
  const seed = trace.backward?.seeds[0]?.value ?? null;
  const [output] = trace.outputs;
  const again = capture(
    () => {
      for (const node of trace.nodes) {
        if (node.kind === "leaf") results.push([leafFrom(node.outputs[0]!, leaves[node.id])]);
        else {
          const operands = node.operands.map((ref) => results[ref.node - 1]![ref.output]!);
          const { repeat } = opNamed(node.op!)!;
          if (repeat === null) throw new ArgumentError(`replay: ${node.op} cannot be repeated.`);
          results.push(repeat(operands, fromTraceData(node.options)!.value as never));
        }
      }
      return results[output!.node - 1]![output!.output]!;
    },
    {
      sourceLines: false,
      maxElements: Number.MAX_SAFE_INTEGER,
      backward: trace.backward !== null,
      ...(seed === null ? {} : { cotangent: tensorOf(seed)! }),
    },
  );
  if (again.error !== null) throw new ArgumentError(`replay: ${again.error.message}`);
  const isSame =
    again.nodes.length === trace.nodes.length &&
    again.nodes.every(({ op }, i) => op === trace.nodes[i]!.op);
  if (!isSame) throw new ArgumentError("replay: the ops did something else this time.");
  return vouchFor({
    ...trace,
    nodes: trace.nodes.map((node, i) => ({
      ...node,
      saved: again.nodes[i]!.saved,
      outputs: node.outputs.map(
        (tensor, k): TraceTensor => ({
          ...tensor,
          value: again.nodes[i]!.outputs[k]!.value,
          grad: again.nodes[i]!.outputs[k]!.grad,
        }),
      ),
    })),
    backward: again.backward,
    update: trace.update === null ? null : changesAgain(trace, again),
  });
}

function changesAgain(trace: Trace, again: Trace): TraceChange[] | null {
  const rate = learningRate(trace);
  if (rate === null) return null;
  return trace.update!.map(({ target }) => {
    const { value: before, grad } = again.nodes[target.node - 1]!.outputs[target.output]!;
    const slopes = numbersOf(grad)!;
    const data = numbersOf(before)!.map((number, i) =>
      toTraceNumber(stepped(number, slopes[i]!, rate, before!.dtype), before!.dtype),
    );
    return { target, before: before!, after: { ...before!, data } };
  });
}

function leafFrom(leaf: TraceTensor, numbers: readonly number[] | undefined): Tensor {
  const value =
    numbers === undefined
      ? leaf.value!
      : { ...leaf.value!, data: numbers.map((number) => toTraceNumber(number)) };
  const tensor = tensorOf(value)!;
  if (leaf.requiresGrad) tensor.requiresGrad = true;
  return tensor;
}
