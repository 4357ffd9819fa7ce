/**
 * Copies between layouts in WebAssembly, of numbers that lie in shared memory.
 */

import type { TypedArray } from "../dtype.ts";
import { forEachRow } from "../kernels/rows.ts";
import { isShared, liesInShared, mayAccelerate, teamFor } from "./backend.ts";
import type { Kernels } from "./kernels.ts";

/** From so many numbers on a table of calls is faster than a loop, and from so many on several threads are. */
const leastNumbers = 1 << 12;
const leastForTeam = 1 << 16;
/** Each call should move so many. */
const leastPerCall = 256;
/** Numbers that a thread takes at a time. */
const partNumbers = 1 << 14;
/** Rows that the kernel transposes together. */
const bandRows = 16;

/** How two views of the same lengths are walked; steps are in numbers. */
export interface CopyPlan {
  readonly lengths: readonly number[];
  readonly to: readonly number[];
  readonly from: readonly number[];
  /** The dimension that is walked beside the last one: that in which the source lies closest together. */
  readonly outer: number;
}

/**
 * Copies from one view of shared memory to another. The offsets are in numbers. False where plain loops are to do it.
 */
export function copyAccelerated(
  target: TypedArray,
  targetOffset: number,
  source: TypedArray,
  sourceOffset: number,
  plan: CopyPlan,
): boolean {
  const count = plan.lengths.reduce((product, length) => product * length, 1);
  if (plan.lengths.length === 1 && plan.to[0] === 1 && plan.from[0] === 0)
    return fillAccelerated(target, targetOffset, count, source[sourceOffset]!);
  if (!mayAccelerate(count) || !areAlike(target, source)) return false;
  const team = teamFor(16 * count, 16 * leastForTeam, count >= leastNumbers);
  if (team === null || !isWorthCalling(plan)) return false;
  const { crew, scratch, kernels } = team;
  if (!crew.begin(0, 0, 0, 0)) return false;
  copyInParts(
    kernels,
    () => crew.part(),
    scratch.addressOf(target) + 4 * targetOffset,
    scratch.addressOf(source) + 4 * sourceOffset,
    plan,
  );
  crew.run();
  return true;
}

/** Writes one number again and again to shared memory. False where plain loops are to do it. */
function fillAccelerated(target: TypedArray, at: number, count: number, value: number): boolean {
  if (!mayAccelerate(count) || !isShared(target)) return false;
  const team = teamFor(8 * count, 16 * leastForTeam, count >= leastNumbers);
  if (!team?.crew.begin(0, 0, 0, 0)) return false;
  const address = team.scratch.addressOf(target) + 4 * at;
  for (let first = 0; first < count; first += 4 * partNumbers) {
    team.kernels.fill(address + 4 * first, Math.min(4 * partNumbers, count - first), value);
    team.crew.part();
  }
  team.crew.run();
  return true;
}

/** Whether both lie in shared memory, and hold float32 numbers, or both int32. */
function areAlike(target: TypedArray, source: TypedArray): boolean {
  const isSame =
    target instanceof Float32Array
      ? source instanceof Float32Array
      : target instanceof Int32Array && source instanceof Int32Array;
  return isSame && liesInShared(target) && liesInShared(source);
}

/** Whether each call has much to do. */
export function isWorthCalling({ lengths, outer }: CopyPlan): boolean {
  const inner = lengths.length - 1;
  if (inner < 1) return true;
  const plane = lengths[inner]! * lengths[outer]!;
  let others = 1;
  for (const [dim, length] of lengths.entries())
    if (dim !== inner && dim !== outer) others *= length;
  // The dimension before these two is walked by the kernels themselves.
  return others === 1 || plane * Math.min(others, 16) >= leastPerCall;
}

/** Calls the kernels that copy, part by part; both addresses are in bytes. */
export function copyInParts(
  kernels: Kernels,
  part: () => void,
  target: number,
  source: number,
  { lengths, to, from, outer }: CopyPlan,
): void {
  const inner = lengths.length - 1;
  const length = lengths[inner]!;
  const [toStep, fromStep] = [4 * to[inner]!, 4 * from[inner]!];
  const rows = inner > 0 ? lengths[outer]! : 1;
  const [toRow, fromRow] = inner > 0 ? [4 * to[outer]!, 4 * from[outer]!] : [0, 0];
  const others = lengths.map((_, dim) => dim).filter((dim) => dim !== inner && dim !== outer);
  const isTransposed = toStep === 4 && fromRow === 4 && fromStep !== 4 && rows > 1;
  const copy = (
    at: number,
    origin: number,
    planes: number,
    some: number,
    width: number,
    toOuter: number,
    fromOuter: number,
  ): void => {
    const block = [at, origin, planes, some] as const;
    if (isTransposed) kernels.transpose(...block, width, toOuter, toRow, fromOuter, fromStep);
    else if (toStep === 4 && fromStep === 4)
      kernels.copyRows(...block, 4 * width, toOuter, toRow, fromOuter, fromRow);
    else if (toStep === 4 && fromStep === 0)
      kernels.repeatNumbers(...block, width, toOuter, toRow, fromOuter, fromRow);
    else kernels.copyAny(...block, width, toOuter, toRow, toStep, fromOuter, fromRow, fromStep);
  };
  const plane = rows * length;
  const planesAtATime = Math.max(1, Math.floor(partNumbers / plane));
  const [rowsAtATime, widthAtATime] = pieceOf(rows, length, isTransposed);
  let held = 0;
  forEachRow(
    others.map((dim) => lengths[dim]!),
    [others.map((dim) => to[dim]!), others.map((dim) => from[dim]!)],
    [0, 0],
    (count, [toOuter, fromOuter], [a, b]) => {
      for (let first = 0; first < count; first += planesAtATime) {
        const planes = Math.min(planesAtATime, count - first);
        const at = target + 4 * (a! + first * toOuter!);
        const origin = source + 4 * (b! + first * fromOuter!);
        for (let row = 0; row < rows; row += rowsAtATime) {
          const some = Math.min(rowsAtATime, rows - row);
          for (let column = 0; column < length; column += widthAtATime) {
            const width = Math.min(widthAtATime, length - column);
            copy(
              at + row * toRow + column * toStep,
              origin + row * fromRow + column * fromStep,
              planes,
              some,
              width,
              4 * toOuter!,
              4 * fromOuter!,
            );
            held += planes * some * width;
            if (held < partNumbers) continue;
            held = 0;
            part();
          }
        }
      }
    },
  );
  if (held > 0) part();
}

/** How many rows and columns of a plane are a part: all, or whole rows, or pieces of them. */
function pieceOf(rows: number, length: number, isTransposed: boolean): readonly [number, number] {
  if (rows * length <= partNumbers) return [rows, length];
  const most = Math.floor(partNumbers / length);
  if (!isTransposed) return most >= 1 ? [most, length] : [1, partNumbers];
  return most >= bandRows ? [most - (most % bandRows), length] : [bandRows, partNumbers / bandRows];
}
