/**
 * Calls of layers for sequences, drawn at random.
 */
import type { Draw, Shape, Tensor } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import type { Recipe } from "./drawn.ts";
import { float64 } from "./drawn.ts";

export function recurrent(
  Net: new (input: number, hidden: number, options: object) => nn.Module,
  hasCell: boolean,
  more: (draw: Draw, hidden: number) => object = () => ({}),
): Recipe {
  return (draw) => {
    const [input, hidden] = [draw.integer(1, 2), draw.integer(2, 3)];
    const numLayers = draw.integer(1, 2);
    const bidirectional = draw.boolean();
    const batchFirst = draw.boolean();
    const extra: { projSize?: number } = more(draw, hidden);
    const options = {
      ...float64,
      ...extra,
      numLayers,
      bidirectional,
      batchFirst,
      bias: draw.boolean(),
      dropout: draw.pick([0, 0.3]),
    };
    const single = draw.integer(0, 3) === 3;
    const [steps, samples] = [draw.integer(1, 3), single ? 1 : draw.length(0, 2)];
    const lead = single ? [steps] : batchFirst ? [samples, steps] : [steps, samples];
    const count = numLayers * (bidirectional ? 2 : 1);
    const state = (features: number): Tensor =>
      draw.tensor(single ? [count, features] : [count, samples, features]);
    const projected = extra.projSize || hidden;
    const initial = hasCell ? [state(projected), state(hidden)] : state(projected);
    const lengths = Array.from({ length: samples }, () => draw.integer(0, steps));
    return {
      make: () => new Net(input, hidden, options),
      inputs: [
        draw.tensor([...lead, input]),
        draw.boolean() ? initial : null,
        draw.boolean() ? { lengths } : {},
      ],
    };
  };
}

export function cell(
  Cell: new (input: number, hidden: number, options: object) => nn.Module,
  hasCell: boolean,
  more: (draw: Draw) => object = () => ({}),
): Recipe {
  return (draw) => {
    const [input, hidden] = [draw.integer(1, 2), draw.integer(1, 3)];
    const lead = draw.boolean() ? [draw.length(0, 2)] : [];
    const options = { ...float64, bias: draw.boolean(), ...more(draw) };
    const state = (): Tensor => draw.tensor([...lead, hidden]);
    const initial = hasCell ? [state(), state()] : state();
    return {
      make: () => new Cell(input, hidden, options),
      inputs: [draw.tensor([...lead, input]), draw.boolean() ? initial : null],
    };
  };
}

export const attention: Recipe = (draw) => {
  const heads = draw.integer(1, 2);
  const dim = heads * draw.integer(1, 2);
  const own = draw.boolean();
  const [kdim, vdim] = own ? [null, null] : [draw.integer(1, 2), draw.integer(1, 2)];
  const batchFirst = draw.boolean();
  const options = {
    ...float64,
    kdim,
    vdim,
    batchFirst,
    bias: draw.boolean(),
    addBiasKv: draw.boolean(),
    addZeroAttn: draw.boolean(),
    dropout: draw.pick([0, 0.2]),
  };
  const [samples, queries, keys] = [draw.integer(1, 2), draw.integer(1, 3), draw.integer(1, 3)];
  const lead = (length: number): number[] => (batchFirst ? [samples, length] : [length, samples]);
  const mask = (shape: Shape): Tensor | null =>
    draw.pick([null, draw.mask(shape), draw.tensor(shape)]);
  const call = {
    needWeights: draw.boolean(),
    averageAttnWeights: draw.boolean(),
    attnMask: mask(draw.boolean() ? [queries, keys] : [samples * heads, queries, keys]),
    keyPaddingMask: mask([samples, keys]),
    isCausal: draw.boolean(),
  };
  const query = draw.tensor([...lead(queries), dim]);
  const key = draw.tensor([...lead(keys), kdim ?? dim]);
  const value = draw.tensor([...lead(keys), vdim ?? dim]);
  return {
    make: () => new nn.MultiheadAttention(dim, heads, options),
    inputs: [query, key, value, call],
  };
};

export function transformerOptions(draw: Draw): nn.TransformerLayerOptions {
  return {
    ...float64,
    dimFeedforward: draw.integer(1, 3),
    dropout: draw.pick([0, 0.2]),
    activation: draw.pick(["relu", "gelu"] as const),
    layerNormEps: 0.1,
    normFirst: draw.boolean(),
    batchFirst: draw.boolean(),
    bias: draw.boolean(),
  };
}

export const encoderLayer: Recipe = (draw) => {
  const options = transformerOptions(draw);
  const masks = { isCausal: draw.boolean() };
  return {
    make: () => new nn.TransformerEncoderLayer(2, draw.pick([1]), options),
    inputs: [draw.tensor([2, 2, 2]), masks],
  };
};

export const decoderLayer: Recipe = (draw) => {
  const options = transformerOptions(draw);
  return {
    make: () => new nn.TransformerDecoderLayer(2, 2, options),
    inputs: [draw.tensor([2, 2, 2]), draw.tensor([2, 2, 2]), { tgtIsCausal: draw.boolean() }],
  };
};

export const encoder: Recipe = (draw) => {
  const options = transformerOptions(draw);
  const norm = draw.boolean();
  return {
    make: () =>
      new nn.TransformerEncoder(new nn.TransformerEncoderLayer(2, 1, options), 2, {
        norm: norm ? new nn.LayerNorm(2, { ...float64, eps: 0.1 }) : null,
      }),
    inputs: [draw.tensor([2, 1, 2])],
  };
};

export const transformer: Recipe = (draw) => {
  const options = transformerOptions(draw);
  const sizes = { dModel: 2, nhead: 1, numEncoderLayers: 1, numDecoderLayers: 1 };
  return {
    make: () => new nn.Transformer({ ...options, ...sizes }),
    inputs: [draw.tensor([2, 2, 2]), draw.tensor([2, 2, 2])],
  };
};
