/**
 * Recurrent networks over whole sequences, of float32 numbers, in WebAssembly.
 *
 * The weights of the state are packed once for all steps. A batch falls into blocks of samples, each of which goes through
 * all steps by itself: threads need not wait for each other from step to step. Every number is computed in the same order
 * whatever its block, so the bits depend on neither blocks nor threads.
 */
import type { Nonlinearity, Steps } from "../kernels/steps.ts";
import { timesOf } from "../kernels/steps.ts";
import type { Tensor } from "../tensor.ts";
import { blockSteps, mostPanelRows, multiplyBlock, panelColumns } from "./factors.ts";
import type { Kernels } from "./kernels.ts";
import type { Place, Task } from "./whole.ts";
import { computeWhole } from "./whole.ts";

/** From so many products of state and weight in all steps on copying pays. */
const leastProducts = 1 << 12;
/** The most samples of a block. From 18 on the packed weight is read no more often than it takes to compute with it. */
const mostSamples = 18;
/** Tiles of 6 rows and of 4 compute a multiple of so many without rows that are not there, or with few. */
const evenRows = 4;
/** Columns of the weight that are packed in a part. */
const partColumns = 128;
/** The calls of a part: a fraction of what a team's table holds. */
const mostCalls = 2048;

/** The weight of the state, packed: products of rows with it, k numbers of which give n. */
class PackedWeight {
  readonly k: number;
  readonly n: number;
  private readonly columns: number;

  constructor(k: number, n: number) {
    this.k = k;
    this.n = n;
    this.columns = Math.ceil(n / panelColumns) * panelColumns;
  }

  /** How many numbers it takes, and how many a thread needs for its rows. */
  get common(): number {
    return this.k * this.columns;
  }

  get own(): number {
    return (this.ownRows + mostPanelRows) * panelColumns;
  }

  private get ownRows(): number {
    const rows = mostSamples + evenRows + mostPanelRows;
    return Math.ceil((rows * Math.min(this.k, blockSteps)) / panelColumns);
  }

  /** How many kernels a product is. */
  get calls(): number {
    return 2 * Math.ceil(this.k / blockSteps);
  }

  /** Packs the weight at an address, whose steps are in bytes, to the beginning of the common room. */
  pack({ kernels, common, part }: Place, weight: number, kStep: number, nStep: number): void {
    const { k, n, columns } = this;
    for (let p = 0; p < k; p += blockSteps) {
      const depth = Math.min(blockSteps, k - p);
      for (let j = 0; j < n; j += partColumns) {
        const to = common + 4 * (p * columns + j * depth);
        const from = weight + p * kStep + j * nStep;
        kernels.packColumns(to, from, nStep, kStep, Math.min(partColumns, n - j), depth);
        part();
      }
    }
  }

  /** target (+)= source·weight for rows of `source`, which lie one behind the other. */
  multiply(place: Place, target: number, source: number, rows: number, isFirst: boolean): void {
    const { kernels, common, own, isTileTall } = place;
    const { k, n, columns } = this;
    const rooms = { spare: own + 4 * this.ownRows * panelColumns, block: own };
    for (let p = 0; p < k; p += blockSteps) {
      const depth = Math.min(blockSteps, k - p);
      const left = { address: source + 4 * p, rowStep: 4 * k, columnStep: 4 };
      const panels = common + 4 * p * columns;
      const size = [rows, n, depth] as const;
      const sets = isFirst && p === 0;
      multiplyBlock(kernels, target, 4 * n, left, isTileTall, rooms, panels, size, sets);
    }
  }
}

/** Samples of a block: about as many in each of as many blocks as make all threads busy for as long. */
function samplesOfBlock(samples: number, threads: number): number {
  const blocks = threads * Math.ceil(samples / (mostSamples * threads));
  return evenRows * Math.ceil(samples / (evenRows * blocks));
}

/** Calls `compute` for all blocks and steps, from the first step on or from the last. */
function forEachStep(
  { part, wait, threads }: Place,
  { steps, samples }: Steps,
  calls: number,
  isBack: boolean,
  compute: (step: number, first: number, count: number) => void,
): void {
  const most = Math.max(1, Math.floor(mostCalls / calls));
  const block = samplesOfBlock(samples, threads);
  // What was prepared is for all of them.
  wait();
  for (let done = 0; done < steps; done += most) {
    const end = Math.min(steps, done + most);
    for (let first = 0; first < samples; first += block) {
      const count = Math.min(block, samples - first);
      for (let s = done; s < end; s++) compute(isBack ? steps - 1 - s : s, first, count);
      part();
    }
    wait();
  }
}

/** What all steps read and write, and the room that they need: for the packed weight, and for so many numbers more. */
function taskOf(
  packed: PackedWeight,
  { steps, samples }: Steps,
  operands: readonly Tensor[],
  results: readonly Tensor[],
  more = 0,
): Task {
  return {
    operands,
    results,
    work: steps * samples * packed.k * packed.n,
    least: leastProducts,
    common: packed.common + more,
    own: packed.own,
  };
}

