/**
 * Matrix products of float32 numbers in WebAssembly.
 *
 * The product is made of blocks: so many steps of the inner dimension, so many rows of A, packed for the registers
 * (packages/core/kernels/matmul.ts), but for a left factor that can be read as fast where it lies (tiles.ts). The blocks
 * depend on the shape only, so the bits of a result do too.
 *
 * Sums are kept in float32: against the exact product of the same numbers an element of k terms is off by at most
 * k·2⁻²⁴·Σₚ|aᵢₚ·bₚⱼ| (and a trifle of second order), as with any order of adding.
 */
import { addBias } from "../kernels/bias.ts";
import type { MatrixView, VectorView } from "../kernels/matmul.ts";
import { acceleratorFor, isShared, teamFor } from "./backend.ts";
import type { Placed } from "./factors.ts";
import {
  blockRows,
  blockSteps,
  leftNumbers,
  mostPanelRows,
  multiplyBlock,
  panelBytes,
  panelColumns,
  tileNumbers,
} from "./factors.ts";
import type { Kernels } from "./kernels.ts";
import { multiplyVector } from "./matvec.ts";
import { biasNumbers, place, placeBias, placedNumbers } from "./placed.ts";
import type { Team } from "./threads/team.ts";

/** From so many products on copying the operands into WebAssembly's memory pays. */
const leastProducts = 1 << 12;

/** From so many products on helpers pay. */
const leastForTeam = 1 << 20;

/** Columns of B in a block. */
export const blockColumns = 2048;

/**
 * C = A·B for A of m × k and B of k × n, all float32; C is row-major and starts at `at`. With `bias`, which is added to each
 * row when its sum is complete. False, with nothing done, where plain loops are to do it.
 */
export function multiplyAccelerated(
  out: Float32Array,
  at: number,
  a: MatrixView<Float32Array>,
  b: MatrixView<Float32Array>,
  m: number,
  k: number,
  n: number,
  bias: VectorView<Float32Array> | null,
): boolean {
  const products = m * k * n;
  if (products === 0) return false;
  if ((m === 1) !== (n === 1)) {
    if (!multiplyByVector(out, at, a, b, m, k, n)) return false;
    if (bias !== null) addBias(out, at, bias, m, n);
    return true;
  }
  const team = teamFor(products, leastForTeam, isShared(out, a.data, b.data));
  if (team !== null && multiplyTogether(team, out, at, a, b, m, k, n, bias)) return true;
  const accelerator = acceleratorFor(products, leastProducts);
  if (accelerator === null) return false;
  const { kernels, scratch, isTileTall } = accelerator;
  const placed = placedNumbers(scratch, a, m, k) + placedNumbers(scratch, b, k, n);
  const numbers = placed + m * n + biasNumbers(bias, n) + spareNumbers(k, n);
  if (!scratch.begin(numbers, 7)) return false;
  const placedA = place(scratch, a, m, k);
  const placedB = place(scratch, b, k, n);
  const c = scratch.take(m * n);
  const row = placeBias(scratch, bias, n);
  const rooms = takeRooms(k, n, isTileTall, (count) => scratch.take(count));
  multiplyPlaced(kernels, rooms, c, placedA, placedB, m, k, n);
  if (row !== 0) kernels.addRow(c, 4 * n, row, m, n);
  scratch.get(c, m * n, out, at);
  return true;
}

/** The product where one factor is a vector: m or n is 1. */
function multiplyByVector(
  out: Float32Array,
  at: number,
  a: MatrixView<Float32Array>,
  b: MatrixView<Float32Array>,
  m: number,
  k: number,
  n: number,
): boolean {
  if (n === 1) {
    const column = { data: b.data, offset: b.offset, step: b.rowStep };
    return multiplyVector(out, at, a, column, m, k);
  }
  const row = { data: a.data, offset: a.offset, step: a.columnStep };
  const turned = { ...b, rowStep: b.columnStep, columnStep: b.rowStep };
  return multiplyVector(out, at, turned, row, n, k);
}

/** Room for the packed blocks and a tile. */
function spareNumbers(k: number, n: number): number {
  const steps = Math.min(k, blockSteps);
  const columns = Math.min(n, blockColumns) + panelColumns;
  return steps * (columns + blockRows + mostPanelRows) + tileNumbers;
}

