/**
 * Copies between layouts, in rows and in planes that are transposed.
 *
 * Steps are in bytes. All write the elements of their rows only.
 */
import type { Local } from "wasmati";
import { i32, if_, local, memory, v128 } from "wasmati";
import type { Kernel, Scope } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";
import type { Vector } from "./vectors.ts";

type Whole = Local<"i32">;

const vectorBytes = 16;

/** From so many bytes on the engine's own copy is faster than a loop, which needs no call. */
const longRow = 1024;

/** Calls `body` for each row of a block: `outer` times so many rows. Moves both pointers along. */
function forEachRow(
  scope: Scope,
  [outer, rows]: readonly [Whole, Whole],
  [target, toOuter, toRow]: readonly [Whole, Whole, Whole],
  [source, fromOuter, fromRow]: readonly [Whole, Whole, Whole],
  body: (to: Whole, from: Whole) => void,
): void {
  const i = scope.i32();
  const j = scope.i32();
  const to = scope.i32();
  const from = scope.i32();
  forEach(i, 0, outer, 1, () => {
    local.set(to, target);
    local.set(from, source);
    forEach(j, 0, rows, 1, () => {
      body(to, from);
      advance(to, toRow);
      advance(from, fromRow);
    });
    advance(target, toOuter);
    advance(source, fromOuter);
  });
}

/** copyRows(target, source, outer, rows, bytes, toOuter, toRow, fromOuter, fromRow): rows of consecutive elements. */
export const copyRows: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ([target, source, outer, rows, bytes, toOuter, toRow, fromOuter, fromRow], scope) => {
    const to = scope.i32();
    const from = scope.i32();
    const end = scope.i32();
    const isLong = scope.i32();
    local.set(isLong, i32.ge_s(bytes, longRow));
    forEachRow(
      scope,
      [outer, rows],
      [target, toOuter, toRow],
      [source, fromOuter, fromRow],
      (rowTo, rowFrom) => {
        local.get(isLong);
        if_({}, () => {
          local.get(rowTo);
          local.get(rowFrom);
          local.get(bytes);
          memory.copy();
        });
        i32.eqz(isLong);
        if_({}, () => {
          local.set(to, rowTo);
          local.set(from, rowFrom);
          local.set(end, i32.add(rowTo, i32.and(bytes, -vectorBytes)));
          whileBelow(to, end, vectorBytes, () => {
            store(to, load(from));
            advance(from, vectorBytes);
          });
          local.set(end, i32.add(rowTo, bytes));
          whileBelow(to, end, 4, () => {
            i32.store({}, to, i32.load({}, from));
            advance(from, 4);
          });
        });
      },
    );
  },
);

/**
 * copyAny(target, source, outer, rows, length, toOuter, toRow, toStep, fromOuter, fromRow, fromStep): element by
 * element.
 */
export const copyAny: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  (args, scope) => {
    const [target, source, outer, rows, length] = args;
    const [, , , , , toOuter, toRow, toStep, fromOuter, fromRow, fromStep] = args;
    const i = scope.i32();
    const to = scope.i32();
    const from = scope.i32();
    forEachRow(
      scope,
      [outer, rows],
      [target, toOuter, toRow],
      [source, fromOuter, fromRow],
      (rowTo, rowFrom) => {
        local.set(to, rowTo);
        local.set(from, rowFrom);
        local.set(i, 0);
        whileBelow(i, length, 1, () => {
          i32.store({}, to, i32.load({}, from));
          advance(to, toStep);
          advance(from, fromStep);
        });
      },
    );
  },
);

/** repeatNumbers(target, source, outer, rows, length, toOuter, toRow, fromOuter, fromRow): one number all along a row. */
export const repeatNumbers: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ([target, source, outer, rows, length, toOuter, toRow, fromOuter, fromRow], scope) => {
    const to = scope.i32();
    const end = scope.i32();
    const four = scope.v128();
    forEachRow(
      scope,
      [outer, rows],
      [target, toOuter, toRow],
      [source, fromOuter, fromRow],
      (rowTo, rowFrom) => {
        local.set(four, v128.load32_splat({}, rowFrom));
        local.set(to, rowTo);
        local.set(end, i32.add(rowTo, i32.shl(i32.and(length, -4), 2)));
        whileBelow(to, end, vectorBytes, () => store(to, four));
        local.set(end, i32.add(rowTo, i32.shl(length, 2)));
        whileBelow(to, end, 4, () => {
          v128.store32_lane({}, 0, to, four);
        });
      },
    );
  },
);