/** Where the state before a step is: in the results of the step before, or the initial one. */
function stateBefore(all: number, initial: number, before: number, bytes: number): number {
  return before < 0 ? initial : all + before * bytes;
}

function isFor({ steps, samples, width }: Steps): boolean {
  // Vectors must not reach from one part of the gates into the next.
  return steps > 0 && samples > 0 && width > 0 && width % 4 === 0;
}

/** The address of a row of biases; of zeros, in the common room, where there are none. */
function biasRow(kernels: Kernels, given: number | undefined, room: number, count: number): number {
  if (given === undefined) kernels.clear(room, 4 * count);
  return given ?? room;
}

/** All steps of long short-term memory; see `lstmSteps`. False where plain loops are to do it. */
export function lstmStepsAccelerated(
  sums: Tensor,
  h0: Tensor,
  c0: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  hidden: Tensor,
  cells: Tensor,
  shape: Steps,
): boolean {
  if (!isFor(shape)) return false;
  const { samples, width } = shape;
  const packed = new PackedWeight(width, 4 * width);
  const operands = [sums, h0, c0, weight, ...(bias === null ? [] : [bias])];
  const task = taskOf(packed, shape, operands, [hidden, cells, sums], 4 * width);
  return computeWhole(task, (place) => {
    const { kernels, results, common } = place;
    const [from, h, c, w, b] = place.operands as [number, number, number, number, number?];
    const [toHidden, toCells, act] = results as [number, number, number];
    packed.pack(place, w, 4, 4 * width);
    const shift = biasRow(kernels, b, common + 4 * packed.common, 4 * width);
    place.part();
    const bytes = 4 * samples * width;
    forEachStep(place, shape, packed.calls + 1, false, (s, first, count) => {
      const [time, before] = timesOf(shape, s);
      const row = 4 * first * width;
      const at = time * bytes + row;
      const gates = from + 4 * at;
      packed.multiply(place, gates, stateBefore(toHidden, h, before, bytes) + row, count, false);
      const cell = stateBefore(toCells, c, before, bytes) + row;
      kernels.lstm(toHidden + at, toCells + at, act + 4 * at, gates, shift, cell, count, width);
    });
  });
}

/** The gradient of all steps; see `lstmStepsGradient`. False where plain loops are to do it. */
export function lstmStepsGradientAccelerated(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  shape: Steps,
): boolean {
  if (!isFor(shape)) return false;
  const { steps, samples, width } = shape;
  const packed = new PackedWeight(4 * width, width);
  return computeWhole(taskOf(packed, shape, operands, results), (place) => {
    const { kernels } = place;
    const [act, cells, c0, w, hiddenBar, cellBar, cellsBar, direct] = place.operands as [
      ...[number, number, number, number, number, number],
      number?,
      number?,
    ];
    const [gates, toHidden, toCell] = place.results as [number, number, number];
    packed.pack(place, w, 4 * width, 4);
    const bytes = 4 * samples * width;
    forEachStep(place, shape, packed.calls + 6, true, (s, first, count) => {
      const [time, before] = timesOf(shape, s);
      const row = 4 * first * width;
      const at = time * bytes + row;
      const numbers = count * width;
      const [h, c, own] = [toHidden + row, toCell + row, gates + 4 * at];
      if (s === steps - 1) {
        kernels.clear(h, 4 * numbers);
        kernels.clear(c, 4 * numbers);
        kernels.accumulate(c, cellBar + row, numbers);
      }
      kernels.accumulate(h, hiddenBar + at, numbers);
      if (cellsBar !== undefined) kernels.accumulate(c, cellsBar + at, numbers);
      const cell = stateBefore(cells, c0, before, bytes) + row;
      kernels.lstmGradient(own, c, act + 4 * at, cell, cells + at, h, c, count, width);
      if (direct !== undefined) kernels.accumulate(own, direct + 4 * at, 4 * numbers);
      packed.multiply(place, h, own, count, true);
    });
  });
}

/** All steps of gated recurrent units; see `gruSteps`. False where plain loops are to do it. */
export function gruStepsAccelerated(
  sums: Tensor,
  h0: Tensor,
  weight: Tensor,
  biases: readonly Tensor[],
  hidden: Tensor,
  candidates: Tensor,
  shape: Steps,
): boolean {
  if (!isFor(shape)) return false;
  const { samples, width } = shape;
  const packed = new PackedWeight(width, 3 * width);
  const room = Math.ceil(packed.own / 16) * 16;
  const operands = [sums, h0, weight, ...biases];
  const task = {
    ...taskOf(packed, shape, operands, [hidden, candidates, sums], 3 * width),
    own: room + mostSamples * 3 * width,
  };
  return computeWhole(task, (place) => {
    const { kernels, results, common, own } = place;
    const [from, h, w, inputBias, stateBias] = place.operands as [
      ...[number, number, number],
      number?,
      number?,
    ];
    const [toHidden, toCandidates, act] = results as [number, number, number];
    packed.pack(place, w, 4, 4 * width);
    const zeros = common + 4 * packed.common;
    const inputShift = biasRow(kernels, inputBias, zeros, 3 * width);
    const stateShift = stateBias ?? zeros;
    place.part();
    const bytes = 4 * samples * width;
    const products = own + 4 * room;
    forEachStep(place, shape, packed.calls + 1, false, (s, first, count) => {
      const [time, before] = timesOf(shape, s);
      const row = 4 * first * width;
      const at = time * bytes + row;
      const state = stateBefore(toHidden, h, before, bytes) + row;
      packed.multiply(place, products, state, count, true);
      kernels.gru(
        toHidden + at,
        act + 3 * at,
        toCandidates + at,
        from + 3 * at,
        products,
        inputShift,
        stateShift,
        state,
        count,
        width,
      );
    });
  });
}