/** Room for packed operands and a tile. */
interface Rooms {
  readonly packedA: number;
  readonly packedB: number;
  readonly spare: number;
  readonly isTileTall: boolean;
}

function takeRooms(
  k: number,
  n: number,
  isTileTall: boolean,
  take: (numbers: number) => number,
): Rooms {
  const steps = Math.min(k, blockSteps);
  const columns = Math.ceil(Math.min(n, blockColumns) / panelColumns) * panelColumns;
  return {
    packedB: take(steps * columns),
    packedA: take(steps * (blockRows + mostPanelRows)),
    spare: take(tileNumbers),
    isTileTall,
  };
}

/** The product of matrices that lie in WebAssembly's memory. */
function multiplyPlaced(
  kernels: Kernels,
  { packedA, packedB, spare, isTileTall }: Rooms,
  c: number,
  a: Placed,
  b: Placed,
  m: number,
  k: number,
  n: number,
): void {
  const inPlace = isTileTall && a.columnStep === 4;
  const rooms = { spare, block: packedA };
  const { rowStep, columnStep } = a;
  for (let j = 0; j < n; j += blockColumns) {
    const width = Math.min(blockColumns, n - j);
    for (let p = 0; p < k; p += blockSteps) {
      const depth = Math.min(blockSteps, k - p);
      const fromB = b.address + j * b.columnStep + p * b.rowStep;
      kernels.packColumns(packedB, fromB, b.columnStep, b.rowStep, width, depth);
      for (let i = 0; i < m; i += blockRows) {
        const height = Math.min(blockRows, m - i);
        const left = { address: a.address + i * rowStep + p * columnStep, rowStep, columnStep };
        const tile = c + 4 * (i * n + j);
        const size = [height, width, depth] as const;
        multiplyBlock(kernels, tile, 4 * n, left, inPlace, rooms, packedB, size, p === 0);
      }
    }
  }
}

/** What a team packs at a time: so many rows of A, columns of B and steps. */
const teamRows = 16 * blockRows;
const teamColumns = 2048;
const teamSteps = 3 * blockSteps;
/** From so many rows on there are enough blocks of rows for all threads, */
const tallRows = 576;
/** which pays as long as the block of B that each of them multiplies with, so many numbers, stays in the second cache. */
const mostForTall = 1 << 17;
/**
 * Columns that are packed at a time, and that a part has at most: with all its rows and steps a block of B stays in the
 * second cache.
 */
const partColumns = 128;
/** A product has so many parts at least, if they are not too small, so that no thread has much more to do than another. */
const enoughParts = 16;
/** So many products a part has at least, which take ten times as long as to hand it out. */
const leastInBlock = 1 << 18;

/**
 * The product by several threads: they pack both operands together, and then multiply a block of rows and columns each.
 * Every number is summed in the order of {@link multiplyPlaced}.
 */
