/**
 * Recurrent networks, which ONNX has as single nodes: so have we, but for variants that are unrolled over the steps.
 */
import type { Tensor } from "@chainrule/core";
import {
  add,
  at,
  cat,
  gruSequence,
  lstmSequence,
  matmul,
  mul,
  relu,
  rnnSequence,
  sigmoid,
  split,
  stack,
  sub,
  tanh,
  transpose,
  zeros,
} from "@chainrule/core";
import type { NodeReader } from "../node-reader.ts";
import type { Importer, Step } from "./importer.ts";
import { given } from "./importer.ts";

/** The parameters of one direction. */
interface Weights {
  readonly input: Tensor;
  readonly state: Tensor;
  readonly inputBias: Tensor | null;
  readonly stateBias: Tensor | null;
}

type State = readonly Tensor[];

/** One step: from x and the state to the next state, whose first tensor is the output. */
type Cell = (x: Tensor, state: State, weights: Weights) => State;

/** x·Wᵀ + b. */
function sums(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const product = matmul(x, transpose(weight, 0, 1));
  return bias === null ? product : add(product, bias);
}

/** The blocks of rows (one for each gate) of a weight in another order. */
function reordered(weight: Tensor, order: readonly number[]): Tensor {
  const size = weight.shape[0]! / order.length;
  const blocks = split(
    weight,
    order.map(() => size),
    0,
  );
  return cat(
    order.map((i) => blocks[i]!),
    0,
  );
}

const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  relu,
  sigmoid,
  tanh,
};

/** All steps at once: the outputs of all times, and the state after the last step. */
type Sequence = (
  x: Tensor,
  state: State,
  weights: Weights,
  reverse: boolean,
) => readonly [output: Tensor, last: State];

/** The state after the last step, among those of all times. */
function lastOf(hidden: Tensor, reverse: boolean): Tensor {
  return at(hidden, reverse ? 0 : -1);
}

/** A network by its steps. */
function bySteps(cell: Cell): Sequence {
  return (x, first, weights, reverse) => {
    const steps = x.shape[0]!;
    let state = first;
    const results = new Array<Tensor>(steps);
    for (let k = 0; k < steps; k++) {
      const t = reverse ? steps - 1 - k : k;
      state = cell(at(x, t), state, weights);
      results[t] = state[0]!;
    }
    return [stack(results, 0), state];
  };
}

/** What all three kinds have in common: directions, layout, states, and activations that are the usual ones. */
function recurrent(
  gates: number,
  states: 1 | 2,
  order: readonly number[],
  sequenceOf: (node: NodeReader, activation: readonly string[]) => Sequence,
  usual: readonly string[],
): Importer {
  return (node) => {
    node.expectInputs(3, states === 2 ? 8 : 6);
    node.expectOutputs(1 + states);
    const directionOf = node.word("direction", "forward", ["forward", "reverse", "bidirectional"]);
    const directions = directionOf === "bidirectional" ? 2 : 1;
    const hidden = node.hasAttribute("hidden_size") ? node.int("hidden_size", 0) : undefined;
    const batchFirst = node.flag("layout", false);
    const given_ = node.texts("activations")?.map((name) => name.toLowerCase());
    const each = given_?.slice(0, usual.length) ?? usual;
    const isUniform =
      given_ === undefined || given_.every((name, i) => name === each[i % usual.length]);
    if (!isUniform)
      throw node.refuse("has another activation for each direction, which cannot be computed");
    if (node.hasAttribute("clip")) throw node.refuse("has clip, which cannot be computed");
    if (node.has(4))
      throw node.refuse(
        "has sequence_lens, which cannot be computed. Pad all sequences to one length",
      );
    if (node.has(7)) throw node.refuse("has peepholes, which cannot be computed");
    const sequence = sequenceOf(node, each);
    const step: Step = (input, w, r, b, _lengths, ...initial) => {
      const x = batchFirst ? transpose(given(input), 0, 1) : given(input);
      const samples = x.shape[1]!;
      const size = hidden ?? given(r).shape[2]!;
      const outputs: Tensor[] = [];
      const last: Tensor[][] = [];
      for (let d = 0; d < directions; d++) {
        const bias = b === undefined ? null : split(at(b, d), gates * size, 0);
        const own = (weight: Tensor): Tensor => reordered(weight, order);
        const weights: Weights = {
          input: own(at(given(w), d)),
          state: own(at(given(r), d)),
          inputBias: bias === null ? null : own(bias[0]!),
          stateBias: bias === null ? null : own(bias[1]!),
        };
        const first: State = Array.from({ length: states }, (_, k) => {
          const start = initial[k];
          if (start === undefined) return zeros([samples, size], { dtype: x.dtype });
          return batchFirst ? at(start, ":", d) : at(start, d);
        });
        const isBackward = directionOf === "reverse" || d === 1;
        const [output, state] = sequence(x, first, weights, isBackward);
        outputs.push(output);
        last.push([...state]);
      }
      // Y: [steps, directions, samples, hidden]; the last states: [directions, samples, hidden].
      const y = stack(outputs, batchFirst ? 2 : 1);
      const ends = Array.from({ length: states }, (_, k) =>
        stack(
          last.map((state) => state[k]!),
          batchFirst ? 1 : 0,
        ),
      );
      return [batchFirst ? transpose(y, 0, 1) : y, ...ends];
    };
    return step;
  };
}