/** The gradient of all steps; see `gruStepsGradient`. False where plain loops are to do it. */
export function gruStepsGradientAccelerated(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  shape: Steps,
): boolean {
  if (!isFor(shape)) return false;
  const { steps, samples, width } = shape;
  const packed = new PackedWeight(3 * width, width);
  return computeWhole(taskOf(packed, shape, operands, results), (place) => {
    const { kernels } = place;
    const [act, candidates, hidden, h0, w, hiddenBar, directInput, directState] =
      place.operands as [...[number, number, number, number, number, number], number?, number?];
    const [toInput, toState, toHidden] = place.results as [number, number, number];
    packed.pack(place, w, 4 * width, 4);
    const bytes = 4 * samples * width;
    forEachStep(place, shape, packed.calls + 5, true, (s, first, count) => {
      const [time, before] = timesOf(shape, s);
      const row = 4 * first * width;
      const at = time * bytes + row;
      const numbers = count * width;
      const h = toHidden + row;
      if (s === steps - 1) kernels.clear(h, 4 * numbers);
      kernels.accumulate(h, hiddenBar + at, numbers);
      const [input, state] = [toInput + 3 * at, toState + 3 * at];
      const previous = stateBefore(hidden, h0, before, bytes) + row;
      kernels.gruGradient(
        input,
        state,
        h,
        act + 3 * at,
        candidates + at,
        previous,
        h,
        count,
        width,
      );
      if (directInput !== undefined) {
        kernels.accumulate(input, directInput + 3 * at, 3 * numbers);
        kernels.accumulate(state, directState! + 3 * at, 3 * numbers);
      }
      packed.multiply(place, h, state, count, false);
    });
  });
}

/** All steps of a plain recurrent network; see `rnnSteps`. False where plain loops are to do it. */
export function rnnStepsAccelerated(
  nonlinearity: Nonlinearity,
  sums: Tensor,
  h0: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  shape: Steps,
): boolean {
  if (!isFor(shape)) return false;
  const { samples, width } = shape;
  const packed = new PackedWeight(width, width);
  const operands = [sums, h0, weight, ...(bias === null ? [] : [bias])];
  const task = taskOf(packed, shape, operands, [sums], width);
  return computeWhole(task, (place) => {
    const { kernels, results, common } = place;
    const [from, h, w, b] = place.operands as [number, number, number, number?];
    const [hidden] = results as [number];
    packed.pack(place, w, 4, 4 * width);
    const shift = biasRow(kernels, b, common + 4 * packed.common, width);
    place.part();
    const bytes = 4 * samples * width;
    const step = nonlinearity === "tanh" ? kernels.tanhStep : kernels.reluStep;
    forEachStep(place, shape, packed.calls + 1, false, (s, first, count) => {
      const [time, before] = timesOf(shape, s);
      const row = 4 * first * width;
      const at = time * bytes + row;
      const state = stateBefore(hidden, h, before, bytes) + row;
      packed.multiply(place, from + at, state, count, false);
      step(hidden + at, from + at, shift, count, width);
    });
  });
}

/** The gradient of all steps; see `rnnStepsGradient`. False where plain loops are to do it. */
export function rnnStepsGradientAccelerated(
  nonlinearity: Nonlinearity,
  operands: readonly Tensor[],
  results: readonly Tensor[],
  shape: Steps,
): boolean {
  if (!isFor(shape)) return false;
  const { steps, samples, width } = shape;
  const packed = new PackedWeight(width, width);
  return computeWhole(taskOf(packed, shape, operands, results), (place) => {
    const { kernels } = place;
    const [hidden, w, hiddenBar] = place.operands as [number, number, number];
    const [sumsBar, toHidden] = place.results as [number, number];
    packed.pack(place, w, 4 * width, 4);
    const bytes = 4 * samples * width;
    const step = nonlinearity === "tanh" ? kernels.tanhStepGradient : kernels.reluStepGradient;
    forEachStep(place, shape, packed.calls + 3, true, (s, first, count) => {
      const [time] = timesOf(shape, s);
      const row = 4 * first * width;
      const at = time * bytes + row;
      const h = toHidden + row;
      if (s === steps - 1) kernels.clear(h, 4 * count * width);
      kernels.accumulate(h, hiddenBar + at, count * width);
      step(sumsBar + at, hidden + at, h, count, width);
      packed.multiply(place, h, sumsBar + at, count, true);
    });
  });
}
