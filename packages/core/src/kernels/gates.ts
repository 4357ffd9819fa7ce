/**
 * The gates of recurrent cells, a row of pre-activations at a time.
 */
import { lstmAccelerated, lstmGradientAccelerated } from "../accelerated/gates.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { perDType } from "./specialize.ts";

type Numbers = { [index: number]: number };

/** The memory of a contiguous tensor from its first element on; results lie at the start of their storage. */
export function memory(x: Tensor): TypedArray {
  const { data } = x.storage;
  return x.offset === 0 ? data : data.subarray(x.offset, x.offset + x.numel());
}

const lstmFor = perDType(function lstm(
  gates: ArrayLike<number>,
  cell: ArrayLike<number>,
  hidden: Numbers,
  next: Numbers,
  act: Numbers,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    const base = at * 4;
    for (let k = 0; k < width; k++) {
      const i = 1 / (1 + Math.exp(-gates[base + k]!));
      const f = 1 / (1 + Math.exp(-gates[base + width + k]!));
      const g = Math.tanh(gates[base + 2 * width + k]!);
      const o = 1 / (1 + Math.exp(-gates[base + 3 * width + k]!));
      const c = f * cell[at + k]! + i * g;
      next[at + k] = c;
      hidden[at + k] = o * Math.tanh(c);
      act[base + k] = i;
      act[base + width + k] = f;
      act[base + 2 * width + k] = g;
      act[base + 3 * width + k] = o;
    }
  }
});

/** c′ = f·c + i·g and h = o·tanh c′, with i, f, o = σ and g = tanh of the pre-activations, which are kept. */
export function lstmCells(gates: Tensor, cell: Tensor, results: readonly Tensor[]): void {
  const [hidden, next, act] = results.map((x) => x.storage.data) as [
    TypedArray,
    TypedArray,
    TypedArray,
  ];
  const width = cell.shape[cell.ndim - 1]!;
  const rows = width === 0 ? 0 : cell.numel() / width;
  if (lstmAccelerated([gates, cell], results, rows, width)) return;
  lstmFor(hidden)(memory(gates), memory(cell), hidden, next, act, rows, width);
}

const lstmGradientFor = perDType(function lstmGradient(
  act: ArrayLike<number>,
  cell: ArrayLike<number>,
  next: ArrayLike<number>,
  hiddenBar: ArrayLike<number>,
  nextBar: ArrayLike<number>,
  gatesBar: Numbers,
  cellBar: Numbers,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    const base = at * 4;
    for (let k = 0; k < width; k++) {
      const i = act[base + k]!;
      const f = act[base + width + k]!;
      const g = act[base + 2 * width + k]!;
      const o = act[base + 3 * width + k]!;
      const t = Math.tanh(next[at + k]!);
      const h = hiddenBar[at + k]!;
      const d = nextBar[at + k]! + h * o * (1 - t * t);
      gatesBar[base + k] = d * g * i * (1 - i);
      gatesBar[base + width + k] = d * cell[at + k]! * f * (1 - f);
      gatesBar[base + 2 * width + k] = d * i * (1 - g * g);
      gatesBar[base + 3 * width + k] = h * t * o * (1 - o);
      cellBar[at + k] = d * f;
    }
  }
});

/** The gradients of the pre-activations and of c, from those of h and c′. */
export function lstmCellsGradient(operands: readonly Tensor[], results: readonly Tensor[]): void {
  const [act, cell, next, hiddenBar, nextBar] = operands as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const [gatesBar, cellBar] = results.map((x) => x.storage.data) as [TypedArray, TypedArray];
  const width = cell.shape[cell.ndim - 1]!;
  const rows = width === 0 ? 0 : cell.numel() / width;
  if (lstmGradientAccelerated(operands, results, rows, width)) return;
  lstmGradientFor(gatesBar)(
    memory(act),
    memory(cell),
    memory(next),
    memory(hiddenBar),
    memory(nextBar),
    gatesBar,
    cellBar,
    rows,
    width,
  );
}

const gruFor = perDType(function gru(
  input: ArrayLike<number>,
  state: ArrayLike<number>,
  hidden: ArrayLike<number>,
  next: Numbers,
  act: Numbers,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    const base = at * 3;
    for (let k = 0; k < width; k++) {
      const jr = base + k;
      const jz = jr + width;
      const jn = jz + width;
      const r = 1 / (1 + Math.exp(-(input[jr]! + state[jr]!)));
      const z = 1 / (1 + Math.exp(-(input[jz]! + state[jz]!)));
      const n = Math.tanh(input[jn]! + r * state[jn]!);
      next[at + k] = n + z * (hidden[at + k]! - n);
      act[jr] = r;
      act[jz] = z;
      act[jn] = n;
    }
  }
});

/** h′ = n + z·(h − n), with r, z = σ(a + b) and n = tanh(a + r·b) of the parts of both pre-activations. */
export function gruCells(operands: readonly Tensor[], results: readonly Tensor[]): void {
  const [input, state, hidden] = operands as [Tensor, Tensor, Tensor];
  const [next, act] = results.map((x) => x.storage.data) as [TypedArray, TypedArray];
  const width = hidden.shape[hidden.ndim - 1]!;
  const rows = width === 0 ? 0 : hidden.numel() / width;
  gruFor(next)(memory(input), memory(state), memory(hidden), next, act, rows, width);
}

const gruGradientFor = perDType(function gruGradient(
  act: ArrayLike<number>,
  state: ArrayLike<number>,
  hidden: ArrayLike<number>,
  nextBar: ArrayLike<number>,
  inputBar: Numbers,
  stateBar: Numbers,
  hiddenBar: Numbers,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    const base = at * 3;
    for (let k = 0; k < width; k++) {
      const jr = base + k;
      const jz = jr + width;
      const jn = jz + width;
      const r = act[jr]!;
      const z = act[jz]!;
      const n = act[jn]!;
      const d = nextBar[at + k]!;
      const nBar = d * (1 - z) * (1 - n * n);
      const zBar = d * (hidden[at + k]! - n) * z * (1 - z);
      const rBar = nBar * state[jn]! * r * (1 - r);
      inputBar[jr] = rBar;
      inputBar[jz] = zBar;
      inputBar[jn] = nBar;
      stateBar[jr] = rBar;
      stateBar[jz] = zBar;
      stateBar[jn] = nBar * r;
      hiddenBar[at + k] = d * z;
    }
  }
});

/** The gradients of both pre-activations and of h, from that of h′. */
export function gruCellsGradient(operands: readonly Tensor[], results: readonly Tensor[]): void {
  const [act, state, hidden, nextBar] = operands as [Tensor, Tensor, Tensor, Tensor];
  const [inputBar, stateBar, hiddenBar] = results.map((x) => x.storage.data) as [
    TypedArray,
    TypedArray,
    TypedArray,
  ];
  const width = hidden.shape[hidden.ndim - 1]!;
  const rows = width === 0 ? 0 : hidden.numel() / width;
  gruGradientFor(inputBar)(
    memory(act),
    memory(state),
    memory(hidden),
    memory(nextBar),
    inputBar,
    stateBar,
    hiddenBar,
    rows,
    width,
  );
}