/** Rows that are transposed together: as many as numbers of a line of the cache. */
const rowsOfBlock = 16;

/**
 * transpose(target, source, outer, rows, columns, toOuter, toRow, fromOuter, fromColumn): rows of consecutive elements
 * from columns of consecutive elements.
 *
 * In bands of sixteen rows, of which each four columns are read as whole lines of the cache, and tiles of four by four.
 */
export const transpose: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ([target, source, outer, rows, columns, toOuter, toRow, fromOuter, fromColumn], scope) => {
    const i = scope.i32();
    const band = scope.i32();
    const end = scope.i32();
    const row = scope.i32();
    const column = scope.i32();
    const wholeRows = scope.i32();
    const wholeColumns = scope.i32();
    const to = scope.i32();
    const from = scope.i32();
    const pointer = scope.i32();
    const tile = scope.vectors(4);
    const pairs = scope.vectors(4);
    local.set(wholeRows, i32.and(rows, -4));
    local.set(wholeColumns, i32.and(columns, -4));
    /** Where row `row` and column `column` lie. */
    const find = (): void => {
      local.set(from, i32.add(i32.mul(column, fromColumn), i32.shl(row, 2)));
      advance(from, source);
      local.set(to, i32.add(i32.mul(row, toRow), i32.shl(column, 2)));
      advance(to, target);
    };
    const oneByOne = (firstRow: Whole | number, first: Whole | number, last: Whole): void => {
      forEach(row, firstRow, rows, 1, () => {
        local.set(column, first);
        find();
        whileBelow(column, last, 1, () => {
          i32.store({}, to, i32.load({}, from));
          advance(from, fromColumn);
          advance(to, 4);
        });
      });
    };
    forEach(i, 0, outer, 1, () => {
      forEach(band, 0, wholeRows, rowsOfBlock, () => {
        local.set(end, i32.add(band, rowsOfBlock));
        i32.gt_s(end, wholeRows);
        if_({}, () => local.set(end, wholeRows));
        forEach(column, 0, wholeColumns, 4, () => {
          local.set(row, band);
          find();
          whileBelow(row, end, 4, () => {
            transposeTile(tile, pairs, from, fromColumn, to, toRow, pointer);
            advance(from, vectorBytes);
          });
        });
      });
      oneByOne(0, wholeColumns, columns);
      oneByOne(wholeRows, 0, wholeColumns);
      advance(target, toOuter);
      advance(source, fromOuter);
    });
  },
);

/** Four rows of four numbers from four columns; moves `to` to the next rows. */
function transposeTile(
  [a, b, c, d]: Vector[],
  [low, high, low2, high2]: Vector[],
  from: Whole,
  fromColumn: Whole,
  to: Whole,
  toRow: Whole,
  pointer: Whole,
): void {
  local.set(pointer, from);
  for (const vector of [a!, b!, c!, d!]) {
    local.set(vector, load(pointer));
    advance(pointer, fromColumn);
  }
  local.set(low!, shuffle(a!, b!, [0, 4, 1, 5]));
  local.set(high!, shuffle(c!, d!, [0, 4, 1, 5]));
  local.set(low2!, shuffle(a!, b!, [2, 6, 3, 7]));
  local.set(high2!, shuffle(c!, d!, [2, 6, 3, 7]));
  for (const [first, second] of [
    [low!, high!],
    [low2!, high2!],
  ] as const) {
    store(to, shuffle(first, second, [0, 1, 4, 5]));
    advance(to, toRow);
    store(to, shuffle(first, second, [2, 3, 6, 7]));
    advance(to, toRow);
  }
}
