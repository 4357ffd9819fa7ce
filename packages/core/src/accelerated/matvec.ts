/**
 * Products of a matrix and a vector, float32, in WebAssembly. Each number of the matrix is used once: nothing is packed, and
 * several threads pay only where the matrix lies in shared memory.
 *
 * The bound of `matmul.ts` holds.
 */
import { copyStrided } from "../kernels/copy.ts";
import type { MatrixView, VectorView } from "../kernels/matmul.ts";
import { acceleratorFor, isShared, teamFor } from "./backend.ts";
import type { Kernels } from "./kernels.ts";
import type { Scratch } from "./scratch.ts";

/** From so many products on copying the operands into WebAssembly's memory pays. */
const leastProducts = 1 << 12;
/** From so many products on helpers pay. */
const leastForTeam = 1 << 18;
/** So many products a part has at least. */
const leastInPart = 1 << 16;
/** Rows of a part: a multiple of what the kernels take at a time. */
const rowsOfPart = 32;

/** A matrix whose rows or columns lie side by side, in an array from a place on. */
type Read = MatrixView<Float32Array>;
/** Numbers at even distances in an array. */
type Numbers = VectorView<Float32Array>;

/** The matrix itself if kernels can read it, else a copy, with its numbers in order. */
function readable(a: Read, m: number, k: number): Read {
  const isByRows = a.columnStep === 1 && a.rowStep >= 0;
  if (isByRows || (a.rowStep === 1 && a.columnStep >= 0)) return a;
  const data = new Float32Array(m * k);
  copyStrided(data, 0, a.data, a.offset, [m, k], [a.rowStep, a.columnStep]);
  return { data, offset: 0, rowStep: k, columnStep: 1 };
}

/** The same for a vector. */
function inOrder(x: Numbers, k: number): Numbers {
  if (x.step >= 0) return x;
  const data = new Float32Array(k);
  copyStrided(data, 0, x.data, x.offset, [k], [x.step]);
  return { data, offset: 0, step: 1 };
}

/** y = A·x for A of m × k, y from `at` on. False, with nothing done, where plain loops are to do it. */
export function multiplyVector(
  out: Float32Array,
  at: number,
  matrix: MatrixView<Float32Array>,
  vector: Numbers,
  m: number,
  k: number,
): boolean {
  const products = m * k;
  const isThere = isShared(out, matrix.data, vector.data);
  const team = isThere ? teamFor(products, leastForTeam, true) : null;
  const accelerator = team === null ? acceleratorFor(products, leastProducts) : null;
  const site = team ?? accelerator;
  if (site === null) return false;
  const { kernels, scratch } = site;
  const a = readable(matrix, m, k);
  const x = inOrder(vector, k);
  const span = (m - 1) * a.rowStep + (k - 1) * a.columnStep + 1;
  const length = (k - 1) * x.step + 1;
  const numbers =
    missing(scratch, a.data, span) + missing(scratch, x.data, length) + missing(scratch, out, m);
  if (team === null ? !scratch.begin(numbers, 3) : !team.crew.begin(numbers, 3, 0, 0)) return false;
  const fromA = scratch.put(a.data, a.offset, a.offset + span);
  const fromX = scratch.put(x.data, x.offset, x.offset + length);
  const toY = scratch.target(out, at, m);
  const rows = Math.ceil(leastInPart / k / rowsOfPart) * rowsOfPart;
  for (let first = 0; first < m; first += rows) {
    const y = toY + 4 * first;
    run(kernels, y, fromA + 4 * first * a.rowStep, a, fromX, x.step, Math.min(rows, m - first), k);
    team?.crew.part();
  }
  team?.crew.run();
  scratch.get(toY, m, out, at);
  return true;
}

function missing(scratch: Scratch, data: Float32Array, numbers: number): number {
  return scratch.missing(data, numbers);
}

function run(
  kernels: Kernels,
  y: number,
  from: number,
  a: Read,
  x: number,
  xStep: number,
  m: number,
  k: number,
): void {
  if (a.columnStep === 1) kernels.matvecRows(y, from, 4 * a.rowStep, x, 4 * xStep, m, k);
  else kernels.matvecColumns(y, from, 4 * a.columnStep, x, 4 * xStep, m, k);
}
