/**
 * Recurrent networks and attention: what the golden values do not tell.
 */
import type { Tensor } from "@chainrule/core";
import { cat, flip, Generator, grad, noGrad, randn, stack, zeros } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { describe, expect, test } from "vitest";

const float64 = { dtype: "float64" } as const;
const drawn = (...shape: number[]): Tensor => randn(shape, float64);

function apart(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return a.numel() === 0 ? 0 : a.sub(b).abs().max().item();
}

describe("lengths", () => {
  const lengths = [4, 2, 0, 3];
  const x = drawn(4, 4, 2);

  test.each([false, true])(
    "treat each sequence as if it were alone (both ways: %s)",
    (bidirectional) => {
      const net = new nn.LSTM(2, 3, { ...float64, bidirectional, numLayers: 2 });
      const [output, [h, c]] = net.forward(x, null, { lengths });
      for (const [n, length] of lengths.entries()) {
        expect(output.at(`${length}:`, n).abs().sum().item()).toBe(0);
        if (length === 0) {
          expect(h.at(":", n).abs().sum().item()).toBe(0);
          continue;
        }
        const [alone, [hAlone, cAlone]] = net.forward(x.at(`:${length}`, n));
        expect(apart(output.at(`:${length}`, n), alone)).toBeLessThan(1e-15);
        expect(apart(h.at(":", n), hAlone)).toBeLessThan(1e-15);
        expect(apart(c.at(":", n), cAlone)).toBeLessThan(1e-15);
      }
    },
  );

  test("what lies behind the end has no gradient", () => {
    const net = new nn.GRU(2, 3, { ...float64, bidirectional: true });
    const leaf = x.clone().detach().requiresGrad_();
    net.forward(leaf, null, { lengths })[0].square().sum().backward();
    for (const [n, length] of lengths.entries()) {
      expect(leaf.grad!.at(`${length}:`, n).abs().sum().item()).toBe(0);
    }
  });

  test("may be a tensor, and must fit", () => {
    const net = new nn.RNN(2, 3, float64);
    const given = zeros([4], { dtype: "int32" }).add(2);
    expect(
      apart(net.forward(x, null, { lengths: given })[0].at(":2"), net.forward(x)[0].at(":2")),
    ).toBe(0);
    expect(() => net.forward(x, null, { lengths: [1, 2] })).toThrow(
      /one number for each of the 4 sequences/,
    );
    expect(() => net.forward(x, null, { lengths: [1, 2, 3, 5] })).toThrow(/from 0 to 4, not 5/);
    // @ts-expect-error misspelt
    expect(() => net.forward(x, null, { length: [1] })).toThrow(/unknown option "length"/);
  });
});