function multiplyTogether(
  team: Team,
  out: Float32Array,
  at: number,
  a: MatrixView<Float32Array>,
  b: MatrixView<Float32Array>,
  m: number,
  k: number,
  n: number,
  bias: VectorView<Float32Array> | null,
): boolean {
  const { crew, scratch } = team;
  const inPlace = team.isTileTall && a.columnStep === 1;
  const steps = Math.min(k, teamSteps);
  const isTall = m >= tallRows && n * Math.min(k, blockSteps) <= mostForTall;
  const sizeA = isTall || inPlace ? 0 : (Math.min(m, teamRows) + rowsOfPanels) * steps;
  const sizeB = (Math.min(n, teamColumns) + panelColumns) * steps;
  const sizeOwn = isTall && !inPlace ? leftNumbers(k) : 0;
  const placed = placedNumbers(scratch, a, m, k) + placedNumbers(scratch, b, k, n);
  const numbers = placed + scratch.missing(out, m * n) + biasNumbers(bias, n) + sizeA + sizeB;
  if (!crew.begin(numbers, 7, tileNumbers + sizeOwn, 2)) return false;
  const placedA = place(scratch, a, m, k);
  const placedB = place(scratch, b, k, n);
  const c = scratch.target(out, at, m * n);
  const row = placeBias(scratch, bias, n);
  const packedA = scratch.take(sizeA);
  const packedB = scratch.take(sizeB);
  const spare = scratch.takeOwn(tileNumbers);
  const ownA = scratch.takeOwn(sizeOwn);
  for (let j = 0; j < n; j += teamColumns) {
    for (let p = 0; p < k; p += teamSteps) {
      const width = Math.min(teamColumns, n - j);
      const depth = Math.min(teamSteps, k - p);
      packTogether(team.kernels.packColumns, crew, partColumns, panelColumns, {
        target: packedB,
        source: placedB.address + j * placedB.columnStep + p * placedB.rowStep,
        lineStep: placedB.columnStep,
        alongStep: placedB.rowStep,
        lines: width,
        along: depth,
      });
      if (isTall) {
        crew.run();
        const addend = row !== 0 && p + depth === k ? row + 4 * j : 0;
        const target = c + 4 * j;
        const at = { room: ownA, packedB, spare, target, addend, n, height: m, width, depth, p };
        multiplyTall(team, placedA, inPlace, at);
        crew.run();
        continue;
      }
      for (let i = 0; i < m; i += teamRows) {
        const height = Math.min(teamRows, m - i);
        const source = placedA.address + i * placedA.rowStep + p * placedA.columnStep;
        if (!inPlace) {
          packTogether(team.kernels.packRows, crew, blockRows, rowsOfPanels, {
            target: packedA,
            source,
            lineStep: placedA.rowStep,
            alongStep: placedA.columnStep,
            lines: height,
            along: depth,
          });
        }
        crew.run();
        const left = inPlace ? { address: source, rowStep: placedA.rowStep } : null;
        const target = c + 4 * (i * n + j);
        const addend = row !== 0 && p + depth === k ? row + 4 * j : 0;
        const at = { packedA, packedB, spare, target, addend, n, height, width, depth, p };
        multiplyBlocks(team, left, at);
        crew.run();
      }
    }
  }
  scratch.get(c, m * n, out, at);
  return true;
}

/** Panels of A have 4 or 6 rows: a multiple of both. */
const rowsOfPanels = 12;

/** Packs lines in parts of so many, one block of steps behind the other. Each fills whole panels of `panel` lines. */
function packTogether(
  pack: Team["kernels"]["packRows"],
  crew: Team["crew"],
  part: number,
  panel: number,
  { target, source, lineStep, alongStep, lines, along }: Record<PackNames, number>,
): void {
  const room = Math.ceil(lines / panel) * panel;
  for (let p = 0; p < along; p += blockSteps) {
    const steps = Math.min(blockSteps, along - p);
    for (let line = 0; line < lines; line += part) {
      const to = target + 4 * (p * room + line * steps);
      const from = source + line * lineStep + p * alongStep;
      pack(to, from, lineStep, alongStep, Math.min(part, lines - line), steps);
      crew.part();
    }
  }
}

type PackNames = "target" | "source" | "lineStep" | "alongStep" | "lines" | "along";

/** Lines in parts of about the same size: as many parts as `least`, or as lines of that size make. */
function evenParts(lines: number, least: number, panel: number, most: number): number {
  const parts = Math.max(least, Math.ceil(lines / most));
  return Math.ceil(lines / parts / panel) * panel;
}

/** The same for a left factor with many rows: who multiplies a block of rows packs it, and has it in the cache then. */
function multiplyTall(
  { kernels, crew }: Team,
  a: Placed,
  inPlace: boolean,
  at: Record<"room" | "packedB" | "spare" | "target" | "addend" | "n", number> &
    Record<"height" | "width" | "depth" | "p", number>,
): void {
  const { room, packedB, spare, target, addend, n, height, width, depth } = at;
  const { rowStep, columnStep } = a;
  const rooms = { spare, block: room };
  const roomB = Math.ceil(width / panelColumns) * panelColumns;
  const partRows = evenParts(height, enoughParts, rowsOfPanels, blockRows);
  for (let i = 0; i < height; i += partRows) {
    const rows = Math.min(partRows, height - i);
    const tile = target + 4 * i * n;
    for (let p = 0; p < depth; p += blockSteps) {
      const steps = Math.min(blockSteps, depth - p);
      const address = a.address + i * rowStep + (at.p + p) * columnStep;
      const left = { address, rowStep, columnStep };
      const panels = packedB + 4 * p * roomB;
      const size = [rows, width, steps] as const;
      const isFirst = at.p + p === 0;
      multiplyBlock(kernels, tile, 4 * n, left, inPlace, rooms, panels, size, isFirst);
    }
    if (addend !== 0) kernels.addRow(tile, 4 * n, addend, rows, width);
    crew.part();
  }
}

