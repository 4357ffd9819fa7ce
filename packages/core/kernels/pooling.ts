/**
 * The largest number of each window of a plane.
 */
import { f32x4, i32, i32x4, if_, local, v128 } from "wasmati";
import type { Kernel } from "./assembler.ts";
import { advance, forEach, kernel } from "./assembler.ts";

/**
 * maxPool(target, places, source, planes, planeSize, width, rows, rowCount, rowStep, columns, columnCount, columnStep):
 * for each plane of planeSize numbers and each window the largest number, and its place in the plane: the first of
 * several, the last NaN where there is one, −1 for a window without numbers. `rows` and `columns` are tables of pairs:
 * where the windows begin and end along each dimension; within them, every rowStep-th row and every columnStep-th
 * column counts.
 */
export const maxPool: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  (args, scope) => {
    const [target, places, source, planes, planeSize, width] = args;
    const [, , , , , , rows, rowCount, rowStep, columns, columnCount, columnStep] = args;
    const plane = scope.i32();
    const rowPair = scope.i32();
    const columnPair = scope.i32();
    const endOfRows = scope.i32();
    const endOfColumns = scope.i32();
    const top = scope.i32();
    const bottom = scope.i32();
    const first = scope.i32();
    const last = scope.i32();
    const row = scope.i32();
    const column = scope.i32();
    const at = scope.i32();
    // One number in a vector: vectors are chosen from without a jump, which nobody could foresee.
    const most = scope.v128();
    const place = scope.v128();
    const value = scope.v128();
    const mask = scope.v128();
    const { NEGATIVE_INFINITY: low } = Number;
    local.set(endOfRows, i32.add(rows, i32.shl(rowCount, 3)));
    local.set(endOfColumns, i32.add(columns, i32.shl(columnCount, 3)));
    forEach(plane, 0, planes, 1, () => {
      forEach(rowPair, rows, endOfRows, 8, () => {
        local.set(top, i32.load({}, rowPair));
        local.set(bottom, i32.load({ offset: 4 }, rowPair));
        forEach(columnPair, columns, endOfColumns, 8, () => {
          local.set(first, i32.load({}, columnPair));
          local.set(last, i32.load({ offset: 4 }, columnPair));
          local.set(most, v128.const("f32x4", [low, low, low, low]));
          local.set(place, i32x4.splat(-1));
          i32.and(i32.lt_s(top, bottom), i32.lt_s(first, last));
          if_({}, () => {
            local.set(place, i32x4.splat(i32.add(i32.mul(top, width), first)));
            forEach(row, top, bottom, rowStep, () => {
              local.set(at, i32.mul(row, width));
              forEach(column, first, last, columnStep, () => {
                v128.load32_zero({}, i32.add(source, i32.shl(i32.add(at, column), 2)));
                local.set(value);
                local.set(mask, v128.or(f32x4.gt(value, most), f32x4.ne(value, value)));
                local.set(most, v128.bitselect(value, most, mask));
                i32x4.splat(i32.add(at, column));
                local.get(place);
                local.get(mask);
                v128.bitselect();
                local.set(place);
              });
            });
          });
          v128.store32_lane({}, 0, target, most);
          v128.store32_lane({}, 0, places, place);
          advance(target, 4);
          advance(places, 4);
        });
      });
      local.set(source, i32.add(source, i32.shl(planeSize, 2)));
    });
  },
);