describe("recurrent networks", () => {
  test("do at each step what their cells do", () => {
    const x = drawn(5, 2, 3);
    const gru = new nn.GRU(3, 4, float64);
    const cell = new nn.GRUCell(3, 4, float64);
    const { weightIhL0, weightHhL0, biasIhL0, biasHhL0 } = gru.stateDict();
    cell.loadStateDict({
      weightIh: weightIhL0!,
      weightHh: weightHhL0!,
      biasIh: biasIhL0!,
      biasHh: biasHhL0!,
    });
    let h: Tensor | null = null;
    const steps: Tensor[] = [];
    for (let t = 0; t < 5; t++) {
      h = cell.forward(x.at(t), h);
      steps.push(h);
    }
    expect(apart(gru.forward(x)[0], stack(steps))).toBeLessThan(1e-15);
  });

  test("read the second direction from the end", () => {
    const x = drawn(5, 2, 3);
    const both = new nn.RNN(3, 4, { ...float64, bidirectional: true });
    const back = new nn.RNN(3, 4, float64);
    const state = both.stateDict();
    const names = Object.keys(back.stateDict());
    back.loadStateDict(Object.fromEntries(names.map((name) => [name, state[`${name}Reverse`]!])));
    const expected = flip(back.forward(flip(x, 0))[0], 0);
    expect(apart(both.forward(x)[0].at("...", "4:"), expected)).toBeLessThan(1e-15);
  });

  test("go on from where they stopped", () => {
    const x = drawn(6, 2, 3);
    const lstm = new nn.LSTM(3, 4, { ...float64, numLayers: 2 });
    const [first, state] = lstm.forward(x.at(":4"));
    const [second] = lstm.forward(x.at("4:"), state);
    expect(apart(cat([first, second], 0), lstm.forward(x)[0])).toBeLessThan(1e-15);
  });

  test("drop between the layers, while training, by the generator", () => {
    const x = drawn(3, 2, 3);
    const make = (): nn.LSTM =>
      new nn.LSTM(3, 4, { ...float64, numLayers: 2, dropout: 0.5, generator: new Generator(3) });
    const [a, b] = [make(), make()];
    expect(apart(a.forward(x)[0], b.forward(x)[0])).toBe(0);
    expect(apart(a.forward(x)[0], a.eval().forward(x)[0])).toBeGreaterThan(0);
    expect(apart(a.forward(x)[0], a.forward(x)[0])).toBe(0);
  });

  const nodesOf = (output: Tensor): number => {
    const seen = new Set<object>();
    const stack = [output.node!];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      for (const operand of node.operands) if (operand.node !== null) stack.push(operand.node);
    }
    return seen.size;
  };

  test.each([
    ["LSTM", () => new nn.LSTM(2, 4)],
    ["GRU", () => new nn.GRU(2, 4)],
    ["RNN", () => new nn.RNN(2, 4, { nonlinearity: "relu" })],
  ])("%s takes one op for all steps; where lengths differ, few for each", (_, make) => {
    const net = make();
    const x = randn([10, 2, 2]);
    // A sum of biases beside it.
    expect(nodesOf(net.forward(x)[0])).toBeLessThanOrEqual(2);
    expect(nodesOf(net.forward(x, null, { lengths: [10, 4] })[0])).toBeLessThanOrEqual(5 * 10 + 5);
  });

  test.each([false, true])(
    "are the same with one op as step by step (both ways: %s)",
    (bidirectional) => {
      const options = { ...float64, bidirectional, numLayers: 2, batchFirst: true } as const;
      const x = drawn(3, 5, 2);
      for (const net of [
        new nn.LSTM(2, 4, options),
        new nn.GRU(2, 4, options),
        new nn.RNN(2, 4, options),
      ]) {
        // Lengths that do not differ from the whole are masks that hide nothing, but for a sample of their own.
        const longer = cat([x, zeros([1, 5, 2], float64)], 0);
        const lengths = [5, 5, 5, 1];
        const run = (input: Tensor, options?: nn.SequenceOptions): Tensor =>
          (net.forward(input, null, options)[0] as Tensor).at(":3");
        const parameters = net.parameters();
        const [whole, stepwise] = [run(x), run(longer, { lengths })];
        expect(apart(whole, stepwise)).toBeLessThan(1e-14);
        const [a, b] = [whole, stepwise].map((y) => grad([y.square().sum()], parameters));
        for (const [i, gradient] of a!.entries())
          expect(apart(gradient, b![i]!)).toBeLessThan(1e-13);
      }
    },
  );

  test("begin within ±1/√hiddenSize", () => {
    const lstm = new nn.LSTM(3, 16, { numLayers: 2, bidirectional: true });
    expect(lstm.parameters().length).toBe(16);
    for (const parameter of lstm.parameters()) {
      expect(parameter.abs().max().item()).toBeLessThanOrEqual(0.25);
    }
    expect(lstm.weightIhL1Reverse?.shape).toEqual([64, 32]);
  });

  test("refuse what does not fit", () => {
    const lstm = new nn.LSTM(3, 4, { batchFirst: true });
    expect(() => lstm.forward(zeros([5, 2, 2]))).toThrow(/sequence of shape \[N, T, 3\]/);
    expect(() => lstm.forward(zeros([2, 0, 3]))).toThrow(/needs one step at least/);
    expect(() => lstm.forward(zeros([2, 5, 3]), [zeros([1, 2, 3]), zeros([1, 2, 4])])).toThrow(
      /initial hidden state has shape \[1, 2, 3\], but must have \[1, 2, 4\]/,
    );
    // @ts-expect-error one tensor is no state of an LSTM
    expect(() => lstm.forward(zeros([2, 5, 3]), zeros([1, 2, 4]))).toThrow(
      /array \[hidden, cell\]/,
    );
    expect(() => new nn.RNN(3, 4, { nonlinearity: "sine" as "tanh" })).toThrow(/"tanh" or "relu"/);
    expect(() => new nn.LSTM(3, 4, { projSize: 4 })).toThrow(/projSize .* from 0 to 3/);
    expect(() => new nn.GRUCell(3, 4).forward(zeros([2, 4]))).toThrow(
      /GRUCell: expected .*\[N, 3\]/,
    );
    expect(() => new nn.LSTMCell(3, 4).forward(zeros([2, 3]), [zeros([4]), zeros([4])])).toThrow(
      /must have \[2, 4\]/,
    );
  });
});