/**
 * Notes the products of all blocks of packed operands, and of the bias that is added to complete sums, unless it is 0. `left`
 * is the left factor where it lies, unless it was packed.
 */
function multiplyBlocks(
  { kernels, crew }: Team,
  left: Pick<Placed, "address" | "rowStep"> | null,
  at: Record<"packedA" | "packedB" | "spare" | "target" | "addend" | "n", number> &
    Record<"height" | "width" | "depth" | "p", number>,
): void {
  const { packedA, packedB, spare, target, addend, n, height, width, depth } = at;
  const roomA = Math.ceil(height / rowsOfPanels) * rowsOfPanels;
  const roomB = Math.ceil(width / panelColumns) * panelColumns;
  const parts = Math.min(enoughParts, Math.floor((height * width * depth) / leastInBlock));
  const columnParts = Math.ceil(width / partColumns);
  const partRows = evenParts(height, Math.floor(parts / columnParts), rowsOfPanels, blockRows);
  const rowParts = Math.ceil(height / partRows);
  const widest = evenParts(width, Math.floor(parts / rowParts), panelColumns, partColumns);
  for (let j = 0; j < width; j += widest) {
    const columns = Math.min(widest, width - j);
    for (let i = 0; i < height; i += partRows) {
      const rows = Math.min(partRows, height - i);
      const tile = target + 4 * (i * n + j);
      for (let p = 0; p < depth; p += blockSteps) {
        const steps = Math.min(blockSteps, depth - p);
        const fromB = packedB + 4 * (p * roomB + j * steps);
        const isFirst = at.p + p === 0 ? 1 : 0;
        if (left !== null) {
          const fromA = left.address + i * left.rowStep + 4 * p;
          const panels = [fromA, left.rowStep, fromB, panelBytes(steps)] as const;
          kernels.multiplyRows(tile, 4 * n, ...panels, rows, columns, steps, isFirst, spare);
        } else {
          const fromA = packedA + 4 * (p * roomA + i * steps);
          kernels.multiply(tile, 4 * n, fromA, fromB, rows, columns, steps, isFirst, spare);
        }
      }
      if (addend !== 0) kernels.addRow(tile, 4 * n, addend + 4 * j, rows, columns);
      crew.part();
    }
  }
}

/** So many products a part of a stack has at least: a fraction of what it costs to hand it out. */
const leastInPart = 1 << 17;

/**
 * Products of all matrices of a stack by several threads; where they lie is given by the offsets. False, with nothing
 * done, where they are to be multiplied one by one.
 */
export function multiplyStackTogether(
  out: Float32Array,
  a: MatrixView<Float32Array>,
  offsetsA: readonly number[],
  b: MatrixView<Float32Array>,
  offsetsB: readonly number[],
  m: number,
  k: number,
  n: number,
): boolean {
  const products = m * k * n;
  const count = offsetsA.length;
  if (products * count === 0 || !isShared(out, a.data, b.data)) return false;
  const team = teamFor(products * count, leastForTeam, products >= leastProducts);
  if (team === null) return false;
  const { crew, kernels, scratch, isTileTall } = team;
  if (!crew.begin(0, 1, spareNumbers(k, n), 4)) return false;
  const rooms = takeRooms(k, n, isTileTall, (numbers) => scratch.takeOwn(numbers));
  const each = Math.ceil(leastInPart / products);
  for (let i = 0; i < count; i++) {
    const placedA = place(scratch, { ...a, offset: offsetsA[i]! }, m, k);
    const placedB = place(scratch, { ...b, offset: offsetsB[i]! }, k, n);
    const c = scratch.target(out, i * m * n, m * n);
    multiplyPlaced(kernels, rooms, c, placedA, placedB, m, k, n);
    if (i % each === each - 1 || i === count - 1) crew.part();
  }
  crew.run();
  return true;
}