function refuseActivations(
  node: NodeReader,
  found: readonly string[],
  usual: readonly string[],
): void {
  if (found.join() !== usual.join())
    throw node.refuse(
      `has the activations ${found.join(", ")}; only ${usual.join(", ")} can be computed`,
    );
}

/** ONNX has the gates in the order i, o, f, c; the cell wants i, f, c, o. */
const importLstm = recurrent(
  4,
  2,
  [0, 2, 3, 1],
  (node, found) => {
    refuseActivations(node, found, ["sigmoid", "tanh", "tanh"]);
    if (node.flag("input_forget", false))
      throw node.refuse("couples input and forget gate, which cannot be computed");
    return (x, [h, c], { input, state, inputBias, stateBias }, reverse) => {
      const bias = inputBias === null ? null : add(inputBias, stateBias!);
      const all = lstmSequence(x, h!, c!, input, state, bias, { reverse });
      return [all.hidden, [lastOf(all.hidden, reverse), all.cell]];
    };
  },
  ["sigmoid", "tanh", "tanh"],
);

/** ONNX has the gates in the order z, r, h; the cell wants r, z, n. */
const importGru = recurrent(
  3,
  1,
  [1, 0, 2],
  (node, found) => {
    refuseActivations(node, found, ["sigmoid", "tanh"]);
    const resetsAfter = node.flag("linear_before_reset", false);
    if (resetsAfter) {
      return (x, [h], { input, state, inputBias, stateBias }, reverse) => {
        const biases = [inputBias, stateBias] as const;
        const { hidden } = gruSequence(x, h!, input, state, ...biases, { reverse });
        return [hidden, [lastOf(hidden, reverse)]];
      };
    }
    // The state is reset before it meets its weights.
    return bySteps((x, [h], { input, state, inputBias, stateBias }) => {
      const a = sums(x, input, inputBias);
      const size = h!.shape[1]!;
      const [ar, az, an] = split(a, size, 1) as [Tensor, Tensor, Tensor];
      const [wr, wz, wn] = split(state, size, 0) as [Tensor, Tensor, Tensor];
      const [br, bz, bn] = stateBias === null ? [null, null, null] : split(stateBias, size, 0);
      const r = sigmoid(add(ar, sums(h!, wr, br ?? null)));
      const z = sigmoid(add(az, sums(h!, wz, bz ?? null)));
      const n = tanh(add(an, sums(mul(r, h!), wn, bn ?? null)));
      return [add(mul(sub(1, z), n), mul(z, h!))];
    });
  },
  ["sigmoid", "tanh"],
);

const importRnn = recurrent(
  1,
  1,
  [0],
  (node, [name]) => {
    const activation = activations[name ?? ""];
    if (activation === undefined)
      throw node.refuse(`has the activation ${name}, which cannot be computed`);
    if (name === "tanh" || name === "relu") {
      return (x, [h], { input, state, inputBias, stateBias }, reverse) => {
        const bias = inputBias === null ? null : add(inputBias, stateBias!);
        const options = { reverse, nonlinearity: name } as const;
        const hidden = rnnSequence(x, h!, input, state, bias, options);
        return [hidden, [lastOf(hidden, reverse)]];
      };
    }
    return bySteps((x, [h], { input, state, inputBias, stateBias }) => [
      activation(add(sums(x, input, inputBias), sums(h!, state, stateBias))),
    ]);
  },
  ["tanh"],
);

export const recurrentImporters: Readonly<Record<string, Importer>> = {
  GRU: importGru,
  LSTM: importLstm,
  RNN: importRnn,
};