describe("attention", () => {
  const attention = new nn.MultiheadAttention(4, 2, { ...float64, batchFirst: true });
  const x = drawn(2, 3, 4);

  test("with a causal mask does not look ahead", () => {
    const changed = cat([x.at(":", ":2"), drawn(2, 1, 4)], 1);
    const of = (input: Tensor): Tensor =>
      attention.forward(input, input, input, { isCausal: true, needWeights: false })[0];
    expect(apart(of(x).at(":", ":2"), of(changed).at(":", ":2"))).toBe(0);
    expect(apart(of(x), of(changed))).toBeGreaterThan(0);
  });

  test("gives the same with and without weights, which sum to 1", () => {
    const [output, weights] = attention.forward(x, x, x);
    const [alone, none] = attention.forward(x, x, x, { needWeights: false });
    expect(none).toBeNull();
    expect(apart(output, alone)).toBeLessThan(1e-15);
    expect(apart(weights!.sum(-1), zeros([2, 3], float64).add(1))).toBeLessThan(1e-15);
  });

  test("a query that may attend to nothing gets weights of 0 and finite gradients", () => {
    const mask = zeros([2, 3], { dtype: "bool" }).logicalNot();
    const leaf = x.clone().detach().requiresGrad_();
    const [output, weights] = attention.forward(leaf, leaf, leaf, { keyPaddingMask: mask });
    expect(weights!.abs().sum().item()).toBe(0);
    output.sum().backward();
    expect(leaf.grad!.isfinite().all().item()).toBe(1);
  });

  test("refuses what does not fit", () => {
    expect(() => new nn.MultiheadAttention(5, 2)).toThrow(/5 does not fall into 2 heads/);
    expect(() => attention.forward(x, x, drawn(2, 2, 4))).toThrow(/must have \[N, L, 4\]/);
    expect(() => attention.forward(x, x, x, { attnMask: drawn(2, 2) })).toThrow(
      /attnMask has shape \[2, 2\], but must have \[3, 3\] or \[4, 3, 3\]/,
    );
    const numbers = zeros([3, 3], { dtype: "int32" });
    expect(() => attention.forward(x, x, x, { attnMask: numbers })).toThrow(/not int32/);
    // @ts-expect-error misspelt
    expect(() => attention.forward(x, x, x, { mask: null })).toThrow(/unknown option "mask"/);
  });
});

describe("transformers", () => {
  test("are made of copies that are trained apart", () => {
    const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8 });
    const encoder = new nn.TransformerEncoder(layer, 2);
    const [first, second] = [...encoder.layers] as [nn.EncoderLayer, nn.EncoderLayer];
    expect(first === second).toBe(false);
    expect(encoder.parameters().length).toBe(2 * layer.parameters().length);
    const [a, b] = [first.parameters()[0]!, second.parameters()[0]!];
    expect(apart(a, b)).toBe(0);
    noGrad(() => a.zero_());
    expect(b.abs().sum().item()).toBeGreaterThan(0);
  });

  test("take a layer of one's own", () => {
    class Half extends nn.Module {
      readonly map = new nn.Linear(4, 4);
      forward(src: Tensor): Tensor {
        return this.map.forward(src).mul(0.5);
      }
    }
    const encoder = new nn.TransformerEncoder(new Half(), 3);
    expect(encoder.forward(randn([2, 4])).shape).toEqual([2, 4]);
    expect(Object.keys(encoder.stateDict())[0]).toBe("layers.0.map.weight");
    // @ts-expect-error no layer
    expect(() => new nn.TransformerEncoder("layer", 2)).toThrow(/expected a layer to copy/);
  });

  test("refuse what does not fit", () => {
    const activation = "sine" as "relu";
    expect(() => new nn.TransformerEncoderLayer(4, 2, { activation })).toThrow(
      /activation must be/,
    );
    const layer = new nn.TransformerDecoderLayer(4, 2, { dimFeedforward: 8 });
    expect(() => layer.forward(zeros([3, 2, 4]), zeros([3, 1, 4]))).toThrow(
      /must have \[L, N, 4\]/,
    );
    // @ts-expect-error misspelt
    expect(() => layer.forward(zeros([3, 2, 4]), zeros([3, 2, 4]), { mask: null })).toThrow(
      /unknown option/,
    );
  });
});

describe("positions", () => {
  test("of waves go on at the offset", () => {
    const waves = new nn.SinusoidalPositionalEncoding(5, { batchFirst: true });
    const whole = waves.forward(zeros([1, 6, 5], float64));
    const tail = waves.forward(zeros([1, 2, 5], float64), { offset: 4 });
    expect(apart(whole.at(":", "4:"), tail)).toBe(0);
  });

  test("are along the right dimension", () => {
    const x = drawn(2, 3, 4);
    const first = new nn.SinusoidalPositionalEncoding(4, { batchFirst: true });
    const second = new nn.SinusoidalPositionalEncoding(4);
    expect(apart(first.forward(x), second.forward(x.transpose(0, 1)).transpose(0, 1))).toBe(0);
  });

  test("that turn keep lengths, and products depend on distances", () => {
    const rotate = new nn.RotaryPositionalEncoding(4);
    const [q, k] = [drawn(1, 4), drawn(1, 4)];
    const score = (i: number, j: number): number =>
      rotate
        .forward(q, { offset: i })
        .mul(rotate.forward(k, { offset: j }))
        .sum()
        .item();
    expect(score(3, 1)).toBeCloseTo(score(9, 7), 12);
    expect(rotate.forward(q, { offset: 5 }).square().sum().item()).toBeCloseTo(
      q.square().sum().item(),
      12,
    );
    expect(() => new nn.RotaryPositionalEncoding(3)).toThrow(/come in pairs/);
  });

  test("that are learned end", () => {
    const positions = new nn.LearnedPositionalEncoding(4, 2);
    expect(() => positions.forward(zeros([3, 2]), { offset: 2 })).toThrow(
      /positions 2 to 4 were asked for, but only 4 were made/,
    );
    expect(() => positions.forward(zeros([3, 3]))).toThrow(/sequences of 2 features/);
  });
});
