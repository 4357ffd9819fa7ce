/**
 * Attention of float32 numbers in WebAssembly: head by head, and within a head a block of queries at a time, whose scores
 * stay in the cache. Heads are read where they lie, with any strides. The parts for several threads are heads, or blocks of
 * queries where there are few heads; they depend on shapes only.
 *
 * Against the plain loops on the same numbers a weight w is off by what its score s is (the rounding of a product of E
 * terms, see `matmul.ts`) times w, and by 2 ulp for exponential and quotient; sums of exponentials are kept in double
 * precision.
 */

import { allocate } from "../dtype.ts";
import { copyStrided } from "../kernels/copy.ts";
import type { Scoring } from "../kernels/heads.ts";
import { headOffsets, queriesAtOnce } from "../kernels/heads.ts";
import type { Shape } from "../shape.ts";
import { contiguousStrides, elementCount } from "../shape.ts";
import { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { isShared, mayAccelerate } from "./backend.ts";
import type { Placed } from "./factors.ts";
import { leftNumbers, multiplyOnto, rightFactor, rightNumbers, tileNumbers } from "./factors.ts";
import { Room, roomFor } from "./room.ts";
import { computeWhole } from "./whole.ts";

/** From so many products on copying pays. */
const leastProducts = 1 << 12;
/** So many products a part has at least: a fraction of what it costs to hand it out. */
const leastInPart = 1 << 18;
/** So many parts are enough for any number of threads. */
const enoughParts = 16;

/** A tensor's memory as kernels get it, and how the tensor lies in it. */
interface Spread {
  /** What has to be there: one row. */
  readonly numbers: Tensor;
  /** The tensor over the same memory; its offset counts from the beginning of the row. */
  readonly view: Tensor;
}

/** All of the memory that a tensor spans, if it can be read in place as kernels want it; else its numbers in order. */
function spread(x: Tensor, isByRows = false): Spread {
  const over = (storage: Storage, offset: number, count: number, strides: Shape): Spread => ({
    numbers: new Tensor(storage, x.dtype, [count], [1], offset),
    view: new Tensor(storage, x.dtype, x.shape, strides, 0),
  });
  const count = x.numel();
  const isFit = !isByRows || x.strides.at(-1) === 1;
  if (isShared(x.storage.data) && count > 0 && isFit && x.strides.every((step) => step >= 0)) {
    const span = x.strides.reduce((sum, step, dim) => sum + step * (x.shape[dim]! - 1), 1);
    return over(x.storage, x.offset, span, x.strides);
  }
  const strides = contiguousStrides(x.shape);
  if (x.isContiguous()) return over(x.storage, x.offset, count, strides);
  const data = new Float32Array(count);
  copyStrided(data, 0, x.storage.data, x.offset, x.shape, x.strides);
  return over(new Storage(data), 0, count, strides);
}

/** The kinds of masks of the kernel. */
const kinds = { none: 0, numbers: 1, bits: 2 } as const;

/** A mask as the kernel reads it: rows of numbers to add, or of words whose bits are all set where there is attention. */
function maskTable(mask: Tensor, keys: number): Tensor {
  const ones = new Array<number>(Math.max(2 - mask.ndim, 0)).fill(1);
  const shape = [...ones, ...mask.shape];
  const strides = [...ones.map(() => 0), ...mask.strides];
  const last = shape.length - 1;
  if (shape[last] !== keys) strides[last] = 0;
  shape[last] = keys;
  const isBool = mask.dtype === "bool";
  const data = allocate(isBool ? "int32" : "float32", elementCount(shape));
  copyStrided(data, 0, mask.storage.data, mask.offset, shape, strides);
  if (isBool) for (let i = 0; i < data.length; i++) data[i] = data[i] === 0 ? 0 : -1;
  return new Tensor(new Storage(data), isBool ? "int32" : "float32", shape);
}

/** The matrix of a tensor at an address. */
function placedAt(address: number, { shape, strides, ndim }: Tensor): Placed {
  const [rows, columns] = [shape[ndim - 2]!, shape[ndim - 1]!];
  // The steps of what has length 1 are as one likes.
  const rowStep = rows === 1 ? 4 : 4 * strides[ndim - 2]!;
  const columnStep = columns === 1 ? 4 : 4 * strides[ndim - 1]!;
  return { address, rowStep, columnStep };
}

/** The same matrix with rows and columns exchanged. */
function turned({ address, rowStep, columnStep }: Placed): Placed {
  return { address, rowStep: columnStep, columnStep: rowStep };
}

/** The matrix from a row on. */
function fromRow({ address, rowStep, columnStep }: Placed, row: number): Placed {
  return { address: address + row * rowStep, rowStep, columnStep };
}

/** Where the matrices of a tensor lie, from its first number on. */
function offsetsWithin(x: Tensor): number[] {
  const fromStart = new Tensor(x.storage, x.dtype, x.shape, x.strides, 0);
  return headOffsets(x.shape.slice(0, -2), [fromStart])[0]!;
}

/** The addresses of rooms for so many numbers each. */
function roomsAt(own: number, sizes: readonly number[]): number[] {
  const room = new Room(own);
  return sizes.map((numbers) => room.take(numbers));
}

/** Blocks of queries of all heads, and how many of them, or how many heads, are a part. */
class Division {
  readonly most: number;
  readonly blocks: number;
  readonly blocksInPart: number;
  readonly headsInPart: number;

  constructor(heads: number, queries: number, isCausal: boolean, productsOfHead: number) {
    this.most = Math.min(queriesAtOnce(isCausal, queries), queries);
    this.blocks = Math.ceil(queries / this.most);
    this.headsInPart = Math.max(1, Math.floor(leastInPart / productsOfHead));
    const parts = Math.max(1, Math.ceil(enoughParts / heads));
    this.blocksInPart = Math.ceil(this.blocks / Math.min(parts, this.blocks));
  }

  /** Whether a part ends with this head. */
  endsWith(head: number, heads: number): boolean {
    return head % this.headsInPart === this.headsInPart - 1 || head === heads - 1;
  }
}

/** output = weights·v with weights = softmax(q·kᵀ·scale + mask). False, with nothing done, where plain loops are to do it. */
export function attendAccelerated(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | null,
  output: Tensor,
  weights: Tensor,
  { isCausal, scale }: Scoring,
): boolean {
  const [queries, keys] = weights.shape.slice(-2) as [number, number];
  const [features, width] = [q.shape[q.ndim - 1]!, v.shape[v.ndim - 1]!];
  const work = weights.numel() * (features + width);
  // Less work than this is not worth a closer look.
  if (features === 0 || weights.dtype !== "float32" || !mayAccelerate(work >> 4)) return false;
  const [spreadQ, spreadK, spreadV] = [spread(q), spread(k), spread(v)];
  const table = mask === null ? [] : [maskTable(mask, keys)];
  const kind = mask === null ? kinds.none : mask.dtype === "bool" ? kinds.bits : kinds.numbers;
  const views = [spreadQ.view, spreadK.view, spreadV.view, ...table];
  const offsets = headOffsets(weights.shape.slice(0, -2), views);
  const heads = offsets[0]!.length;
  const outputOffsets = offsetsWithin(output);
  const maskStep = table.length > 0 && table[0]!.shape.at(-2) === queries ? 4 * keys : 0;
  const division = new Division(heads, queries, isCausal, queries * keys * (features + width));
  const { most, blocks, blocksInPart } = division;
  const sizes = [
    tileNumbers,
    leftNumbers(features),
    rightNumbers(features, keys),
    rightNumbers(keys, width),
  ];
  const task = {
    operands: [spreadQ.numbers, spreadK.numbers, spreadV.numbers, ...table],
    results: [output, weights],
    work,
    least: leastProducts,
    own: roomFor(...sizes),
  };
  return computeWhole(task, ({ kernels, operands, results, own, part }) => {
    const [spare, roomQ, roomK, roomV] = roomsAt(own, sizes) as [number, number, number, number];
    const rooms = { spare, block: roomQ };
    const [toOutput, toWeights] = results as [number, number];
    const outputStep = 4 * output.strides[output.ndim - 2]!;
    for (let head = 0; head < heads; head++) {
      const [query, key, value] = [0, 1, 2].map((i) =>
        placedAt(operands[i]! + 4 * offsets[i]![head]!, views[i]!),
      ) as [Placed, Placed, Placed];
      const maskAt = kind === kinds.none ? 0 : operands[3]! + 4 * offsets[3]![head]!;
      for (let begin = 0; begin < blocks; begin += blocksInPart) {
        const toKeys = rightFactor(kernels, roomK, turned(key), features, keys);
        const values = rightFactor(kernels, roomV, value, keys, width);
        const end = Math.min(begin + blocksInPart, blocks);
        for (let first = begin * most; first < Math.min(end * most, queries); first += most) {
          const count = Math.min(most, queries - first);
          const used = isCausal ? Math.min(keys, first + count) : keys;
          const row = head * queries + first;
          const scores = toWeights + 4 * row * keys;
          const target = { address: scores, rowStep: 4 * keys, isFirst: true };
          const block = fromRow(query, first);
          multiplyOnto(kernels, rooms, target, block, toKeys, count, features, used);
          const causal = isCausal ? first : -1;
          const masked = maskAt + first * maskStep;
          kernels.attendRows(
            scores,
            4 * keys,
            count,
            used,
            keys,
            causal,
            masked,
            maskStep,
            kind,
            scale,
          );
          if (width === 0) continue;
          const ofHead = toOutput + 4 * outputOffsets[head]!;
          const address = ofHead + first * outputStep;
          const mixed = { address, rowStep: outputStep, isFirst: true };
          const left = { address: scores, rowStep: 4 * keys, columnStep: 4 };
          multiplyOnto(kernels, rooms, mixed, left, values, count, used, width);
        }
        if (end < blocks || division.endsWith(head, heads)) part();
      }
    }
  });
}

/** The gradients of queries, keys and values. False, with nothing done, where plain loops are to do it. */
export function attendGradientAccelerated(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  { isCausal, scale }: Scoring,
): boolean {
  const [q, k, v] = operands as [Tensor, Tensor, Tensor];
  const [queries, keys] = [q.shape[q.ndim - 2]!, k.shape[k.ndim - 2]!];
  const [features, width] = [q.shape[q.ndim - 1]!, v.shape[v.ndim - 1]!];
  const lead = results[0]!.shape.slice(0, -2);
  const products = queries * keys * (3 * features + 2 * width);
  const work = elementCount(lead) * products;
  if (features === 0 || width === 0 || q.dtype !== "float32" || !mayAccelerate(work >> 4))
    return false;
  const spreads = operands.map((x, i) => spread(x, i === 3));
  const views = spreads.map(({ view }) => view);
  const offsets = headOffsets(lead, views);
  const heads = offsets[0]!.length;
  const resultOffsets = results.map(offsetsWithin);
  const steps = results.map(({ strides, ndim }) => 4 * strides[ndim - 2]!);
  const [queryStep, keyStep, valueStep] = steps as [number, number, number];
  const division = new Division(heads, queries, isCausal, products);
  const { most, blocks } = division;
  const slopeStep = 4 * Math.ceil(keys / 4);
  const sizes = [
    tileNumbers,
    rightNumbers(width, keys),
    rightNumbers(keys, features),
    rightNumbers(most, Math.max(features, width)),
    most * slopeStep,
    leftNumbers(Math.max(most, width)),
  ];
  const task = {
    operands: spreads.map(({ numbers }) => numbers),
    results,
    work,
    least: leastProducts,
    own: roomFor(...sizes),
  };
  return computeWhole(task, (place) => {
    const { kernels, own, part } = place;
    const [spare, roomV, roomK, roomBlock, slopes, roomLeft] = roomsAt(own, sizes) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const slopeRows = { address: slopes, rowStep: 4 * slopeStep, columnStep: 4 };
    const onSlopes = { address: slopes, rowStep: 4 * slopeStep, isFirst: true };
    const rooms = { spare, block: roomLeft };
    for (let head = 0; head < heads; head++) {
      const [query, key, value, weights, cotangent] = views.map((view, i) =>
        placedAt(place.operands[i]! + 4 * offsets[i]![head]!, view),
      ) as [Placed, Placed, Placed, Placed, Placed];
      const [toQuery, toKey, toValue] = place.results.map(
        (address, i) => address + 4 * resultOffsets[i]![head]!,
      ) as [number, number, number];
      const toValues = rightFactor(kernels, roomV, turned(value), width, keys);
      const byKeys = rightFactor(kernels, roomK, key, keys, features);
      // The last block reaches the most keys: it sets what others add to.
      for (let block = blocks - 1; block >= 0; block--) {
        const first = block * most;
        const count = Math.min(most, queries - first);
        const used = isCausal ? Math.min(keys, first + count) : keys;
        const isFirst = block === blocks - 1;
        const bar = fromRow(cotangent, first);
        multiplyOnto(kernels, rooms, onSlopes, bar, toValues, count, width, used);
        const w = fromRow(weights, first);
        kernels.attendSlopes(slopes, 4 * slopeStep, w.address, w.rowStep, count, used, scale);
        const address = toQuery + first * queryStep;
        const onQuery = { address, rowStep: queryStep, isFirst: true };
        multiplyOnto(kernels, rooms, onQuery, slopeRows, byKeys, count, used, features);
        const rows = rightFactor(kernels, roomBlock, fromRow(query, first), count, features);
        const onKey = { address: toKey, rowStep: keyStep, isFirst };
        multiplyOnto(kernels, rooms, onKey, turned(slopeRows), rows, used, count, features);
        const mixed = rightFactor(kernels, roomBlock, bar, count, width);
        const onValue = { address: toValue, rowStep: valueStep, isFirst };
        multiplyOnto(kernels, rooms, onValue, turned(w), mixed, used, count, width);
        // Where no query looks at keys, results are row-major.
        if (isFirst && used < keys) {
          kernels.clear(toKey + used * keyStep, 4 * (keys - used) * features);
          kernels.clear(toValue + used * valueStep, 4 * (keys - used) * width);
        }
      }
      if (division.endsWith(head, heads)) part();
    }
  });
}
