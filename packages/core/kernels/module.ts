/**
 * The module of kernels, as bytes. It imports its memory as "memory" of "env".
 */
import { importMemory, Module } from "wasmati";
import { mostPages } from "../src/accelerated/scratch.ts";
import type { LowProduct } from "../src/accelerated/tiles.ts";
import type { Kernel, Variant } from "./assembler.ts";
import { attendRows, attendSlopes } from "./attention.ts";
import {
  channelAffine,
  channelAffineColumns,
  channelAffineColumnsGradient,
  channelAffineGradient,
} from "./channels.ts";
import { clear, fill } from "./clear.ts";
import { fillRows, gather, padRows, scatter, sumParts, unpadRows } from "./convolution.ts";
import { copyAny, copyRows, repeatNumbers, transpose } from "./copy.ts";
import { addRowsAt, addUpRows, pickRows } from "./embedding.ts";
import {
  countNonzero,
  extremaOfRows,
  extremeMagnitudes,
  shareTies,
  sumCubes,
  sumMagnitudes,
  sumPowers,
  sumRoots,
  sumSquares,
} from "./folds.ts";
import {
  accumulate,
  gru,
  gruGradient,
  lstm,
  lstmGradient,
  reluStep,
  reluStepGradient,
  tanhStep,
  tanhStepGradient,
} from "./gates.ts";
import { lowTile, multiply, multiplyRows, pack, panelColumns, tallTile } from "./matmul.ts";
import { matvecColumns, matvecRows } from "./matvec.ts";
import { toNormal } from "./normal.ts";
import { addAt, narrow, widen } from "./places.ts";
import { maxPool, meanPool, putPlanes, spreadPool } from "./pooling.ts";
import { productRows } from "./products.ts";
import { drawWords, toDropout, toMask, toUniform } from "./random.ts";
import {
  addRow,
  logSoftmax,
  logSoftmaxGradient,
  softmax,
  softmaxGradient,
  subtractProducts,
  sumExp,
} from "./rows.ts";
import {
  runProducts,
  runProductsBack,
  runProductsDown,
  runSums,
  runSumsBack,
  runSumsDown,
} from "./scans.ts";
import {
  standardize,
  standardizeColumns,
  standardizeColumnsGradient,
  standardizeGradient,
} from "./standardize.ts";
import { addUp, sumColumns, sumColumnsWide, sumRows, sumRowsWide } from "./sums.ts";
import { windowDots, windowSpread, windowSpreadWide, windowSums } from "./windows.ts";

export function assemble(variant: Variant): Uint8Array {
  // With a maximum, so that one byte makes it memory that threads share.
  const memory = { ...importMemory({ min: 1, max: mostPages }), module: "env", string: "memory" };
  const tile = variant.relaxed ? tallTile : lowTile;
  const exports = {
    packRows: pack(tile.rows),
    packColumns: pack(panelColumns),
    multiply: multiply(variant, tile),
    multiplyRows: multiplyRows(variant, tile),
    ...(variant.relaxed ? lowProducts(variant) : {}),
    matvecRows: matvecRows(variant),
    matvecColumns: matvecColumns(variant),
    attendRows: attendRows(variant),
    attendSlopes,
    gatherColumns: gather(panelColumns),
    scatter,
    padRows,
    unpadRows,
    fillRows,
    sumParts,
    windowSums: windowSums(variant),
    windowSpread: windowSpread(variant),
    windowSpreadWide,
    windowDots: windowDots(variant),
    clear,
    fill,
    copyRows,
    copyAny,
    repeatNumbers,
    transpose,
    maxPool,
    putPlanes,
    meanPool,
    spreadPool,
    pickRows,
    addUpRows,
    addRowsAt,
    drawWords,
    toUniform,
    toNormal,
    toMask,
    toDropout,
    lstm: lstm(variant),
    lstmGradient: lstmGradient(variant),
    gru: gru(variant),
    gruGradient: gruGradient(variant),
    tanhStep: tanhStep(variant),
    tanhStepGradient: tanhStepGradient(variant),
    reluStep: reluStep(variant),
    reluStepGradient: reluStepGradient(variant),
    accumulate,
    softmax: softmax(variant),
    logSoftmax: logSoftmax(variant),
    sumExp: sumExp(variant),
    softmaxGradient,
    logSoftmaxGradient: logSoftmaxGradient(variant),
    addRow,
    subtractProducts,
    extremaOfRows,
    shareTies,
    countNonzero,
    extremeMagnitudes,
    sumCubes,
    sumMagnitudes,
    sumPowers,
    sumRoots,
    sumSquares,
    sumRows,
    sumRowsWide,
    sumColumns,
    sumColumnsWide,
    addUp,
    productRows,
    addAt,
    narrow,
    widen,
    runProducts,
    runProductsBack,
    runProductsDown,
    runSums,
    runSumsBack,
    runSumsDown,
    channelAffine: channelAffine(variant),
    channelAffineColumns: channelAffineColumns(variant),
    channelAffineGradient,
    channelAffineColumnsGradient,
    standardize,
    standardizeGradient,
    standardizeColumns,
    standardizeColumnsGradient,
  };
  return Module({ exports, memory }).toBytes();
}

/** What stands in for the kernels of the tall tile where an engine is better off with the low one. */
function lowProducts(variant: Variant): Record<LowProduct, Kernel> {
  return {
    packRowsLow: pack(lowTile.rows),
    multiplyLow: multiply(variant, lowTile),
    multiplyRowsLow: multiplyRows(variant, lowTile),
  };
}
